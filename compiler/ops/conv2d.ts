/**
 * 2-D convolution, NHWC, int8: standard, grouped, depthwise, pointwise and dilated are one operator.
 *
 *   x  [1, H, W, C]                  activation
 *   w  [O, kH, kW, C / groups]       constant, per-tensor or per-channel (axis 0) scales
 *   b  [O] int32                     constant, optional, scale sx * sw
 *   y  [1, OH, OW, O],  y = clamp(requantize(sum (x - zx) * (w - zw) + b))
 *
 * Padding contributes x = zx. Source: ONNX Runtime's QLinearConv, docs/numerics.md.
 */
import { makeRequantize } from "../arith/requant.js";
import { fail, must } from "../diagnostics.js";
import type { Tensor } from "../ir/graph.js";
import { elementCount, type Shape } from "../ir/shape.js";
import { accumulatorRanges, channelRequantScale, requantRanges } from "./accumulator.js";
import { pruneBias, pruneWeights, usedInputChannels, weightBlock } from "./channel-pruning.js";
import { chooseKernel, findKernel } from "./choose-kernel.js";
import { conv2dKernels, lowerConv2d } from "./conv2d/lower.js";
import { convReference } from "./conv2d/reference.js";
import { defineOp, type NodeView, quantOf } from "./op.js";
import { clampInTable } from "./through-table.js";

export type Conv2dAttrs = {
  readonly groups: number;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** top, left, bottom, right */
  readonly pads: readonly number[];
  readonly clampMin: number;
  readonly clampMax: number;
};

/** The numbers of a convolution, named. */
export interface ConvGeometry {
  readonly inH: number;
  readonly inW: number;
  readonly inC: number;
  readonly outH: number;
  readonly outW: number;
  readonly outC: number;
  readonly kernelH: number;
  readonly kernelW: number;
  readonly groups: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly dilationH: number;
  readonly dilationW: number;
  readonly padTop: number;
  readonly padLeft: number;
  /** True where some window leaves the input. */
  readonly padded: boolean;
}

export function convGeometry(view: NodeView<Conv2dAttrs>): ConvGeometry {
  const { attrs } = view;
  const x = must(view.inputs[0], "conv2d input").shape;
  const w = must(view.inputs[1], "conv2d weights").shape;
  const y = view.output.shape;
  const at = (list: readonly number[], i: number): number => must(list[i], "conv2d dimension");
  const g = {
    inH: at(x, 1),
    inW: at(x, 2),
    inC: at(x, 3),
    outH: at(y, 1),
    outW: at(y, 2),
    outC: at(y, 3),
    kernelH: at(w, 1),
    kernelW: at(w, 2),
    groups: attrs.groups,
    strideH: at(attrs.strides, 0),
    strideW: at(attrs.strides, 1),
    dilationH: at(attrs.dilations, 0),
    dilationW: at(attrs.dilations, 1),
    padTop: at(attrs.pads, 0),
    padLeft: at(attrs.pads, 1),
  };
  const lastRow = (g.outH - 1) * g.strideH - g.padTop + (g.kernelH - 1) * g.dilationH;
  const lastCol = (g.outW - 1) * g.strideW - g.padLeft + (g.kernelW - 1) * g.dilationW;
  return { ...g, padded: g.padTop > 0 || g.padLeft > 0 || lastRow >= g.inH || lastCol >= g.inW };
}

/** Depthwise with one filter per channel: channel c of the output sees channel c of the input only. */
export function isPlainDepthwise(g: ConvGeometry): boolean {
  return g.groups === g.inC && g.groups === g.outC && g.groups > 1;
}

/** One window over the whole map, and every output reads all of it: a fully connected layer. */
export function isFullyConnected(g: ConvGeometry): boolean {
  return g.groups === 1 && !g.padded && g.outH * g.outW === 1 && g.kernelH === g.inH && g.kernelW === g.inW;
}

function weightsOf(view: NodeView<Conv2dAttrs>): Tensor {
  return must(view.inputs[1], "conv2d weights");
}

/** What is wrong with the input, the weights [O][kH][kW][C / groups] and the bias of a convolution. */
export function weightProblems(view: NodeView, groups: number): readonly string[] {
  const problems: string[] = [];
  const x = must(view.inputs[0], "input").shape;
  const weights = must(view.inputs[1], "weights");
  const w = weights.shape;
  const bias = view.inputs[2];
  if (x.length !== 4 || w.length !== 4)
    return [`expected rank 4 input and weights, found [${x.join(",")}] and [${w.join(",")}]`];
  const [outputs = 0, , , perGroup = 0] = w;
  if (perGroup * groups !== x[3])
    problems.push(`weights read ${perGroup} channels in each of ${groups} groups, the input has ${x[3]}`);
  if (outputs % groups !== 0) problems.push(`${outputs} output channels do not divide into ${groups} groups`);
  if (bias && elementCount(bias.shape) !== outputs)
    problems.push(`bias has ${elementCount(bias.shape)} values for ${outputs} channels`);
  const scales = weights.quant?.scales.length ?? 0;
  if (scales !== 1 && scales !== outputs) problems.push(`${scales} weight scales for ${outputs} channels`);
  return problems;
}

