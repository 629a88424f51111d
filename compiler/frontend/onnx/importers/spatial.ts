/** Maps of one dimension run as maps of height 1: [N, C, L] is [N, C, 1, L]. */
import { must } from "../../../diagnostics.js";
import type { Shape } from "../../../ir/shape.js";
import { type Context, unsupported } from "../context.js";
import type { OnnxTensor } from "../onnx-model.js";
import type { PendingValue, TensorValue } from "../values.js";
import { reshapeTo } from "./reshape.js";

/** Dimensions of the map of an activation: 1 or 2. Stops for every other shape, and for batches. */
export function mapRank(context: Context, x: TensorValue): 1 | 2 {
  const rank = x.dims.length - 2;
  if (rank !== 1 && rank !== 2)
    return unsupported(
      context,
      "LWC1192",
      `an input of shape [${x.dims.join(",")}]`,
      rank === 3
        ? "lwc runs 1-D and 2-D maps: put the depth into the channels, or run one slice at a time"
        : "lwc runs over 1-D maps [N,C,L] and 2-D maps [N,C,H,W]: reshape in front of it",
    );
  if (x.dims[0] !== 1)
    unsupported(
      context,
      "LWC1146",
      `an input of shape [${x.dims.join(",")}]: a batch of ${x.dims[0]}`,
      "export with batch 1",
    );
  return rank;
}

/** [..., L] as [..., 1, L]; other shapes as they are. */
export function widen(dims: Shape, rank: number): Shape {
  return rank === 1 ? [...dims.slice(0, -1), 1, must(dims.at(-1), "length")] : dims;
}

/** [..., 1, L] as [..., L]. */
export function narrow(dims: Shape, rank: number): Shape {
  return rank === 1 ? [...dims.slice(0, -2), must(dims.at(-1), "length")] : dims;
}

export function widenTensor(tensor: OnnxTensor, rank: number): OnnxTensor {
  return tensor.dims.length === 0 ? tensor : { ...tensor, dims: widen(tensor.dims, rank) };
}

export function widenActivation(context: Context, x: TensorValue, rank: number): TensorValue {
  return rank === 1 ? reshapeTo(context, x, widen(x.dims, rank)) : x;
}

/** The result of an operator over a map of height 1 as the map that the model means. */
export function narrowPending(context: Context, value: PendingValue, rank: number): PendingValue {
  if (rank !== 1) return value;
  const dims = narrow(value.dims, rank);
  const { addBias, applyAffine } = value;
  return {
    ...value,
    dims,
    finish: (output) => reshapeTo(context, value.finish(output), dims),
    ...(addBias
      ? {
          addBias: (bias: OnnxTensor) => {
            const sum = addBias(widenTensor(bias, rank));
            return sum && narrowPending(context, sum, rank);
          },
        }
      : {}),
    ...(applyAffine ? { applyAffine: (affine) => narrowPending(context, applyAffine(affine), rank) } : {}),
  };
}
