/** Graphs for the passes that recognize channel shuffles and turn them into orders of weights. */
import type { Graph, TensorId } from "../../compiler/ir/graph.js";
import { elementCount } from "../../compiler/ir/shape.js";
import { GraphBuilder, type QuantSpec, randomInts } from "../support/graph-builder.js";

export interface PassCase {
  readonly name: string;
  readonly passes: readonly string[];
  readonly build: () => Graph;
  /** Operators after the passes, in order. */
  readonly left: readonly string[];
}

const q: QuantSpec = { scale: 0.1, zero: -128 };

function conv(b: GraphBuilder, x: TensorId, outputs: number, groups = 1, kernel = 1): TensorId {
  const inputs = b.shapeOf(x)[3]!;
  const shape = [outputs, kernel, kernel, inputs / groups];
  const seed = outputs * 7 + inputs + groups;
  const scales = Array.from({ length: outputs }, (_, c) => 0.004 + c * 0.001);
  const pad = (kernel - 1) / 2;
  return b.node(
    "conv2d",
    [x, b.weights(shape, randomInts(elementCount(shape), seed), scales), b.bias(randomInts(outputs, seed, -90, 90))],
    { groups, strides: [1, 1], dilations: [1, 1], pads: [pad, pad, pad, pad], clampMin: -128, clampMax: 127 },
    q,
  );
}

function shuffle(b: GraphBuilder, x: TensorId, groups: number, table = false): TensorId {
  const [, h = 1, w = 1, c = 1] = b.shapeOf(x);
  const apart = b.node("reshape", [x], { shape: [1, h, w, groups, c / groups] });
  const moved = b.node("transpose", [apart], { perm: [0, 1, 2, 4, 3] });
  const scaled = table ? b.node("lookup", [moved, b.weights([256], randomInts(256, 1))], {}, { scale: 0.2 }) : moved;
  return b.node("reshape", [scaled], { shape: [1, h, w, c] });
}

function cut(b: GraphBuilder, x: TensorId, start: number, end: number): TensorId {
  const [, h = 1, w = 1] = b.shapeOf(x);
  return b.node("slice", [x], { starts: [0, 0, 0, start], ends: [1, h, w, end], steps: [1, 1, 1, 1] });
}

function graph(channels: number, make: (b: GraphBuilder, x: TensorId) => TensorId): () => Graph {
  return () => {
    const b = new GraphBuilder();
    return b.output(make(b, b.input([1, 2, 2, channels], q))).build();
  };
}

const both = ["recognize-shuffles", "order-channels"] as const;

/** Figure 3 (c) of the ShuffleNetV2 paper, arXiv 1807.11164. */
function unit(b: GraphBuilder, x: TensorId): TensorId {
  const channels = b.shapeOf(x)[3]!;
  const worked = conv(b, cut(b, x, channels / 2, channels), channels / 2);
  const joined = b.node("concat", [cut(b, x, 0, channels / 2), worked], { axis: 3 });
  return shuffle(b, joined, 2);
}

/** A depthwise 3x3 convolution with one weight per channel. */
function oneHot(b: GraphBuilder, x: TensorId, weight: number, output: QuantSpec, scale: number): TensorId {
  const channels = b.shapeOf(x)[3]!;
  const data = Array.from({ length: channels * 9 }, (_, i) => (i % 9 === (Math.floor(i / 9) * 4) % 9 ? weight : 0));
  return b.node(
    "conv2d",
    [x, b.weights([channels, 3, 3, 1], data, [scale])],
    { groups: channels, strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1], clampMin: -128, clampMax: 127 },
    output,
  );
}

/** The spelling with one border, a window of it per group of channels, and a join. */
function shiftedParts(b: GraphBuilder, x: TensorId, value: number): TensorId {
  const [, h = 1, w = 1, c = 1] = b.shapeOf(x);
  const padded = b.node("pad", [x], { before: [0, 1, 1, 0], after: [0, 1, 1, 0], value });
  const part = (start: number, end: number, top: number, left: number): TensorId => {
    const group = b.node("slice", [padded], {
      starts: [0, 0, 0, start],
      ends: [1, h + 2, w + 2, end],
      steps: [1, 1, 1, 1],
    });
    const window = { starts: [0, top, left, 0], ends: [1, top + h, left + w, end - start], steps: [1, 1, 1, 1] };
    return b.node("slice", [group], window);
  };
  const half = Math.floor(c / 2);
  return b.node("concat", [part(0, half, 0, 1), part(half, c, 2, 0)], { axis: 3 });
}

