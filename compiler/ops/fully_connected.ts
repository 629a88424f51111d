/**
 * Fully connected layer (Gemm, MatMul with constant weights).
 *
 *   x  [1, C] or any shape whose elements are C in all   activation int8
 *   w  [O, C]       constant, per-tensor or per-channel (axis 0) scales
 *   b  [O] int32    constant, optional
 *   y  [1, O],  y = clamp(requantize(sum (x - zx) * (w - zw) + b)), scale fl(fl(fl(alpha * sx) * sw) / sy)
 *
 * Source: ONNX Runtime's QGemm and QLinearMatMul, docs/numerics.md.
 */
import { makeRequantize } from "../arith/requant.js";
import { must } from "../diagnostics.js";
import { elementCount } from "../ir/shape.js";
import { accumulatorRanges, channelRequantScale, planLayerRequant, requantRanges } from "./accumulator.js";
import { pruneBias, pruneWeights, usedInputChannels, weightBlock } from "./channel-pruning.js";
import { chooseKernel, findKernel } from "./choose-kernel.js";
import type { PointwiseLayer } from "./conv2d/layer.js";
import { lowerPointwise, pointwiseKernels } from "./conv2d/lower.js";
import type { KernelContext } from "./kernel.js";
import { defineOp, type NodeView, quantOf } from "./op.js";
import { clampInTable } from "./through-table.js";

export type FullyConnectedAttrs = {
  /** Gemm's factor of the product; float32. */
  readonly alpha: number;
  readonly clampMin: number;
  readonly clampMax: number;
};

type View = NodeView<FullyConnectedAttrs>;

const weightsOf = (view: View) => must(view.inputs[1], "weights");
const inputOf = (view: View) => must(view.inputs[0], "input");

export const fullyConnected = defineOp<FullyConnectedAttrs>({
  kind: "fully_connected",
  kernels: pointwiseKernels,
  summary: "matrix-vector product with constant weights",
  attrs: {
    alpha: { type: "float", doc: "factor of the product (Gemm's alpha)", default: 1 },
    clampMin: { type: "int", doc: "lower bound of the output, fused activation", default: -128 },
    clampMax: { type: "int", doc: "upper bound of the output", default: 127 },
  },
  arity: {
    activations: 1,
    constants: [
      { name: "weights", dtype: "int8" },
      { name: "bias", dtype: "int32", optional: true },
    ],
  },
  verify(view) {
    const problems: string[] = [];
    const w = weightsOf(view).shape;
    const bias = view.inputs[2];
    if (w.length !== 2) return [`expected weights of rank 2, found [${w.join(",")}]`];
    if (elementCount(inputOf(view).shape) !== w[1])
      problems.push(`weights read ${w[1]} values, the input has ${elementCount(inputOf(view).shape)}`);
    if (bias && elementCount(bias.shape) !== w[0])
      problems.push(`bias has ${elementCount(bias.shape)} values for ${w[0]} outputs`);
    return problems;
  },
  inferShape: (_attrs, inputs) => [1, must(inputs[1], "weights").shape[0] ?? 1],
  macs: (view) => elementCount(weightsOf(view).shape),
  reference(view, numerics) {
    const { clampMin: min, clampMax: max, alpha } = view.attrs;
    const { data, zeroPoint: zw, outputs, inputs } = weightBlock(weightsOf(view));
    const zx = quantOf(inputOf(view)).zeroPoint;
    const { zeroPoint } = quantOf(view.output);
    const requantize = Array.from({ length: outputs }, (_, o) =>
      makeRequantize(numerics, { scale: channelRequantScale(view, alpha, o), zeroPoint, min, max }),
    );
    const bias = view.inputs[2]?.data;
    return (read, out) => {
      const x = flatten(view, read);
      for (let o = 0; o < outputs; o++) {
        let acc = bias?.[o] ?? 0;
        for (let c = 0; c < inputs; c++) acc += ((x[c] ?? 0) - zx) * ((data[o * inputs + c] ?? 0) - zw);
        out[o] = must(requantize[o], "requantization")(acc);
      }
    };
  },
  rows: () => ({ kind: "all" }),
  range(view, inputs, numerics) {
    return requantRanges(
      view,
      accumulatorRanges(view, must(inputs[0], "input ranges"), 1, false),
      view.attrs.alpha,
      numerics,
    );
  },
  channels: (view) => ({ kind: inputOf(view).shape.at(-1) === weightsOf(view).shape[1] ? "mixed" : "fixed" }),
  pruning: {
    canFold: () => true,
    usedInputs: (view, outputs) => usedInputChannels(weightBlock(weightsOf(view)), outputs),
    prune(view, keep, fold) {
      const weights = weightBlock(weightsOf(view));
      const bias = pruneBias(weights, view.inputs[2], keep.outputs, fold, quantOf(inputOf(view)).zeroPoint);
      return [pruneWeights(weights, keep), ...(bias ? [bias] : [])];
    },
    attrs: (view) => view.attrs,
  },
  lower: (view, context) => lowerPointwise(layerOf(view, context), context, chooseKernel),
  lowerTabled(view, table, context) {
    const clamped = clampInTable(view, table);
    return lowerPointwise(layerOf(clamped.view, context), { ...context, table: clamped.table }, findKernel);
  },
});

/** One pixel of a pointwise convolution is the same arithmetic: the kernels are shared. */
function layerOf(view: View, context: KernelContext): PointwiseLayer {
  return {
    stem: "fc",
    pixels: 1,
    weights: weightBlock(weightsOf(view)),
    plan: planLayerRequant(view, context, view.attrs.alpha, 1, false),
    zeroPoint: quantOf(inputOf(view)).zeroPoint,
  };
}

/** All elements of the input in memory order, whatever its rank. */
function flatten(view: View, read: (input: number, y: number) => Int8Array | Int32Array): ArrayLike<number> {
  const shape = inputOf(view).shape;
  if (shape.length !== 4 || shape[1] === 1) return read(0, 0);
  return Array.from({ length: shape[1] ?? 1 }, (_, y) => Array.from(read(0, y))).flat();
}
