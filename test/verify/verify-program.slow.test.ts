/** The comparison and the search for the layer, with hand-written C and hand-written oracles in place of the compiler. */
import { describe, expect, it, vi } from "vitest";
import { makeNodeId, makeTensorId, type Node } from "../../compiler/ir/graph.js";
import type { Program, Step } from "../../compiler/schedule/schedule.js";
import { loadTarget } from "../../compiler/verify/target-files.js";
import { type VerifyRequest, verifyProgram } from "../../compiler/verify/verify-program.js";
import { portsOnly } from "./graphs.js";
import { handMade, toyOutputs } from "./hand-made.js";

const fault = vi.hoisted(() => ({ body: "", source: (text: string): string => text }));

vi.mock("../../compiler/codegen/emit.js", () => ({
  emit: () => handMade(fault.body).files.map((file) => ({ ...file, text: fault.source(file.text) })),
  portAccessors: () => [],
}));

const [mid, sum] = [makeTensorId("mid"), makeTensorId("sum")];

function oracle(inputs: readonly Int8Array[]): unknown {
  const [middle, total] = toyOutputs(inputs[0]!);
  return {
    outputs: [middle, total],
    values: new Map<unknown, unknown>([
      [mid, middle],
      [sum, total],
    ]),
  };
}
vi.mock("../../compiler/reference/interpret.js", () => ({ prepareInterpreter: () => oracle }));
vi.mock("../../compiler/reference/replay.js", () => ({ prepareReplay: () => oracle }));

async function request(target: string): Promise<VerifyRequest> {
  const graph = portsOnly(
    [{ name: "in", dtype: "int8", shape: [1, 37] }],
    [
      { name: "mid", dtype: "int8", shape: [1, 37] },
      { name: "sum", dtype: "int32", shape: [1] },
    ],
  );
  const steps = [mid, sum].map((output, index): Step => {
    const node: Node = {
      id: makeNodeId(`layer${index}`),
      kind: "toy",
      inputs: [makeTensorId("in")],
      output,
      attrs: {},
      origin: { nodes: [`/n${index}`], label: "Toy" },
    };
    return { index, node, output, macs: 37, why: "" };
  });
  const program: Program = {
    name: "toy",
    graph: { ...graph, nodes: steps.map((step) => step.node) },
    schedule: { graph, steps, streams: [], parts: new Map() },
    arena: {
      bytes: 64,
      align: 16,
      slots: [],
      overlaps: [],
      places: new Map(),
      scratch: new Map(),
      state: new Map(),
      lowerBound: 64,
      peakStep: 0,
    },
    target: await loadTarget(target),
    options: {
      numerics: "ort",
      optimize: "balanced",
      io: "caller",
      input: "whole",
      output: "whole",
      command: "",
      modelHash: "",
      version: "0",
    },
    log: [],
  };
  return {
    program,
    imported: graph,
    assets: { templates: new Map(), runtime: new Map() },
    engines: ["passes", "replay", "host", "qemu"],
    runs: 5,
    strict: true,
  };
}

describe("verifyProgram", () => {
  it("is content when all engines agree", async () => {
    fault.body = "";
    const result = await verifyProgram(await request("cortex-m4"));
    expect(result.results.map((one) => [one.engine, one.target, one.cases, one.differing])).toEqual([
      ["passes", "graph", 5, 0],
      ["replay", "schedule", 5, 0],
      ["host", "host", 5, 0],
      ["qemu", "cortex-m4 on mps2-an386", 5, 0],
    ]);
    expect(result.ok).toBe(true);
  });

  it("verifies a board on the machine of its core", async () => {
    fault.body = "";
    const result = await verifyProgram({ ...(await request("rp2040")), engines: ["qemu"] });
    expect(result.results.map((one) => one.target)).toEqual(["rp2040 on microbit"]);
  });

  it("names the first layer that differs, with element and values", async () => {
    fault.body = "";
    fault.source = (text) =>
      text.replace("lwc_trace(0,", "ctx->arena[20] = (int8_t)(ctx->arena[20] ^ 1); lwc_trace(0,");
    const result = await verifyProgram({ ...(await request("cortex-m4")), engines: ["host", "qemu"] });
    fault.source = (text) => text;
    expect(result.ok).toBe(false);
    expect(result.results.map((one) => one.differing)).toEqual([5, 5]);
    expect(result.differences[1]).toMatchObject({
      engine: "host",
      case: "minimum",
      node: "layer0",
      origin: "Toy (/n0)",
      index: 20,
      expected: -43,
      got: -44,
      count: 1,
    });
  });

  it("names the output where every layer agrees", async () => {
    fault.body = "if (in[0] == -128) { out[3] = 99; }";
    const result = await verifyProgram({ ...(await request("cortex-m4")), engines: ["host"], layers: true });
    expect(result.differences.map((one) => [one.case, one.node, one.index, one.got])).toEqual([
      ["minimum", "output mid", 3, 99],
      ["ramp", "output mid", 3, 99],
    ]);
  });

  it("ends with a diagnostic when the generated program crashes", async () => {
    fault.body = "ctx->arena[total * 0 + 64] = 1;";
    await expect(verifyProgram({ ...(await request("cortex-m4")), engines: ["host", "replay"] })).rejects.toThrow(
      "LWC6004",
    );
  });
});
