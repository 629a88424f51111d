/** A convolution as its kernels see it, and what they share: folded biases, parameters, constants, row drive. */
import type { RequantPlan } from "../../arith/requant-layer.js";
import { must } from "../../diagnostics.js";
import { planLayerRequant } from "../accumulator.js";
import { type WeightBlock, weightBlock } from "../channel-pruning.js";
import { type Conv2dAttrs, type ConvGeometry, convGeometry } from "../conv2d.js";
import type { Drive, KernelContext, PackedConstant, StructLiteral } from "../kernel.js";
import { type NodeView, quantOf } from "../op.js";

/** What every kernel with constant weights reads. */
export interface WeightedLayer {
  readonly weights: WeightBlock;
  readonly plan: RequantPlan;
  /** Of the input. */
  readonly zeroPoint: number;
}

/** A convolution of any geometry; rows of the input are [width][channels]. */
export interface ConvLayer extends WeightedLayer {
  readonly g: ConvGeometry;
}

/** A 1x1 convolution with stride 1 over a run of pixels; a fully connected layer is one of a single pixel. */
export interface PointwiseLayer extends WeightedLayer {
  /** Geometry in the instance's name: "pw" or "fc". */
  readonly stem: string;
  readonly pixels: number;
}

export function convLayer(view: NodeView<Conv2dAttrs>, context: KernelContext): ConvLayer {
  const g = convGeometry(view);
  return {
    g,
    weights: weightBlock(must(view.inputs[1], "weights")),
    plan: planLayerRequant(view, context, 1, g.groups, g.padded),
    zeroPoint: quantOf(must(view.inputs[0], "input")).zeroPoint,
  };
}

const wordNames = {
  float: "bias, float32 scale",
  window: "bias, mult, float32 scale",
  short: "bias, mult, add",
  single: "bias, mult, shift",
  split: "bias, high, low, float32 scale",
} as const;

/** Bias and requantization words, as lwc_requantize reads them. */
export function quantWords({ plan, weights }: WeightedLayer): PackedConstant {
  return {
    name: "quant",
    data: plan.words,
    align: 4,
    comment: `[${weights.outputs}][${plan.wordsPerChannel}] ${wordNames[plan.form]}`,
    role: "table",
  };
}

/** Weights in the order of the IR. */
export function plainWeights({ weights }: WeightedLayer, shape: readonly number[]): PackedConstant {
  const comment = `${shape.map((size) => `[${size}]`).join("")} in [-128, 127]`;
  return { name: "weights", data: weights.data, align: 4, comment, role: "weights" };
}

/**
 * Folds the input's zero point into the biases: bias - zx * sum(w). Exact, because padding holds zx itself; the sum wraps
 * modulo 2^32 like the accumulator it starts.
 */
export function foldZeroPoint<Layer extends WeightedLayer>(layer: Layer): Layer {
  const { weights, plan, zeroPoint } = layer;
  const words = plan.words.slice();
  const perOutput = weights.taps * weights.inputs;
  for (let o = 0; o < weights.outputs; o++) {
    let sum = 0;
    for (let i = 0; i < perOutput; i++) sum += weights.data[o * perOutput + i] ?? 0;
    const at = o * plan.wordsPerChannel;
    words[at] = ((words[at] ?? 0) - zeroPoint * sum) | 0;
  }
  return { ...layer, plan: { ...plan, words } };
}

export function rowsDrive({ g, zeroPoint }: ConvLayer): Extract<Drive, { kind: "rows" }> {
  return {
    kind: "rows",
    window: { size: g.kernelH, stride: g.strideH, dilation: g.dilationH, padBefore: g.padTop },
    inRows: g.inH,
    outRows: g.outH,
    inRowBytes: g.inW * g.inC,
    outRowBytes: g.outW * g.outC,
    padValue: zeroPoint,
  };
}

/** Short geometry for the instance's name: "dw3x3_s2". */
export function geometryName(stem: string, g: ConvGeometry): string {
  return `${stem}${g.kernelH}x${g.kernelW}_s${g.strideH}`;
}

/** Parameters of one row that all kernels have. */
export function windowFields({ g }: ConvLayer): StructLiteral {
  return {
    in_w: g.inW,
    in_c: g.inC,
    out_w: g.outW,
    out_c: g.outC,
    out_pitch: g.outC,
    kernel_h: g.kernelH,
    kernel_w: g.kernelW,
    stride_w: g.strideW,
    dilation_w: g.dilationW,
    pad_left: g.padLeft,
  };
}

/** One output channel per input channel and multiplier: the kernels of depthwise convolution. */
export function isDepthwise({ g }: ConvLayer): boolean {
  return g.inC === g.groups && g.groups > 1;
}
