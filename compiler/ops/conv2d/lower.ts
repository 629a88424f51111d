/** Kernel choice of conv2d: which row kernel runs a convolution on a target, with what packing, and why. */

import type { RequantPlan } from "../../arith/requant-plan.js";
import { must } from "../../diagnostics.js";
import { planLayerRequant } from "../accumulator.js";
import { type WeightBlock, weightBlock } from "../channel-pruning.js";
import { type Conv2dAttrs, type ConvGeometry, convGeometry } from "../conv2d.js";
import type { Drive, KernelCall, KernelContext, PackedConstant, StructLiteral } from "../kernel.js";
import { type NodeView, quantOf } from "../op.js";
import { packDepthwisePairs, packDotWeights, roundUp } from "./pack.js";

interface Choice {
  readonly view: NodeView<Conv2dAttrs>;
  readonly g: ConvGeometry;
  readonly weights: WeightBlock;
  readonly plan: RequantPlan;
  readonly zeroPoint: number;
}

export function lowerConv2d(view: NodeView<Conv2dAttrs>, context: KernelContext): KernelCall {
  const g = convGeometry(view);
  const choice: Choice = {
    view,
    g,
    weights: weightBlock(must(view.inputs[1], "weights")),
    plan: planLayerRequant(view, context, 1, g.groups, g.padded),
    zeroPoint: quantOf(must(view.inputs[0], "input")).zeroPoint,
  };
  const dual = context.target.isa.dsp && choice.weights.zeroPoint === 0;
  const pointwise =
    g.kernelH === 1 && g.kernelW === 1 && g.strideH === 1 && g.strideW === 1 && g.groups === 1 && !g.padded;
  const depthwise = g.inC / g.groups === 1 && g.groups > 1;
  if (pointwise) return dual ? pointwiseDsp(choice) : pointwisePortable(choice);
  if (depthwise && choice.weights.zeroPoint === 0) {
    return dual && g.groups === g.outC ? depthwiseDsp(choice) : depthwisePortable(choice);
  }
  return dual && g.groups === 1 ? convDsp(choice) : convPortable(choice);
}

/** Constants of every kernel: packed weights, then bias and requantization words. */
function constants(choice: Choice, weights: PackedConstant): readonly PackedConstant[] {
  const { plan, g } = choice;
  const quant: PackedConstant = {
    name: "quant",
    data: plan.words,
    align: 4,
    comment: `[${g.outC}][${plan.wordsPerChannel}] ${plan.form === "float" ? "bias, float32 scale" : plan.form === "window" ? "bias, mult" : plan.form === "short" ? "bias, mult, add" : "bias, mult, shift"}`,
    role: "table",
  };
  return [weights, quant];
}

function plainWeights(choice: Choice): PackedConstant {
  const { g } = choice;
  const comment = `[${g.outC}][${g.kernelH}][${g.kernelW}][${g.inC / g.groups}] in [-128, 127]`;
  return { name: "weights", data: choice.weights.data, align: 4, comment, role: "weights" };
}

/**
 * Folds the input's zero point into the biases: bias - zx * sum(w). Exact, because padding holds zx itself; the sum wraps
 * modulo 2^32 like the accumulator it starts.
 */
function foldZeroPoint(choice: Choice): Choice {
  const { weights, plan, zeroPoint } = choice;
  const words = plan.words.slice();
  const perOutput = weights.taps * weights.inputs;
  for (let o = 0; o < weights.outputs; o++) {
    let sum = 0;
    for (let i = 0; i < perOutput; i++) sum += weights.data[o * perOutput + i] ?? 0;
    const at = o * plan.wordsPerChannel;
    words[at] = ((words[at] ?? 0) - zeroPoint * sum) | 0;
  }
  return { ...choice, plan: { ...plan, words } };
}

