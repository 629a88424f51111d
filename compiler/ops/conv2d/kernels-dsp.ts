/** Convolution kernels for cores with the DSP extension (Cortex-M4, M7, M33): dual multiply-accumulates, symmetric weights. */
import type { Candidate, Work } from "../choose-kernel.js";
import type { KernelCall } from "../kernel.js";
import { dspDepthwises } from "./kernels-dsp-depthwise.js";
import { dspWinograds } from "./kernels-dsp-winograd.js";
import {
  type ConvLayer,
  foldZeroPoint,
  geometryName,
  type PointwiseLayer,
  quantWords,
  rowsDrive,
  windowFields,
} from "./layer.js";
import { expandedOrder, packChannelPairs, packDotWeights, roundUp } from "./pack.js";

const dspPointwise: Candidate<PointwiseLayer> = {
  kernel: "lwc_pointwise_s8_dsp",
  takesTable: true,
  // What makes rows over its input is faster by more pixels at a time.
  fits: (layer, { rowsOverInput }) => layer.weights.zeroPoint === 0 && rowsOverInput === undefined,
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
          out_pitch: weights.outputs,
          in_zero_point: zeroPoint,
          requant: { ...plan.fields },
        },
      },
      drive: { kind: "flat", forwardPixels: 2 },
      ...inPlace(layer),
      constants: [packDotWeights(weights), quantWords(layer)],
      scratchBytes: 2 * 2 * roundUp(weights.inputs, 4),
      why: `2 pixels x 2 channels of dual multiply-accumulates over int16 pixels; ${plan.why}`,
    };
  },
};

/** Pixels are expanded before their outputs are written. */
function inPlace({ weights }: PointwiseLayer): Pick<KernelCall, "inPlace"> {
  return weights.inputs === weights.outputs ? { inPlace: true } : {};
}

/** A single pixel of many outputs is a fully connected layer, which has blocks of its own. */
function hasPixels({ pixels, weights }: PointwiseLayer): boolean {
  return weights.zeroPoint === 0 && (pixels > 1 || weights.outputs <= 4);
}

/** Work of blocks of four pixels, where one that is left behind the last costs as much as `rest` others. */
function blockWork(rest: number, { pixels }: PointwiseLayer, asked: Work): Work {
  const factor = (pixels + (pixels % 4) * (rest - 1)) / pixels;
  return { ...asked, macs: asked.macs * factor, outputs: asked.outputs * factor };
}

interface BlockKernel {
  readonly kernel: string;
  readonly params: string;
  /** False where it writes pixels side by side only. */
  readonly takesPitch: boolean;
  /** The function for several rows. */
  readonly runsOfRows: string;
  readonly how: string;
}

const ownCode: BlockKernel = {
  kernel: "lwc_pointwise_s8_dsp4",
  params: "lwc_pointwise_dsp4_params",
  takesPitch: true,
  runsOfRows: "lwc_pointwise_rows_s8_dsp4",
  how: "",
};

const sharedCode: BlockKernel = {
  kernel: "lwc_pointwise_shared_s8_dsp",
  params: "lwc_pointwise_shared_dsp_params",
  takesPitch: false,
  runsOfRows: "lwc_pointwise_shared_rows_s8_dsp",
  how: ", in code that layers share",
};

function callBlocks(plain: PointwiseLayer, { kernel, params, takesPitch, runsOfRows, how }: BlockKernel): KernelCall {
  const layer = foldZeroPoint(plain);
  const { stem, pixels, weights, plan } = layer;
  const order = expandedOrder(1, weights.inputs);
  const packed = packChannelPairs(layer, order);
  return {
    kernel,
    header: `${kernel}.h`,
    geometry: stem,
    params: {
      type: params,
      fields: {
        pixels,
        in_c: weights.inputs,
        out_c: weights.outputs,
        ...(takesPitch ? { out_pitch: weights.outputs } : {}),
        carried: packed.carried ? 1 : 0,
        requant: { ...plan.fields },
      },
    },
    drive: { kind: "flat", forwardPixels: 4 },
    ...inPlace(layer),
    ...(weights.inputs === weights.outputs ? { runsOfRows } : {}),
    constants: [packed.weights, packed.quant],
    scratchBytes: 4 * 2 * order.length,
    why: `4 pixels x 2 channels of dual multiply-accumulates over int16 pixels${how}; ${plan.why}`,
  };
}

