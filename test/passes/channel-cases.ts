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
