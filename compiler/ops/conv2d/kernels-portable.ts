/** Convolution kernels for any core, in plain C. */
import type { Candidate } from "../choose-kernel.js";
import {
  type ConvLayer,
  foldZeroPoint,
  geometryName,
  isDepthwise,
  type PointwiseLayer,
  plainWeights,
  quantWords,
  rowsDrive,
  windowFields,
} from "./layer.js";

const portablePointwise: Candidate<PointwiseLayer> = {
  kernel: "lwc_pointwise_s8",
  takesTable: true,
  call(layer) {
    const { stem, pixels, weights, plan, zeroPoint } = layer;
    return {
      kernel: "lwc_pointwise_s8",
      header: "lwc_pointwise_s8.h",
      geometry: stem,
      params: {
        type: "lwc_pointwise_params",
        fields: {
          pixels,
          in_c: weights.inputs,
          out_c: weights.outputs,
          out_pitch: weights.outputs,
          in_zero_point: zeroPoint,
          weight_zero_point: weights.zeroPoint,
          requant: { ...plan.fields },
        },
      },
      drive: { kind: "flat", forwardPixels: 1 },
      constants: [plainWeights(layer, [weights.outputs, weights.inputs]), quantWords(layer)],
      scratchBytes: 0,
      why: `dot products, one multiply-accumulate at a time; ${plan.why}`,
    };
  },
};

/** Multiply-accumulates whose cycles equal those around the channels of a tap. */
const TAP_MACS = 1.2;

const portableConv: Candidate<ConvLayer> = {
  kernel: "lwc_conv2d_s8",
  takesTable: true,
  work: ({ g }, asked) => ({ ...asked, macs: asked.macs * (1 + (TAP_MACS * g.groups) / g.inC) }),
  call(layer) {
    const { g, plan, zeroPoint, weights } = layer;
    return {
      kernel: "lwc_conv2d_s8",
      header: "lwc_conv2d_s8.h",
      geometry: geometryName("conv", g),
      params: {
        type: "lwc_conv2d_params",
        fields: {
          ...windowFields(layer),
          groups: g.groups,
          in_zero_point: zeroPoint,
          weight_zero_point: weights.zeroPoint,
          requant: { ...plan.fields },
        },
      },
      drive: rowsDrive(layer),
      constants: [plainWeights(layer, [g.outC, g.kernelH, g.kernelW, g.inC / g.groups]), quantWords(layer)],
      scratchBytes: 0,
      why: `general convolution, one multiply-accumulate at a time; ${plan.why}`,
    };
  },
};

const portableDepthwise: Candidate<ConvLayer> = {
  kernel: "lwc_depthwise_conv2d_s8",
  takesTable: true,
  fits: (layer) => isDepthwise(layer) && layer.weights.zeroPoint === 0,
  call(plain) {
    const layer = foldZeroPoint(plain);
    const { g, plan, zeroPoint } = layer;
    return {
      kernel: "lwc_depthwise_conv2d_s8",
      header: "lwc_depthwise_conv2d_s8.h",
      geometry: geometryName("dw", g),
      params: {
        type: "lwc_depthwise_conv2d_params",
        fields: { ...windowFields(layer), in_zero_point: zeroPoint, requant: { ...plan.fields } },
      },
      drive: rowsDrive(layer),
      constants: [plainWeights(layer, [g.outC, g.kernelH, g.kernelW]), quantWords(layer)],
      scratchBytes: 0,
      why: `depthwise, one multiply-accumulate at a time; ${plan.why}`,
    };
  },
};

/** Taps of a window row that lwc_depthwise_conv2d_s8_x4 keeps in registers. */
const MAX_TAPS = 8;

const portableDepthwise4: Candidate<ConvLayer> = {
  kernel: "lwc_depthwise_conv2d_s8_x4",
  takesTable: true,
  fits: (layer) =>
    isDepthwise(layer) &&
    layer.g.groups === layer.g.outC &&
    layer.weights.zeroPoint === 0 &&
    layer.g.dilationW === 1 &&
    layer.g.kernelW <= MAX_TAPS,
  call(plain) {
    const layer = foldZeroPoint(plain);
    const { g, plan, zeroPoint } = layer;
    return {
      kernel: "lwc_depthwise_conv2d_s8_x4",
      header: "lwc_depthwise_conv2d_s8_x4.h",
      geometry: geometryName("dw", g),
      params: {
        type: "lwc_depthwise_conv2d_x4_params",
        fields: {
          in_w: g.inW,
          in_c: g.inC,
          out_w: g.outW,
          out_pitch: g.outC,
          kernel_h: g.kernelH,
          kernel_w: g.kernelW,
          stride_w: g.strideW,
          pad_left: g.padLeft,
          in_zero_point: zeroPoint,
          requant: { ...plan.fields },
        },
      },
      drive: rowsDrive(layer),
      constants: [plainWeights(layer, [g.outC, g.kernelH, g.kernelW]), quantWords(layer)],
      scratchBytes: 0,
      why: `depthwise, 4 outputs of a channel at a time, each input loaded once for all; ${plan.why}`,
    };
  },
};

export const portableConvs: readonly Candidate<ConvLayer>[] = [portableConv, portableDepthwise, portableDepthwise4];
export const portablePointwises: readonly Candidate<PointwiseLayer>[] = [portablePointwise];
