/** Networks of depthwise and 1x1 convolutions in turn, which streams run as chains. */
import type { Graph, TensorId } from "../../compiler/ir/graph.js";
import { elementCount } from "../../compiler/ir/shape.js";
import { GraphBuilder, randomInts } from "./graph-builder.js";

/** Depthwise with windows of 3, 5 or 7; 1x1 with as many outputs as inputs or more; depthwise that halves the map. */
export type ChainLayer = "dw3" | "dw5" | "dw7" | "pw" | "wide" | "down3";

export interface ChainNet {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly layers: readonly ChainLayer[];
  /** Ends in the mean over the map, so that nothing needs the map as a whole. */
  readonly mean: boolean;
}

/** A convolution from three channels, then the layers. */
export function chainNet({ height, width, channels, layers, mean }: ChainNet): Graph {
  const b = new GraphBuilder("chain");
  const product = (x: TensorId, shape: readonly number[], stride: number, groups = 1): TensorId => {
    const pad = (shape[1]! - 1) / 2;
    const weights = b.weights(shape, randomInts(elementCount(shape), shape[0]! + shape[1]!), [0.02]);
    const attrs = { groups, dilations: [1, 1], strides: [stride, stride], pads: [pad, pad, pad, pad] };
    return b.node("conv2d", [x, weights], { ...attrs, clampMin: -128, clampMax: 127 }, { scale: 0.2, zero: 4 });
  };
  let x = product(b.input([1, height, width, 3]), [channels, 3, 3, 3], 1);
  for (const layer of layers) {
    const count = b.shapeOf(x)[3]!;
    const size = Number(layer.slice(-1));
    if (layer === "pw") x = product(x, [count, 1, 1, count], 1);
    else if (layer === "wide") x = product(x, [count + 4, 1, 1, count], 1);
    else x = product(x, [count, size, size, 1], layer === "down3" ? 2 : 1, count);
  }
  const mode = { axes: [1, 2], keepDims: true, clampMin: -128, clampMax: 127 };
  return b.output(mean ? b.node("mean", [x], mode, { scale: 0.07, zero: -5 }) : x).build();
}
