/**
 * Transposed 2-D convolution (deconvolution), NHWC, int8, groups included:
 *
 *   x  [1, H, W, C]                  activation
 *   w  [O, kH, kW, C / groups]       constant, per-tensor or per-channel (axis 0) scales; the order of conv2d
 *   b  [O] int32                     constant, optional, scale sx * sw
 *   y  [1, OH, OW, O],  OH = (H - 1) * stride + (kH - 1) * dilation + 1 + outputPadding - top - bottom
 *
 * Input row iy and tap ky add to output row iy * stride + ky * dilation - top. Seen from the output, row y gets what the taps
 * with ky * dilation = y + top (mod stride) read: the rows of equal phase (y + top) mod stride form an ordinary convolution
 * with stride 1 over those taps alone, and so do the columns. The kernel and the row contract rest on that: no zeros between
 * input pixels, no sums that wait in memory (Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?").
 *
 * Requantized like conv2d. ONNX Runtime has no integer kernel for it: docs/numerics.md.
 */
import { makeRequantize } from "../arith/requant.js";
import { fail, must } from "../diagnostics.js";
import type { Tensor } from "../ir/graph.js";
import { elementCount, type Shape } from "../ir/shape.js";
import { accumulatorRanges, channelRequantScale, planLayerRequant, requantRanges } from "./accumulator.js";
import { pruneBias, pruneWeights, usedInputChannels, weightBlock } from "./channel-pruning.js";
import { transposedConvReference } from "./conv_transpose2d/reference.js";
import { quantWords } from "./conv2d/layer.js";
import { weightProblems } from "./conv2d.js";
import type { KernelCall, KernelContext } from "./kernel.js";
import { defineOp, type NodeView, quantOf } from "./op.js";
import type { RowWindow } from "./row-window.js";

export type ConvTranspose2dAttrs = {
  readonly groups: number;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** What is cut off the result: top, left, bottom, right. */
  readonly pads: readonly number[];
  /** What is added to it: bottom, right. */
  readonly outputPadding: readonly number[];
  readonly clampMin: number;
  readonly clampMax: number;
};

/** One axis of the geometry. */
export interface TransposedAxis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padBefore: number;
}

export function transposedAxis(view: NodeView<ConvTranspose2dAttrs>, axis: 0 | 1): TransposedAxis {
  const { attrs } = view;
  const at = (list: readonly number[], i: number): number => must(list[i], "conv_transpose2d dimension");
  return {
    input: at(inputOf(view).shape, axis + 1),
    output: at(view.output.shape, axis + 1),
    kernel: at(weightsOf(view).shape, axis + 1),
    stride: at(attrs.strides, axis),
    dilation: at(attrs.dilations, axis),
    padBefore: at(attrs.pads, axis),
  };
}

const inputOf = (view: NodeView<ConvTranspose2dAttrs>): Tensor => must(view.inputs[0], "conv_transpose2d input");
const weightsOf = (view: NodeView<ConvTranspose2dAttrs>): Tensor => must(view.inputs[1], "conv_transpose2d weights");

/** Input rows that any tap of output row y can reach: the last one is floor((y + top) / stride). */
function rowWindow({ kernel, stride, dilation, padBefore }: TransposedAxis): RowWindow {
  const size = Math.floor(((kernel - 1) * dilation) / stride) + 1;
  return { size, stride: 1, dilation: 1, padBefore: (size - 1) * stride - padBefore, divisor: stride };
}

function isPlainDepthwise(view: NodeView<ConvTranspose2dAttrs>): boolean {
  const { groups } = view.attrs;
  return groups > 1 && groups === inputOf(view).shape[3] && groups === view.output.shape[3];
}

