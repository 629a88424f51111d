/** Convolution kernels for cores with the DSP extension (Cortex-M4, M7, M33): dual multiply-accumulates, symmetric weights. */
import type { Candidate } from "../choose-kernel.js";
import {
  type ConvLayer,
  foldZeroPoint,
  geometryName,
  isDepthwise,
  type PointwiseLayer,
  quantWords,
  rowsDrive,
  windowFields,
} from "./layer.js";
import { packDepthwisePairs, packDotWeights, roundUp } from "./pack.js";

export const dspPointwise: Candidate<PointwiseLayer> = {
  kernel: "lwc_pointwise_s8_dsp",
  fits: (layer) => layer.weights.zeroPoint === 0,
  call(layer) {
    const { stem, pixels, weights, plan, zeroPoint } = layer;
    return {
      kernel: "lwc_pointwise_s8_dsp",
      header: "lwc_pointwise_s8_dsp.h",
      geometry: stem,
      params: {
        type: "lwc_pointwise_dsp_params",
        fields: {
          pixels,
          in_c: weights.inputs,
          out_c: weights.outputs,
          in_zero_point: zeroPoint,
          requant: { ...plan.fields },
        },
      },
      drive: { kind: "flat", forwardPixels: 2 },
      constants: [packDotWeights(weights), quantWords(layer)],
      scratchBytes: 2 * 2 * roundUp(weights.inputs, 4),
      why: `2 pixels x 2 channels of dual multiply-accumulates over int16 pixels; ${plan.why}`,
    };
  },
};

export const dspConv: Candidate<ConvLayer> = {
  kernel: "lwc_conv2d_s8_dsp",
  fits: ({ g, weights }) => g.groups === 1 && weights.zeroPoint === 0,
  call(layer) {
    const { g, plan, zeroPoint, weights } = layer;
    const depth = roundUp(g.kernelH * g.kernelW * g.inC, 4);
    return {
      kernel: "lwc_conv2d_s8_dsp",
      header: "lwc_conv2d_s8_dsp.h",
      geometry: geometryName("conv", g),
      params: {
        type: "lwc_conv2d_dsp_params",
        fields: { ...windowFields(layer), in_zero_point: zeroPoint, requant: { ...plan.fields } },
      },
      drive: rowsDrive(layer),
      constants: [packDotWeights(weights), quantWords(layer)],
      scratchBytes: 2 * 2 * depth + depth,
      why: `2 pixels x 2 channels of dual multiply-accumulates over int16 patches; ${plan.why}`,
    };
  },
};

export const dspDepthwise: Candidate<ConvLayer> = {
  kernel: "lwc_depthwise_conv2d_s8_dsp",
  fits: (layer) => isDepthwise(layer) && layer.g.groups === layer.g.outC && layer.weights.zeroPoint === 0,
  call(plain) {
    const layer = foldZeroPoint(plain);
    const { g, plan, zeroPoint, weights } = layer;
    return {
      kernel: "lwc_depthwise_conv2d_s8_dsp",
      header: "lwc_depthwise_conv2d_s8_dsp.h",
      geometry: geometryName("dw", g),
      params: {
        type: "lwc_depthwise_conv2d_dsp_params",
        fields: { ...windowFields(layer), in_zero_point: zeroPoint, requant: { ...plan.fields } },
      },
      drive: rowsDrive(layer),
      constants: [packDepthwisePairs(weights), quantWords(layer)],
      scratchBytes: roundUp(g.inC, 4) + 4 * g.kernelH * g.kernelW,
      why: `depthwise, 4 channels at a time, taps in pairs through dual multiply-accumulates; ${plan.why}`,
    };
  },
};
