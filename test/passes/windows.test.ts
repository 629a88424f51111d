/**
 * Windows in simpler forms, on random instances: every rewritten graph, its schedule and the original compute the same bytes.
 * What the rewritten forms run through in C is in test/ops/kernels.slow.test.ts.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { averagesLikeMean } from "../../compiler/arith/avg-pool.js";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { makeRequantize, meanScale } from "../../compiler/arith/requant.js";
import { compileGraph } from "../../compiler/compile-graph.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { elementCount } from "../../compiler/ir/shape.js";
import { interpret } from "../../compiler/reference/interpret.js";
import { replay } from "../../compiler/reference/replay.js";
import { GraphBuilder, type QuantSpec, randomInputs, randomInts } from "../support/graph-builder.js";
import { coreTarget } from "../support/targets.js";

const numerics = makeNumerics("ort");
const clamp = { clampMin: -128, clampMax: 127 };
const q: QuantSpec = { scale: 0.2, zero: -9 };
const pair = (min: number, max: number): fc.Arbitrary<readonly number[]> =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
const seed = fc.integer({ min: 1, max: 99_999 });

/** Compiles, compares original, rewritten graph and schedule, and says what operators are left. */
function kindsBehind(before: Graph, inputSeed: number): readonly string[] {
  const program = compileGraph(before, coreTarget("cortex-m4"), {});
  const inputs = randomInputs(before, inputSeed);
  const wanted = interpret(before, numerics, inputs).outputs;
  expect(interpret(program.graph, numerics, inputs).outputs).toEqual(wanted);
  expect(replay(program, inputs).outputs).toEqual(wanted);
  return program.graph.nodes.map((node) => node.kind);
}

function transposed(
  size: readonly number[],
  kernel: readonly number[],
  attrs: Readonly<Record<string, number | readonly number[]>>,
  groups = 1,
): Graph {
  const b = new GraphBuilder();
  const channels = 2 * groups;
  const shape = [3 * groups, ...kernel, 2];
  const weights = b.weights(shape, randomInts(elementCount(shape), channels), [0.01], -3);
  const x = b.input([1, ...size, channels], { zero: 7 });
  const rest = { groups, strides: [1, 1], dilations: [1, 1], outputPadding: [0, 0], pads: [0, 0, 0, 0], ...clamp };
  const y = b.node(
    "conv_transpose2d",
    [x, weights, b.bias(randomInts(3 * groups, 5, -99, 99))],
    { ...rest, ...attrs },
    q,
  );
  return b.output(y).build();
}

describe("transposed convolutions", () => {
  const cases = fc.record({
    size: pair(4, 7),
    kernel: pair(1, 4),
    dilations: pair(1, 2),
    cut: fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }),
    groups: fc.constantFrom(1, 1, 3),
    seed,
  });

  test("with stride 1 and what the kernel reaches cut off or less: an ordinary one", () => {
    fc.assert(
      fc.property(cases, (p) => {
        const reach = p.kernel.map((k, i) => (k - 1) * p.dilations[i]!);
        const pads = p.cut.map((amount, i) => Math.min(amount, reach[i % 2]!));
        const outputPadding = p.dilations.map((d) => d - 1);
        const graph = transposed(p.size, p.kernel, { dilations: p.dilations, pads, outputPadding }, p.groups);
        const grown = elementCount(graph.outputs[0]!.shape.slice(2)) / elementCount(p.size);
        const left = kindsBehind(graph, p.seed);
        expect(left).toEqual([grown > 3 ? "conv_transpose2d" : "conv2d"]);
      }),
      { numRuns: 60 },
    );
  });

  test("with a stride, or with more cut off than the kernel reaches: as they are", () => {
    expect(kindsBehind(transposed([4, 4], [3, 3], { strides: [2, 1] }), 1)).toEqual(["conv_transpose2d"]);
    expect(kindsBehind(transposed([4, 4], [1, 2], { pads: [1, 0, 0, 0] }), 2)).toEqual(["conv_transpose2d"]);
  });

  test("along an axis of one pixel the stride means nothing", () => {
    expect(kindsBehind(transposed([1, 9], [1, 3], { strides: [2, 1] }), 3)).toEqual(["conv2d"]);
  });
});

function convolution(
  size: readonly number[],
  kernel: readonly number[],
  attrs: Readonly<Record<string, number | readonly number[]>>,
  groups = 1,
): Graph {
  const b = new GraphBuilder();
  const shape = [2 * groups, ...kernel, 3];
  const weights = b.weights(shape, randomInts(elementCount(shape), 3), [0.01], 4);
  const x = b.input([1, ...size, 3 * groups], { zero: -20 });
  const rest = { groups, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], ...clamp };
  return b.output(b.node("conv2d", [x, weights], { ...rest, ...attrs }, q)).build();
}

