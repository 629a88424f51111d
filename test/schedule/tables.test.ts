/** Lookups that go into the kernels in front of them. */
import { describe, expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { emit } from "../../compiler/codegen/emit.js";
import { emitLinked } from "../../compiler/codegen/link.js";
import { type BackEndOptions, compileGraph } from "../../compiler/compile-graph.js";
import type { Graph, TensorId } from "../../compiler/ir/graph.js";
import { interpret } from "../../compiler/reference/interpret.js";
import { replay } from "../../compiler/reference/replay.js";
import type { Program } from "../../compiler/schedule/schedule.js";
import type { Target } from "../../compiler/targets.js";
import { readAssets } from "../../compiler/verify/assets.js";
import { GraphBuilder, randomInputs, randomInts } from "../support/graph-builder.js";
import { coreTarget } from "../support/targets.js";

const m4 = coreTarget("cortex-m4");
const window = { groups: 1, strides: [1, 1], dilations: [1, 1] };
const entries = randomInts(256, 7);

function conv(b: GraphBuilder, x: TensorId, channels: number, kernel: number, clamp: readonly number[]): TensorId {
  const inputs = b.shapeOf(x)[3]!;
  const weights = b.weights([channels, kernel, kernel, inputs], randomInts(channels * kernel * kernel * inputs, 3));
  const pad = kernel >> 1;
  const attrs = { ...window, pads: [pad, pad, pad, pad], clampMin: clamp[0]!, clampMax: clamp[1]! };
  return b.node("conv2d", [x, weights], attrs, { scale: 0.3, zero: -7 });
}

const table = (b: GraphBuilder, x: TensorId): TensorId => b.node("lookup", [x, b.weights([256], entries)], {});

/** A 3x3 convolution with ReLU6 and a table behind it, then a pointwise one. */
function net(name = "net"): GraphBuilder {
  const b = new GraphBuilder(name);
  return b.output(conv(b, table(b, conv(b, b.input([1, 12, 16, 4]), 24, 3, [-7, 60])), 8, 1, [-128, 127]));
}

function checked(graph: Graph, target: Target, options: BackEndOptions = {}): Program {
  const program = compileGraph(graph, target, options);
  const inputs = randomInputs(graph, 5);
  expect(replay(program, inputs).outputs).toEqual(interpret(graph, makeNumerics("ort"), inputs).outputs);
  return program;
}

const kinds = ({ schedule }: Program): readonly string[] => schedule.steps.map(({ node }) => node.kind);

describe("one reader", () => {
  const graph = net().build();

  test("is applied by the kernel: one step writes what the lookup makes", () => {
    const program = checked(graph, m4);
    const [first] = program.schedule.steps;
    expect(kinds(program)).toEqual(["conv2d", "conv2d"]);
    expect(first?.epilogue?.kind).toBe("lookup");
    expect(first?.output).toBe(first?.epilogue?.output);
    expect(first?.why).toContain("through the table of what is behind");
    expect([...program.arena.places.keys()]).not.toContain(first?.node.output);
  });

  test("the clamp is in the table, and int8's own is left in front of it", () => {
    const call = checked(graph, m4).schedule.steps[0]!.call!;
    const { requant } = call.params.fields;
    expect(requant).toMatchObject({ min: -128, max: 127 });
    const clamped = Array.from({ length: 256 }, (_, i) => entries[Math.min(60, Math.max(-7, i - 128)) + 128]!);
    expect(Array.from(call.table!.constant.data)).toEqual(clamped);
  });

  test.each(["speed", "balanced", "size", "ram"] as const)("-O %s", (optimize) => {
    expect(kinds(checked(graph, m4, { optimize }))).toEqual(["conv2d", "conv2d"]);
    expect(kinds(checked(graph, coreTarget("cortex-m0"), { optimize, io: "arena" }))).toEqual(["conv2d", "conv2d"]);
  });

  test("row by row, from rows of the caller to rows for the caller", () => {
    const program = checked(graph, m4, { optimize: "ram", ram: "least", input: "rows", output: "rows" });
    expect(program.schedule.streams.length).toBe(1);
    expect(kinds(program)).toEqual(["conv2d", "conv2d"]);
  });

  test("a fully connected layer takes a table too", () => {
    const b = new GraphBuilder();
    const weights = b.weights([9, 20], randomInts(180, 2));
    const attrs = { alpha: 1, clampMin: -128, clampMax: 127 };
    const y = b.node("fully_connected", [b.input([1, 20]), weights], attrs, { scale: 0.5 });
    expect(kinds(checked(b.output(table(b, y)).build(), m4))).toEqual(["fully_connected"]);
  });
});

describe("stays a step of its own", () => {
  test("behind a tensor that something else reads", () => {
    const b = new GraphBuilder();
    const y = conv(b, b.input([1, 6, 6, 3]), 8, 1, [-128, 127]);
    b.output(table(b, y)).output(conv(b, y, 4, 1, [-128, 127]));
    expect(kinds(checked(b.build(), m4)).toSorted()).toEqual(["conv2d", "conv2d", "lookup"]);
  });

  test("behind an output of the graph", () => {
    const b = new GraphBuilder();
    const y = conv(b, b.input([1, 6, 6, 3]), 8, 1, [-128, 127]);
    expect(kinds(checked(b.output(y).output(table(b, y)).build(), m4))).toEqual(["conv2d", "lookup"]);
  });

  test("on Helium, whose lookup of 16 values costs less than 16 loads", () => {
    const b = new GraphBuilder();
    const y = table(b, conv(b, b.input([1, 12, 12, 32]), 32, 1, [-128, 127]));
    const program = checked(b.output(y).build(), coreTarget("cortex-m55"));
    expect(program.schedule.steps.map(({ call }) => call?.kernel)).toEqual([
      "lwc_pointwise_s8_mve",
      "lwc_lookup_s8_mve",
    ]);
    expect(program.schedule.steps[0]?.why).toMatch(/a table of the results would take \d+ modelled cycles/);
  });

  test("where no kernel of the target takes a table", () => {
    const m55 = coreTarget("cortex-m55");
    const names = ["lwc_pointwise_s8_mve", "lwc_lookup_s8"];
    const kernels = Object.fromEntries(Object.entries(m55.kernels).filter(([name]) => names.includes(name)));
    const b = new GraphBuilder();
    const y = table(b, conv(b, b.input([1, 6, 6, 32]), 32, 1, [-128, 127]));
    expect(kinds(checked(b.output(y).build(), { ...m55, kernels }))).toEqual(["conv2d", "lookup"]);
  });
});

describe("in C", () => {
  test("the parameters hold the address of the middle of the table, an array of the weights", async () => {
    const assets = await readAssets();
    const files = new Map(emit(compileGraph(net().build(), m4), assets).map(({ path, text }) => [path, text]));
    const [, name] = /\.table = (\w+) \+ 128/.exec(files.get("net.c") ?? "") ?? [];
    expect(files.get("net_weights.c")).toContain(`${name}[256]`);
  });

  test("models that are linked share an instance with its table", async () => {
    const programs = [net("one"), net("two")].map((b) => compileGraph(b.build(), m4));
    const files = emitLinked({ name: "both", programs, command: "" }, await readAssets());
    const { text = "" } = files.find(({ path }) => path === "both_kernels.c") ?? {};
    expect(text).toContain('#include "both_weights.h"');
    expect(text.match(/\.table = /g)?.length).toBe(1);
  });
});
