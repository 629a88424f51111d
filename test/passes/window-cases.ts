/** Graphs for the passes that give windows and slices a simpler form. */
import { elementCount } from "../../compiler/ir/shape.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";
import type { PassCase } from "./channel-cases.js";

const q = { scale: 0.25, zero: -128 };
const window = { groups: 1, strides: [1, 1], dilations: [1, 1], clampMin: -128, clampMax: 127 };

function weights(b: GraphBuilder, shape: readonly number[]) {
  return b.weights(shape, randomInts(elementCount(shape), 3), [0.01]);
}

export const windowCases: readonly PassCase[] = [
  {
    name: "a transposed convolution without a stride is one with its kernel turned around",
    passes: ["simplify-convs"],
    build: () => {
      const b = new GraphBuilder();
      const attrs = { ...window, pads: [1, 0, 1, 2], outputPadding: [0, 0] };
      return b.output(b.node("conv_transpose2d", [b.input([1, 3, 3, 2], q), weights(b, [2, 2, 3, 2])], attrs)).build();
    },
    left: ["conv2d"],
  },
  {
    name: "a 3x3 kernel on a 1x1 map has one tap",
    passes: ["simplify-convs"],
    build: () => {
      const b = new GraphBuilder();
      const attrs = { ...window, pads: [1, 1, 1, 1] };
      return b.output(b.node("conv2d", [b.input([1, 1, 1, 2], q), weights(b, [2, 3, 3, 2])], attrs, q)).build();
    },
    left: ["conv2d"],
  },
  {
    name: "an average over the whole map is a mean where powers of two leave nothing to round",
    passes: ["recognize-means"],
    build: () => {
      const b = new GraphBuilder();
      const attrs = { kernel: [4, 4], strides: [4, 4], pads: [0, 0, 0, 0], countIncludePad: true };
      const y = b.node("avg_pool2d", [b.input([1, 4, 4, 3], q)], { ...attrs, clampMin: -128, clampMax: 127 }, q);
      return b.output(y).build();
    },
    left: ["mean"],
  },
  {
    name: "slices in a row are one, forwards and backwards",
    passes: ["merge-slices"],
    build: () => {
      const b = new GraphBuilder();
      const rows = { starts: [0, 5, 0, 0], ends: [1, -1, 4, 3], steps: [1, -2, 1, 1] };
      const columns = { starts: [0, 1, 3, 0], ends: [1, 3, 0, 2], steps: [1, 1, -1, 1] };
      const channels = { starts: [0, 0, 0, 1], ends: [1, 2, 3, 2], steps: [1, 1, 2, 1] };
      const x = b.node("slice", [b.input([1, 6, 4, 3], q)], rows);
      return b.output(b.node("slice", [b.node("slice", [x], columns)], channels)).build();
    },
    left: ["slice"],
  },
];