describe("taps that meet only padding", () => {
  test("any window: the same bytes", () => {
    const cases = fc.record({
      size: pair(1, 4),
      kernel: pair(1, 5),
      strides: pair(1, 3),
      dilations: pair(1, 4),
      pads: fc.array(fc.nat(6), { minLength: 4, maxLength: 4 }),
      groups: fc.constantFrom(1, 2),
      seed,
    });
    fc.assert(
      fc.property(cases, (p) => {
        const grown = p.size.map((dim, i) => Math.max(dim, (p.kernel[i]! - 1) * p.dilations[i]! + 1 - p.pads[i]!));
        const { strides, dilations, pads } = p;
        kindsBehind(convolution(grown, p.kernel, { strides, dilations, pads }, p.groups), p.seed);
      }),
      { numRuns: 120 },
    );
  });

  test("a 3x3 kernel on a 1x1 map, or with a dilation beyond the map, is 1x1", () => {
    for (const graph of [
      convolution([1, 1], [3, 3], { pads: [1, 1, 1, 1] }),
      convolution([1, 1], [3, 3], { pads: [1, 1, 1, 1], strides: [2, 2] }),
      convolution([5, 4], [3, 3], { pads: [6, 6, 6, 6], dilations: [6, 6] }),
    ]) {
      const { graph: after } = compileGraph(graph, coreTarget("cortex-m4"), {});
      expect(after.tensors.get(after.nodes[0]!.inputs[1]!)!.shape).toEqual([2, 1, 1, 3]);
      kindsBehind(graph, 4);
    }
  });
});

test("one window over the whole map is a fully connected layer, however it is written", () => {
  const kernels = [
    convolution([1, 1], [1, 1], {}),
    convolution([1, 1], [1, 1], { strides: [2, 2] }),
    convolution([1, 1], [3, 3], { pads: [1, 1, 1, 1], dilations: [1, 1] }),
    convolution([4, 5], [4, 5], {}),
    convolution([2, 2], [2, 2], { strides: [2, 2] }),
    transposed([1, 1], [1, 1], { strides: [2, 2] }),
  ].map((graph) => {
    kindsBehind(graph, 5);
    return compileGraph(graph, coreTarget("cortex-m4"), {}).schedule.steps[0]!.call!.kernel;
  });
  for (const kernel of kernels) expect(kernel).toMatch(/pointwise|fully_connected/);
});

function pooled(size: readonly number[], attrs: Readonly<Record<string, unknown>>, x: QuantSpec, y: QuantSpec): Graph {
  const b = new GraphBuilder();
  const rest = { kernel: size, strides: [1, 1], pads: [0, 0, 0, 0], countIncludePad: false, ...clamp };
  return b.output(b.node("avg_pool2d", [b.input([1, ...size, 5], x)], { ...rest, ...attrs } as never, y)).build();
}

describe("averages over the whole map", () => {
  const x = { scale: Math.fround(0.05), zero: 4 };

  test("an odd number of values in the same scale, and powers of two: means", () => {
    expect(kindsBehind(pooled([7, 7], {}, x, x), 1)).toEqual(["mean"]);
    expect(kindsBehind(pooled([3, 5], { pads: [1, 1, 1, 1], kernel: [5, 7] }, x, x), 2)).toEqual(["mean"]);
    expect(kindsBehind(pooled([4, 4], {}, { scale: 0.25, zero: -128 }, { scale: 0.25, zero: -128 }), 3)).toEqual([
      "mean",
    ]);
  });

  test("where float32 sums can decide a tie, where padding counts, where there are more windows: pools", () => {
    expect(kindsBehind(pooled([8, 8], {}, x, x), 4)).toEqual(["avg_pool2d"]);
    expect(kindsBehind(pooled([3, 3], { kernel: [5, 5], pads: [1, 1, 1, 1], countIncludePad: true }, x, x), 5)).toEqual(
      ["avg_pool2d"],
    );
    expect(kindsBehind(pooled([3, 3], { kernel: [3, 2] }, x, x), 6)).toEqual(["avg_pool2d"]);
  });

  test("whatever is proven holds for values in any order", () => {
    const cases = fc.record({
      count: fc.integer({ min: 1, max: 60 }),
      inScale: fc.constantFrom(0.5, 0.05, 0.0371, 1.7),
      outScale: fc.constantFrom(0.5, 0.05, 0.0371, 1.7),
      inZero: fc.constantFrom(-128, -3, 0, 127),
      outZero: fc.constantFrom(-128, 0, 99),
      unsigned: fc.boolean(),
      seed,
    });
    let proven = 0;
    fc.assert(
      fc.property(cases, ({ count, inScale, outScale, inZero, outZero, unsigned, seed: first }) => {
        const scales = { inScale: Math.fround(inScale), outScale: Math.fround(outScale) };
        const quant = { ...scales, inZero, outZero, unsigned, min: -128, max: 127 };
        const scale = meanScale(scales.inScale, scales.outScale, count);
        const requantize = makeRequantize(numerics, { scale, zeroPoint: outZero, min: -128, max: 127 });
        if (!averagesLikeMean(quant, count, requantize)) return;
        proven++;
        const b = new GraphBuilder();
        const y = { scale: scales.outScale, zero: outZero };
        const from = { scale: scales.inScale, zero: inZero };
        const storage = unsigned ? ("uint8" as const) : ("int8" as const);
        const input = b.input([1, 1, count, 64], { ...from, storage });
        const attrs = { kernel: [1, count], strides: [1, 1], pads: [0, 0, 0, 0], countIncludePad: false, ...clamp };
        const pool = b.node("avg_pool2d", [input], attrs, { ...y, storage });
        const mean = b.node("mean", [input], { axes: [1, 2], keepDims: true, ...clamp }, { ...y, storage });
        const graph = b.output(pool).output(mean).build();
        const { outputs } = interpret(graph, numerics, randomInputs(graph, first));
        expect(outputs[1]).toEqual(outputs[0]);
      }),
      { numRuns: 150 },
    );
    expect(proven).toBeGreaterThan(20);
  });
});