const dspPointwise4: Candidate<PointwiseLayer> = {
  kernel: "lwc_pointwise_s8_dsp4",
  takesTable: true,
  fits: hasPixels,
  work: (layer, asked) => blockWork(1.3, layer, asked),
  call: (layer) => callBlocks(layer, ownCode),
};

/** One function for all layers that requantize alike. */
const dspPointwiseShared: Candidate<PointwiseLayer> = {
  kernel: "lwc_pointwise_shared_s8_dsp",
  fits(layer) {
    const { form, fields } = layer.plan;
    const isNarrow = form === "float" && fields.shift !== 0 && fields.zero_point % 2 === 0;
    const isByte = fields.min === -128 && fields.max === 127;
    return hasPixels(layer) && isByte && (form === "short" || isNarrow);
  },
  work: (layer, asked) => blockWork(2.5, layer, asked),
  call: (layer) => callBlocks(layer, sharedCode),
};

const dspFullyConnected: Candidate<PointwiseLayer> = {
  kernel: "lwc_fully_connected_s8_dsp",
  takesTable: true,
  fits: ({ pixels, weights }) => pixels === 1 && weights.outputs > 4 && weights.zeroPoint === 0,
  call(plain) {
    const layer = foldZeroPoint(plain);
    const { stem, weights, plan } = layer;
    const order = expandedOrder(1, weights.inputs);
    const packed = packChannelPairs(layer, order, 8);
    return {
      kernel: "lwc_fully_connected_s8_dsp",
      header: "lwc_fully_connected_s8_dsp.h",
      geometry: stem,
      params: {
        type: "lwc_fully_connected_dsp_params",
        fields: {
          in_c: weights.inputs,
          out_c: weights.outputs,
          carried: packed.carried ? 1 : 0,
          requant: { ...plan.fields },
        },
      },
      drive: { kind: "flat" },
      constants: [packed.weights, packed.quant],
      scratchBytes: 2 * order.length,
      why: `8 outputs at a time by dual multiply-accumulates over int16 inputs; ${plan.why}`,
    };
  },
};

/** Window rows that lwc_conv2d_s8_dsp4 has room for. */
const MAX_ROWS = 16;

export const dspConv4: Candidate<ConvLayer> = {
  kernel: "lwc_conv2d_s8_dsp4",
  takesTable: true,
  fits: ({ g, weights }) => g.groups === 1 && weights.zeroPoint === 0 && g.kernelH <= MAX_ROWS,
  call(plain) {
    const layer = foldZeroPoint(plain);
    const { g, plan, zeroPoint } = layer;
    const order = expandedOrder(g.kernelH, g.kernelW * g.inC);
    const packed = packChannelPairs(layer, order);
    return {
      kernel: "lwc_conv2d_s8_dsp4",
      header: "lwc_conv2d_s8_dsp4.h",
      geometry: geometryName("conv", g),
      params: {
        type: "lwc_conv2d_dsp4_params",
        fields: {
          ...windowFields(layer),
          in_zero_point: zeroPoint,
          carried: packed.carried ? 1 : 0,
          requant: { ...plan.fields },
        },
      },
      drive: rowsDrive(layer),
      constants: [packed.weights, packed.quant],
      scratchBytes: 4 * 2 * order.length + g.kernelH * g.kernelW * g.inC,
      why: `4 pixels x 2 channels of dual multiply-accumulates over int16 windows; ${plan.why}`,
    };
  },
};

const dspConv: Candidate<ConvLayer> = {
  kernel: "lwc_conv2d_s8_dsp",
  takesTable: true,
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

export const dspConvs: readonly Candidate<ConvLayer>[] = [dspConv, dspConv4, ...dspWinograds, ...dspDepthwises];
export const dspPointwises: readonly Candidate<PointwiseLayer>[] = [
  dspPointwise,
  dspPointwise4,
  dspPointwiseShared,
  dspFullyConnected,
];
