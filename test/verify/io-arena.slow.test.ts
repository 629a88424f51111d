/** Programs whose ports lie in the arena: the harness reaches them through their accessors, on the host and in QEMU. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileGraph } from "../../compiler/compile-graph.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { programSizes } from "../../compiler/schedule/program-sizes.js";
import type { Program } from "../../compiler/schedule/schedule.js";
import { readAssets } from "../../compiler/verify/assets.js";
import { loadTarget } from "../../compiler/verify/target-files.js";
import { verifyProgram } from "../../compiler/verify/verify-program.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";
import { buildNet, netSpec } from "../support/random-graph.js";

/** Two outputs, one of them int32, that two inputs feed. */
function twoByTwo(): Graph {
  const b = new GraphBuilder("two_by_two");
  const sum = b.node(
    "add",
    [b.input([1, 5, 3, 2], { scale: 0.1, zero: 3 }), b.input([1, 5, 3, 2], { scale: 0.2, zero: -9 })],
    { spanScalar: "none", clampMin: -128, clampMax: 127 },
    { scale: 0.25, zero: 1 },
  );
  const logits = b.node(
    "fully_connected",
    [sum, b.weights([6, 30], randomInts(180, 3)), b.bias(randomInts(6, 4, -99, 99))],
    { alpha: 1, clampMin: -128, clampMax: 127 },
    { scale: 0.3, zero: -7 },
  );
  return b
    .output(logits)
    .output(b.node("argmax", [logits], { axis: 1, keepDims: false, selectLast: false }))
    .build();
}

const nets: readonly (readonly [string, Graph])[] = [
  ["two inputs, int8 and int32 outputs", twoByTwo()],
  ...fc.sample(netSpec, { seed: 7, numRuns: 4 }).map((spec, i) => [`random network ${i}`, buildNet(spec)] as const),
];

describe("--io arena, -O ram", () => {
  test.each(nets)("%s", async (_, graph) => {
    const program = compileGraph(graph, await loadTarget("cortex-m4"), { io: "arena", optimize: "ram", ram: "least" });
    const result = await verifyProgram({
      program,
      imported: graph,
      assets: await readAssets(),
      engines: ["replay", "host", "qemu"],
      runs: 4,
      layers: true,
      strict: true,
    });
    expect(result.differences).toEqual([]);
  });
});

describe("--rows input,output", () => {
  const block = { channels: 6, kernel: 3, stride: 1, zero: 4, relu: true } as const;
  const mapToMap = buildNet({
    size: 9,
    channels: 3,
    zero: -7,
    blocks: [
      { ...block, kind: "conv", stride: 2 },
      { ...block, kind: "residual" },
      { ...block, kind: "pointwise" },
    ],
    head: "none",
    seed: 3,
  });

  test.each(nets.filter(([, graph]) => graph.inputs.length === 1))("%s, input", async (_, graph) => {
    await expectEqual(compileGraph(graph, await loadTarget("cortex-m4"), { input: "rows" }), graph);
  });

  test.each([{ output: "rows" }, { input: "rows", output: "rows" }] as const)("map to map, %j", async (rows) => {
    await expectEqual(compileGraph(mapToMap, await loadTarget("cortex-m4"), rows), mapToMap);
  });

  async function expectEqual(program: Program, imported: Graph): Promise<void> {
    const assets = await readAssets();
    const request = { program, imported, assets, runs: 3, layers: true, strict: true };
    const result = await verifyProgram({ ...request, engines: ["replay", "host", "qemu"] });
    expect(result.differences).toEqual([]);
  }
});

describe("--io arena", () => {
  test.each(nets)("%s", async (_, graph) => {
    const program = compileGraph(graph, await loadTarget("cortex-m4"), { io: "arena" });
    expect(programSizes(program).ioBytes).toBeGreaterThan(0);
    const result = await verifyProgram({
      program,
      imported: graph,
      assets: await readAssets(),
      engines: ["passes", "replay", "host", "qemu"],
      runs: 6,
      layers: true,
      strict: true,
    });
    expect(result.differences).toEqual([]);
    expect(result.results.map((one) => [one.engine, one.cases])).toEqual(
      ["passes", "replay", "host", "qemu"].map((engine) => [engine, 6]),
    );
  });
});
