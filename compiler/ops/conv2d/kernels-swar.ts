/**
 * Convolution kernels for cores without the DSP extension (Cortex-M3, M0, M0+): two multiply-accumulates in one 32-bit product,
 * symmetric weights, a word of flash for two of them.
 */
import type { Candidate, Work } from "../choose-kernel.js";
import type { ConvGeometry } from "../conv2d.js";
import type { KernelContext } from "../kernel.js";
import {
  type ConvLayer,
  foldZeroPoint,
  geometryName,
  isDepthwise,
  type PointwiseLayer,
  quantWords,
  rowsDrive,
  type WeightedLayer,
  windowFields,
} from "./layer.js";
import { roundUp } from "./pack.js";
import { fitsPackedProducts, packRowPairs, packSwarWeights, pairedOrder } from "./pack-swar.js";

/** Pixels at a time: eight sums need the registers of Armv7-M, which has the long multiply that Armv6-M lacks. */
function blockOf({ target }: KernelContext): 1 | 2 {
  return target.isa.smull ? 2 : 1;
}

/** Channels are computed in whole groups. */
function groupedWork({ weights }: WeightedLayer, asked: Work, width: number): Work {
  return { ...asked, macs: (asked.macs / weights.outputs) * roundUp(weights.outputs, width) };
}

const pointwise: Candidate<PointwiseLayer> = {
  kernel: "lwc_pointwise_s8_swar",
  takesTable: true,
  work: (layer, asked) => groupedWork(layer, asked, 4),
  fits: (layer, context) =>
    (layer.pixels > 1 || blockOf(context) === 1 || layer.weights.outputs <= 4) &&
    fitsPackedProducts(layer, pairedOrder(1, layer.weights.inputs)),
  call(plain, context) {
    const layer = foldZeroPoint(plain);
    const { stem, pixels, weights, plan } = layer;
    const order = pairedOrder(1, weights.inputs);
    const block = pixels === 1 ? 1 : blockOf(context);
    return {
      kernel: "lwc_pointwise_s8_swar",
      header: "lwc_pointwise_s8_swar.h",
      geometry: stem,
      params: {
        type: "lwc_pointwise_swar_params",
        fields: {
          pixels,
          in_c: weights.inputs,
          out_c: weights.outputs,
          out_pitch: weights.outputs,
          block,
          requant: { ...plan.fields },
        },
      },
      drive: { kind: "flat", forwardPixels: block },
      constants: packSwarWeights(layer, order, 4),
      scratchBytes: 2 * order.length * block,
      why: `${blockText(block)}, two multiply-accumulates to a product; ${plan.why}`,
    };
  },
};

const fullyConnected: Candidate<PointwiseLayer> = {
  kernel: "lwc_fully_connected_s8_swar",
  takesTable: true,
  work: (layer, asked) => groupedWork(layer, asked, 8),
  fits: (layer) =>
    layer.pixels === 1 && layer.weights.outputs > 4 && fitsPackedProducts(layer, pairedOrder(1, layer.weights.inputs)),
  call(plain) {
    const layer = foldZeroPoint(plain);
    const { stem, weights, plan } = layer;
    const order = pairedOrder(1, weights.inputs);
    return {
      kernel: "lwc_fully_connected_s8_swar",
      header: "lwc_fully_connected_s8_swar.h",
      geometry: stem,
      params: {
        type: "lwc_fully_connected_swar_params",
        fields: { in_c: weights.inputs, out_c: weights.outputs, requant: { ...plan.fields } },
      },
      drive: { kind: "flat" },
      constants: packSwarWeights(layer, order, 8),
      scratchBytes: 2 * order.length,
      why: `8 outputs at a time, two multiply-accumulates to a product; ${plan.why}`,
    };
  },
};

/** Window rows that lwc_conv2d_s8_swar has room for. */
const MAX_ROWS = 16;

const windowOrder = ({ g }: ConvLayer): readonly number[] => pairedOrder(g.kernelH, g.kernelW * g.inC);

export const swarConv: Candidate<ConvLayer> = {
  kernel: "lwc_conv2d_s8_swar",
  takesTable: true,
  work: (layer, asked) => groupedWork(layer, asked, 4),
  fits: (layer) => layer.g.groups === 1 && layer.g.kernelH <= MAX_ROWS && fitsPackedProducts(layer, windowOrder(layer)),
  call(plain, context) {
    const layer = foldZeroPoint(plain);
    const { g, plan, zeroPoint } = layer;
    const order = windowOrder(layer);
    const block = g.outW === 1 ? 1 : blockOf(context);
    return {
      kernel: "lwc_conv2d_s8_swar",
      header: "lwc_conv2d_s8_swar.h",
      geometry: geometryName("conv", g),
      params: {
        type: "lwc_conv2d_swar_params",
        fields: { ...windowFields(layer), in_zero_point: zeroPoint, block, requant: { ...plan.fields } },
      },
      drive: rowsDrive(layer),
      constants: packSwarWeights(layer, order, 4),
      scratchBytes: 2 * order.length * block + g.kernelH * g.kernelW * g.inC,
      why: `${blockText(block)}, two multiply-accumulates to a product; ${plan.why}`,
    };
  },
};

/** Taps of a window row that lwc_depthwise_conv2d_s8_swar unrolls. */
const MAX_TAPS = 8;

/** The taps of each row pair of a depthwise window: the products that hold two of them. */
function rowPairOrder({ kernelH, kernelW }: ConvGeometry): readonly number[] {
  const order: number[] = [];
  for (let y = 0; y + 1 < kernelH; y += 2)
    for (let x = 0; x < kernelW; x++) order.push(y * kernelW + x, (y + 1) * kernelW + x);
  return order;
}

const depthwise: Candidate<ConvLayer> = {
  kernel: "lwc_depthwise_conv2d_s8_swar",
  takesTable: true,
  fits: (layer) =>
    isDepthwise(layer) &&
    layer.g.groups === layer.g.outC &&
    layer.g.dilationW === 1 &&
    layer.g.kernelW <= MAX_TAPS &&
    fitsPackedProducts(layer, rowPairOrder(layer.g)),
  call(plain, context) {
    const layer = foldZeroPoint(plain);
    const { g, plan, zeroPoint } = layer;
    const block = 2 * blockOf(context);
    return {
      kernel: "lwc_depthwise_conv2d_s8_swar",
      header: "lwc_depthwise_conv2d_s8_swar.h",
      geometry: geometryName("dw", g),
      params: {
        type: "lwc_depthwise_conv2d_swar_params",
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
          block,
          requant: { ...plan.fields },
        },
      },
      drive: rowsDrive(layer),
      constants: [packRowPairs(layer, g), quantWords(layer)],
      scratchBytes: 0,
      why: `depthwise, ${block} outputs of a channel at a time, rows in pairs, two multiply-accumulates to a product; ${plan.why}`,
    };
  },
};

function blockText(block: 1 | 2): string {
  return block === 1 ? "1 pixel x 4 channels" : "2 pixels x 4 channels";
}

export const swarConvs: readonly Candidate<ConvLayer>[] = [swarConv, depthwise];
export const swarPointwises: readonly Candidate<PointwiseLayer>[] = [pointwise, fullyConnected];