export const convTranspose2d = defineOp<ConvTranspose2dAttrs>({
  kind: "conv_transpose2d",
  kernels: [{ kernel: "lwc_conv_transpose2d_s8" }],
  summary: "transposed 2-D convolution: standard, grouped, depthwise, dilated",
  attrs: {
    groups: { type: "int", doc: "number of channel groups; equal to the channels for depthwise", default: 1 },
    strides: { type: "ints", doc: "vertical, horizontal", length: 2, default: [1, 1] },
    dilations: { type: "ints", doc: "vertical, horizontal", length: 2, default: [1, 1] },
    pads: { type: "ints", doc: "cut off the result: top, left, bottom, right", length: 4, default: [0, 0, 0, 0] },
    outputPadding: { type: "ints", doc: "added to the result: bottom, right", length: 2, default: [0, 0] },
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
    const x = must(inputs[0], "conv_transpose2d input").shape;
    const w = must(inputs[1], "conv_transpose2d weights").shape;
    const [height = 0, width = 0] = [0, 1].map((axis) => {
      const reach = ((w[axis + 1] ?? 1) - 1) * (attrs.dilations[axis] ?? 1) + 1;
      const cut = (attrs.pads[axis] ?? 0) + (attrs.pads[axis + 2] ?? 0);
      return ((x[axis + 1] ?? 1) - 1) * (attrs.strides[axis] ?? 1) + reach + (attrs.outputPadding[axis] ?? 0) - cut;
    });
    if (height < 1 || width < 1) {
      fail({
        code: "LWC2104",
        kind: "error",
        message: `conv_transpose2d: pads [${attrs.pads.join(",")}] cut off the whole result of an input of ${x[1]}x${x[2]}`,
        hint: "use a larger input (--input-shape)",
      });
    }
    return [x[0] ?? 1, height, width, w[0] ?? 1];
  },
  macs(view) {
    const [, h = 1, w = 1] = inputOf(view).shape;
    return h * w * elementCount(weightsOf(view).shape);
  },
  reference(view, numerics) {
    const { clampMin: min, clampMax: max } = view.attrs;
    const { zeroPoint } = quantOf(view.output);
    const requantize = Array.from({ length: view.output.shape[3] ?? 1 }, (_, c) =>
      makeRequantize(numerics, { scale: channelRequantScale(view, 1, c), zeroPoint, min, max }),
    );
    return transposedConvReference(view, requantize);
  },
  rows: (view) => ({ kind: "window", ...rowWindow(transposedAxis(view, 0)) }),
  range(view, inputs, numerics) {
    // Which taps an output pixel gets depends on its phase: any of them may be missing.
    const accumulators = accumulatorRanges(view, must(inputs[0], "input ranges"), view.attrs.groups, true);
    return requantRanges(view, accumulators, 1, numerics);
  },
  channels(view) {
    if (isPlainDepthwise(view)) return { kind: "tied" };
    return view.attrs.groups === 1 ? { kind: "mixed" } : { kind: "fixed" };
  },
  pruning: {
    canFold: (view, _channel, value) => value === quantOf(inputOf(view)).zeroPoint,
    usedInputs: (view, outputs) => usedInputChannels(weightBlock(weightsOf(view)), outputs),
    prune(view, keep, fold) {
      const weights = weightBlock(weightsOf(view));
      const { zeroPoint } = quantOf(inputOf(view));
      const isTied = isPlainDepthwise(view);
      const bias = pruneBias(weights, view.inputs[2], keep.outputs, isTied ? new Map() : fold, zeroPoint);
      const kept = isTied ? { inputs: [0], outputs: keep.outputs } : keep;
      return [pruneWeights(weights, kept), ...(bias ? [bias] : [])];
    },
    attrs: (view, keep) => (isPlainDepthwise(view) ? { ...view.attrs, groups: keep.outputs.length } : view.attrs),
  },
  lower,
});

function lower(view: NodeView<ConvTranspose2dAttrs>, context: KernelContext): KernelCall {
  const [v, h] = [transposedAxis(view, 0), transposedAxis(view, 1)];
  const { groups } = view.attrs;
  const weights = weightBlock(weightsOf(view));
  const plan = planLayerRequant(view, context, 1, groups, true);
  const { zeroPoint } = quantOf(inputOf(view));
  const [channels, outputs] = [must(inputOf(view).shape[3], "channels"), weights.outputs];
  return {
    kernel: "lwc_conv_transpose2d_s8",
    header: "lwc_conv_transpose2d_s8.h",
    geometry: `deconv${v.kernel}x${h.kernel}_s${v.stride}`,
    params: {
      type: "lwc_conv_transpose2d_params",
      fields: {
        in_w: h.input,
        in_c: channels,
        out_w: h.output,
        out_c: outputs,
        out_pitch: outputs,
        kernel_h: v.kernel,
        kernel_w: h.kernel,
        stride_h: v.stride,
        stride_w: h.stride,
        dilation_h: v.dilation,
        dilation_w: h.dilation,
        pad_top: v.padBefore,
        pad_left: h.padBefore,
        window: rowWindow(v).size,
        groups,
        in_zero_point: zeroPoint,
        weight_zero_point: weights.zeroPoint,
        requant: { ...plan.fields },
      },
    },
    drive: {
      kind: "rows",
      window: rowWindow(v),
      passesRow: true,
      inRows: v.input,
      outRows: v.output,
      inRowBytes: h.input * channels,
      outRowBytes: h.output * outputs,
      padValue: zeroPoint,
    },
    constants: [
      {
        name: "weights",
        data: weights.data,
        align: 4,
        comment: `[${outputs}][${v.kernel}][${h.kernel}][${weights.inputs}] in [-128, 127]`,
        role: "weights",
      },
      quantWords({ plan, weights, zeroPoint }),
    ],
    scratchBytes: 0,
    why: `phases of ${v.stride}x${h.stride} outputs, each a small convolution of its own taps; ${plan.why}`,
  };
}