export const shiftCases: readonly PassCase[] = [
  {
    name: "one weight per depthwise kernel that gives every value back is a shift",
    passes: ["recognize-shifts"],
    build: graph(4, (b, x) => oneHot(b, x, 64, q, 1 / 64)),
    left: ["shift"],
  },
  {
    name: "one weight per depthwise kernel is a shift and a product",
    passes: ["recognize-shifts"],
    build: graph(4, (b, x) => oneHot(b, x, 63, { scale: 0.2, zero: 3 }, 1 / 64)),
    left: ["shift", "conv2d"],
  },
  {
    name: "two weights in a depthwise kernel stay",
    passes: ["recognize-shifts"],
    build: graph(4, (b, x) => conv(b, x, 4, 4, 3)),
    left: ["conv2d"],
  },
  {
    name: "pad, slices and a join of one map are a shift",
    passes: ["recognize-shifts"],
    build: graph(4, (b, x) => shiftedParts(b, x, -128)),
    left: ["shift"],
  },
  {
    name: "an order of channels passes through a shift",
    passes: ["recognize-shuffles", "recognize-shifts", "order-channels"],
    build: graph(3, (b, x) => conv(b, oneHot(b, shuffle(b, conv(b, x, 4), 2), 64, q, 1 / 64), 2)),
    left: ["conv2d", "shift", "conv2d"],
  },
  {
    name: "pads in front of windows become theirs",
    passes: ["fold-pads"],
    build: graph(2, (b, x) => {
      const border = (from: TensorId, value: number): TensorId =>
        b.node("pad", [from], { before: [0, 1, 0, 0], after: [0, 0, 1, 0], value });
      const window = { kernel: [2, 2], strides: [1, 1], pads: [0, 0, 0, 0], clampMin: -128, clampMax: 127 };
      const largest = b.node("max_pool2d", [border(x, -128)], { ...window, dilations: [1, 1] });
      const average = b.node("avg_pool2d", [border(largest, -128)], { ...window, countIncludePad: false }, q);
      return conv(b, border(border(average, -128), -128), 2);
    }),
    left: ["max_pool2d", "avg_pool2d", "conv2d"],
  },
  {
    name: "a border that is not the least value stays in front of a max pool",
    passes: ["fold-pads"],
    build: graph(2, (b, x) => {
      const window = { kernel: [2, 2], strides: [1, 1], pads: [0, 0, 0, 0], clampMin: -128, clampMax: 127 };
      const border = b.node("pad", [x], { before: [0, 1, 0, 0], after: [0, 0, 1, 0], value: 0 });
      return b.node("max_pool2d", [border], { ...window, dilations: [1, 1] });
    }),
    left: ["pad", "max_pool2d"],
  },
];

export const channelCases: readonly PassCase[] = [
  {
    name: "reshape, transpose, reshape is a take along the channels",
    passes: ["recognize-shuffles"],
    build: graph(6, (b, x) => shuffle(b, x, 3)),
    left: ["take"],
  },
  {
    name: "a table inside a shuffle moves behind it",
    passes: ["recognize-shuffles"],
    build: graph(6, (b, x) => shuffle(b, x, 2, true)),
    left: ["take", "lookup"],
  },
  {
    name: "a transpose that moves pixels stays",
    passes: ["recognize-shuffles"],
    build: graph(4, (b, x) => b.node("transpose", [x], { perm: [0, 2, 1, 3] })),
    left: ["transpose"],
  },
  {
    name: "a shuffle between convolutions is an order of weights",
    passes: both,
    build: graph(3, (b, x) => conv(b, shuffle(b, conv(b, x, 4), 2), 2)),
    left: ["conv2d", "conv2d"],
  },
  {
    name: "an order passes through a depthwise convolution and a table",
    passes: both,
    build: graph(3, (b, x) => {
      const shuffled = shuffle(b, conv(b, x, 4), 2);
      const table = b.node("lookup", [shuffled, b.weights([256], randomInts(256, 3))], {}, q);
      return conv(b, conv(b, table, 4, 4, 3), 2);
    }),
    left: ["conv2d", "lookup", "conv2d", "conv2d"],
  },
  {
    name: "in front of a grouped convolution the producer writes in the order that is read",
    passes: both,
    build: graph(3, (b, x) => conv(b, shuffle(b, conv(b, x, 4), 2), 4, 2)),
    left: ["conv2d", "conv2d"],
  },
  {
    name: "between grouped convolutions a shuffle stays as one copy",
    passes: both,
    build: graph(4, (b, x) => conv(b, shuffle(b, conv(b, x, 4, 2), 2), 4, 2)),
    left: ["conv2d", "take", "conv2d"],
  },
  {
    name: "in front of an output the producer writes in the order that is read",
    passes: both,
    build: graph(3, (b, x) => shuffle(b, conv(b, x, 4), 2)),
    left: ["conv2d"],
  },
  {
    name: "units of the second shufflenet copy what a convolution reads, once",
    passes: both,
    build: graph(3, (b, x) => conv(b, unit(b, unit(b, conv(b, x, 8))), 2)),
    left: ["conv2d", "slice", "conv2d", "channel_select", "conv2d", "channel_select", "conv2d"],
  },
  {
    name: "a join that a layer reads is the source of the next join",
    passes: ["order-channels"],
    build: graph(2, (b, x) => {
      const first = b.node("concat", [x, conv(b, x, 3)], { axis: 3 });
      return b.node("concat", [first, conv(b, first, 3)], { axis: 3 });
    }),
    left: ["conv2d", "concat", "conv2d", "concat"],
  },
  {
    name: "both sides of an addition take one order",
    passes: both,
    build: graph(3, (b, x) => {
      const sum = b.node(
        "add",
        [shuffle(b, conv(b, x, 4), 2), shuffle(b, conv(b, x, 4), 2)],
        { clampMin: -128, clampMax: 127, spanScalar: "none" },
        q,
      );
      return conv(b, sum, 2);
    }),
    left: ["conv2d", "conv2d", "add", "conv2d"],
  },
];
