import { describe, expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { verifyGraph } from "../../compiler/ops/verify-graph.js";
import { eliminateChannels } from "../../compiler/passes/eliminate-channels.js";
import { interpret } from "../../compiler/reference/interpret.js";
import { GraphBuilder, randomInputs, randomInts } from "../support/graph-builder.js";

const numerics = makeNumerics("ort");
const conv = { groups: 1, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], clampMin: -128, clampMax: 127 };

function expectSameOutputs(before: Graph, after: Graph): void {
  expect(verifyGraph(after)).toEqual([]);
  for (let seed = 1; seed <= 4; seed++) {
    const inputs = randomInputs(before, seed);
    expect(interpret(after, numerics, inputs).outputs).toEqual(interpret(before, numerics, inputs).outputs);
  }
}

/** 3 -> 4 channels, of which channel 1 is constant through a bias that saturates, then 4 -> 2. */
function twoConvs(bias: number, options: { pads?: number[]; zero?: number } = {}): Graph {
  const b = new GraphBuilder();
  const x = b.input([1, 5, 5, 3]);
  const first = b.node("conv2d", [x, b.weights([4, 1, 1, 3], randomInts(12, 1)), b.bias([10, bias, -20, 30])], conv, {
    scale: 0.1,
    zero: options.zero ?? -128,
  });
  const pads = options.pads ?? [0, 0, 0, 0];
  const kernel = pads[0] === 1 ? 3 : 1;
  const second = b.node(
    "conv2d",
    [first, b.weights([2, kernel, kernel, 4], randomInts(8 * kernel * kernel, 2)), b.bias([5, 6])],
    { ...conv, pads },
    { scale: 0.2, zero: 3 },
  );
  return b.output(second).build();
}

function channelsOf(graph: Graph): number {
  return graph.tensors.get(graph.nodes[0]!.output)!.shape[3]!;
}

describe("eliminate-channels", () => {
  test("folds a constant channel into the next bias", () => {
    for (const bias of [-100_000_000, 100_000_000]) {
      const before = twoConvs(bias);
      const { graph: after, notes } = eliminateChannels.run(before, { numerics });
      expect(channelsOf(after)).toBe(3);
      expect(notes).toEqual(["1 constant or dead channels removed"]);
      expectSameOutputs(before, after);
    }
  });

  test("keeps a constant channel that padding interrupts, unless it equals the zero point", () => {
    const high = twoConvs(100_000_000, { pads: [1, 1, 1, 1] });
    expect(channelsOf(eliminateChannels.run(high, { numerics }).graph)).toBe(4);
    const low = twoConvs(-100_000_000, { pads: [1, 1, 1, 1] });
    const { graph: after } = eliminateChannels.run(low, { numerics });
    expect(channelsOf(after)).toBe(3);
    expectSameOutputs(low, after);
  });

  test("adds a bias where there was none", () => {
    const b = new GraphBuilder();
    const x = b.input([1, 2, 2, 2]);
    const first = b.node("conv2d", [x, b.weights([2, 1, 1, 2], [3, 4, 0, 0]), b.bias([0, 900])], conv, {
      scale: 0.1,
      zero: 0,
    });
    const second = b.node("conv2d", [first, b.weights([2, 1, 1, 2], [9, -8, 7, 6])], conv, { scale: 0.05, zero: 0 });
    const before = b.output(second).build();
    const { graph: after } = eliminateChannels.run(before, { numerics });
    expect(channelsOf(after)).toBe(1);
    expect(after.nodes[1]!.inputs).toHaveLength(3);
    expectSameOutputs(before, after);
  });

  test("removes a channel through depthwise, pooling and a classifier", () => {
    const b = new GraphBuilder();
    const x = b.input([1, 6, 6, 2]);
    const same = { scale: 0.1, zero: -128 };
    const first = b.node(
      "conv2d",
      [x, b.weights([3, 1, 1, 2], randomInts(6, 3)), b.bias([0, -1_000_000, 5])],
      conv,
      same,
    );
    const depthwise = b.node(
      "conv2d",
      [first, b.weights([3, 3, 3, 1], randomInts(27, 4)), b.bias([1, -2, 3])],
      { ...conv, groups: 3, pads: [1, 1, 1, 1] },
      same,
    );
    const pooled = b.node("mean", [depthwise], { axes: [1, 2], keepDims: false, clampMin: -128, clampMax: 127 }, same);
    const logits = b.node(
      "fully_connected",
      [pooled, b.weights([4, 3], randomInts(12, 5)), b.bias([1, 2, 3, 4])],
      { alpha: 1, clampMin: -128, clampMax: 127 },
      { scale: 0.3, zero: 0 },
    );
    const before = b.output(logits).build();
    const { graph: after } = eliminateChannels.run(before, { numerics });
    expect(after.nodes.map((node) => after.tensors.get(node.output)!.shape.at(-1))).toEqual([2, 2, 2, 4]);
    expect(after.nodes[1]!.attrs["groups"]).toBe(2);
    expectSameOutputs(before, after);
  });

  test("removes a channel that nobody reads", () => {
    const b = new GraphBuilder();
    const x = b.input([1, 3, 3, 2]);
    const first = b.node("conv2d", [x, b.weights([3, 1, 1, 2], randomInts(6, 6))], conv, { scale: 0.1 });
    const second = b.node("conv2d", [first, b.weights([1, 1, 1, 3], [5, 0, -7])], conv, { scale: 0.1 });
    const before = b.output(second).build();
    const { graph: after } = eliminateChannels.run(before, { numerics });
    expect(channelsOf(after)).toBe(2);
    expectSameOutputs(before, after);
  });

  test("leaves what a graph output or a residual needs", () => {
    const b = new GraphBuilder();
    const x = b.input([1, 3, 3, 2]);
    const first = b.node("conv2d", [x, b.weights([2, 1, 1, 2], randomInts(4, 7)), b.bias([0, -1_000_000])], conv, {
      scale: 0.1,
    });
    const sum = b.node("add", [first, x], { clampMin: -128, clampMax: 127, spanScalar: "none" }, { scale: 0.1 });
    const before = b.output(sum).build();
    expect(eliminateChannels.run(before, { numerics }).notes).toEqual([]);
  });
});