export const conv2d = defineOp<Conv2dAttrs>({
  kind: "conv2d",
  kernels: conv2dKernels,
  summary: "2-D convolution: standard, grouped, depthwise, pointwise, dilated",
  attrs: {
    groups: { type: "int", doc: "number of channel groups; equal to the channels for depthwise", default: 1 },
    strides: { type: "ints", doc: "vertical, horizontal", length: 2, default: [1, 1] },
    dilations: { type: "ints", doc: "vertical, horizontal", length: 2, default: [1, 1] },
    pads: { type: "ints", doc: "top, left, bottom, right", length: 4, default: [0, 0, 0, 0] },
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

  verify: (view) => weightProblems(view, view.attrs.groups),

  inferShape(attrs, inputs): Shape {
    const x = must(inputs[0], "conv2d input").shape;
    const w = must(inputs[1], "conv2d weights").shape;
    const out = (axis: number, dim: number): number => {
      const reach = ((w[axis + 1] ?? 1) - 1) * (attrs.dilations[axis] ?? 1) + 1;
      return (
        Math.floor((dim + (attrs.pads[axis] ?? 0) + (attrs.pads[axis + 2] ?? 0) - reach) / (attrs.strides[axis] ?? 1)) +
        1
      );
    };
    const height = out(0, x[1] ?? 1);
    const width = out(1, x[2] ?? 1);
    if (height < 1 || width < 1) {
      fail({
        code: "LWC2102",
        kind: "error",
        message: `conv2d: a ${w[1]}x${w[2]} kernel does not fit an input of ${x[1]}x${x[2]} with pads [${attrs.pads.join(",")}]`,
        hint: "use a larger input (--input-shape)",
      });
    }
    return [x[0] ?? 1, height, width, w[0] ?? 1];
  },

  macs(view) {
    const w = weightsOf(view).shape;
    return elementCount(view.output.shape) * (w[1] ?? 1) * (w[2] ?? 1) * (w[3] ?? 1);
  },

  reference(view, numerics) {
    const { clampMin: min, clampMax: max } = view.attrs;
    const { zeroPoint } = quantOf(view.output);
    const g = convGeometry(view);
    const requantize = Array.from({ length: g.outC }, (_, c) =>
      makeRequantize(numerics, { scale: channelRequantScale(view, 1, c), zeroPoint, min, max }),
    );
    return convReference(view, g, requantize);
  },

  rows(view) {
    const g = convGeometry(view);
    if (isFullyConnected(g)) return { kind: "all" };
    if (g.kernelH === 1 && g.strideH === 1 && g.inH === g.outH) return { kind: "same" };
    return { kind: "window", size: g.kernelH, stride: g.strideH, dilation: g.dilationH, padBefore: g.padTop };
  },

  range(view, inputs, numerics) {
    const g = convGeometry(view);
    const accumulators = accumulatorRanges(view, must(inputs[0], "input ranges"), g.groups, g.padded);
    return requantRanges(view, accumulators, 1, numerics);
  },

  channels(view) {
    const g = convGeometry(view);
    if (isPlainDepthwise(g)) return { kind: "tied" };
    return g.groups === 1 ? { kind: "mixed" } : { kind: "fixed" };
  },

  pruning: {
    canFold(view, _channel, value) {
      return !convGeometry(view).padded || value === quantOf(must(view.inputs[0], "conv2d input")).zeroPoint;
    },
    usedInputs: (view, outputs) => usedInputChannels(weightBlock(weightsOf(view)), outputs),
    prune(view, keep, fold) {
      const g = convGeometry(view);
      const weights = weightBlock(weightsOf(view));
      const zeroPoint = quantOf(must(view.inputs[0], "conv2d input")).zeroPoint;
      if (isPlainDepthwise(g)) {
        const bias = pruneBias(weights, view.inputs[2], keep.outputs, new Map(), zeroPoint);
        return [pruneWeights(weights, { inputs: [0], outputs: keep.outputs }), ...(bias ? [bias] : [])];
      }
      const bias = pruneBias(weights, view.inputs[2], keep.outputs, fold, zeroPoint);
      return [pruneWeights(weights, keep), ...(bias ? [bias] : [])];
    },
    attrs(view, keep) {
      return isPlainDepthwise(convGeometry(view)) ? { ...view.attrs, groups: keep.outputs.length } : view.attrs;
    },
  },

  lower: (view, context) => lowerConv2d(view, context, chooseKernel),
  lowerTabled(view, table, context) {
    const clamped = clampInTable(view, table);
    return lowerConv2d(clamped.view, { ...context, table: clamped.table }, findKernel);
  },
});