function rowsDrive(choice: Choice): Drive {
  const { g, zeroPoint } = choice;
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

function geometryName(stem: string, g: ConvGeometry): string {
  return `${stem}${g.kernelH}x${g.kernelW}_s${g.strideH}`;
}

function windowFields(choice: Choice): StructLiteral {
  const { g } = choice;
  return {
    in_w: g.inW,
    in_c: g.inC,
    out_w: g.outW,
    out_c: g.outC,
    kernel_h: g.kernelH,
    kernel_w: g.kernelW,
    stride_w: g.strideW,
    dilation_w: g.dilationW,
    pad_left: g.padLeft,
  };
}

function pointwisePortable(choice: Choice): KernelCall {
  const { g, plan, zeroPoint, weights } = choice;
  return {
    kernel: "lwc_pointwise_s8",
    header: "lwc_pointwise_s8.h",
    geometry: "pw",
    params: {
      type: "lwc_pointwise_params",
      fields: {
        pixels: g.outH * g.outW,
        in_c: g.inC,
        out_c: g.outC,
        in_zero_point: zeroPoint,
        weight_zero_point: weights.zeroPoint,
        requant: { ...plan.fields },
      },
    },
    drive: { kind: "flat" },
    constants: constants(choice, plainWeights(choice)),
    scratchBytes: 0,
    why: `pointwise, one multiply-accumulate at a time; ${plan.why}`,
  };
}

function pointwiseDsp(choice: Choice): KernelCall {
  const { g, plan, zeroPoint } = choice;
  return {
    kernel: "lwc_pointwise_s8_dsp",
    header: "lwc_pointwise_s8_dsp.h",
    geometry: "pw",
    params: {
      type: "lwc_pointwise_dsp_params",
      fields: {
        pixels: g.outH * g.outW,
        in_c: g.inC,
        out_c: g.outC,
        in_zero_point: zeroPoint,
        requant: { ...plan.fields },
      },
    },
    drive: { kind: "flat" },
    constants: constants(choice, packDotWeights(choice.weights)),
    scratchBytes: 2 * 2 * roundUp(g.inC, 4),
    why: `pointwise, 2 pixels x 2 channels of dual multiply-accumulates over int16 pixels; ${plan.why}`,
  };
}

function convPortable(choice: Choice): KernelCall {
  const { g, plan, zeroPoint, weights } = choice;
  return {
    kernel: "lwc_conv2d_s8",
    header: "lwc_conv2d_s8.h",
    geometry: geometryName("conv", g),
    params: {
      type: "lwc_conv2d_params",
      fields: {
        ...windowFields(choice),
        groups: g.groups,
        in_zero_point: zeroPoint,
        weight_zero_point: weights.zeroPoint,
        requant: { ...plan.fields },
      },
    },
    drive: rowsDrive(choice),
    constants: constants(choice, plainWeights(choice)),
    scratchBytes: 0,
    why: `general convolution, one multiply-accumulate at a time; ${plan.why}`,
  };
}

function convDsp(choice: Choice): KernelCall {
  const { g, plan, zeroPoint } = choice;
  const depth = roundUp(g.kernelH * g.kernelW * g.inC, 4);
  return {
    kernel: "lwc_conv2d_s8_dsp",
    header: "lwc_conv2d_s8_dsp.h",
    geometry: geometryName("conv", g),
    params: {
      type: "lwc_conv2d_dsp_params",
      fields: { ...windowFields(choice), in_zero_point: zeroPoint, requant: { ...plan.fields } },
    },
    drive: rowsDrive(choice),
    constants: constants(choice, packDotWeights(choice.weights)),
    scratchBytes: 2 * 2 * depth + depth,
    why: `convolution, 2 pixels x 2 channels of dual multiply-accumulates over int16 patches; ${plan.why}`,
  };
}

function depthwisePortable(plain: Choice): KernelCall {
  const choice = foldZeroPoint(plain);
  const { g, plan, zeroPoint } = choice;
  return {
    kernel: "lwc_depthwise_conv2d_s8",
    header: "lwc_depthwise_conv2d_s8.h",
    geometry: geometryName("dw", g),
    params: {
      type: "lwc_depthwise_conv2d_params",
      fields: { ...windowFields(choice), in_zero_point: zeroPoint, requant: { ...plan.fields } },
    },
    drive: rowsDrive(choice),
    constants: constants(choice, plainWeights(choice)),
    scratchBytes: 0,
    why: `depthwise, one multiply-accumulate at a time; ${plan.why}`,
  };
}

function depthwiseDsp(plain: Choice): KernelCall {
  const choice = foldZeroPoint(plain);
  const { g, plan, zeroPoint } = choice;
  return {
    kernel: "lwc_depthwise_conv2d_s8_dsp",
    header: "lwc_depthwise_conv2d_s8_dsp.h",
    geometry: geometryName("dw", g),
    params: {
      type: "lwc_depthwise_conv2d_dsp_params",
      fields: { ...windowFields(choice), in_zero_point: zeroPoint, requant: { ...plan.fields } },
    },
    drive: rowsDrive(choice),
    constants: constants(choice, packDepthwisePairs(choice.weights)),
    scratchBytes: roundUp(g.inC, 4) + 4 * g.kernelH * g.kernelW,
    why: `depthwise, 4 channels at a time, taps in pairs through dual multiply-accumulates; ${plan.why}`,
  };
}
