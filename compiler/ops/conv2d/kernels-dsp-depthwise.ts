/** Depthwise kernels for cores with the DSP extension (Cortex-M4, M7, M33): dual multiply-accumulates, symmetric weights. */
import type { Candidate } from "../choose-kernel.js";
import type { KernelCall, KernelContext } from "../kernel.js";
import {
  type ConvLayer,
  foldZeroPoint,
  geometryName,
  isDepthwise,
  quantWords,
  rowsDrive,
  windowFields,
} from "./layer.js";
import { roundUp } from "./pack.js";
import { packDepthwiseColumns, packDepthwisePairs, packDepthwisePlanes } from "./pack-depthwise.js";

/** Any window. */
const pairs: Candidate<ConvLayer> = {
  kernel: "lwc_depthwise_conv2d_s8_dsp",
  takesTable: true,
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

/** Planes of pairs of window rows. */
const rowPairs: Candidate<ConvLayer> = {
  kernel: "lwc_depthwise_conv2d_s8_dsp4",
  takesTable: true,
  fits: (layer) =>
    isDepthwise(layer) && layer.g.groups === layer.g.outC && layer.weights.zeroPoint === 0 && layer.g.dilationW === 1,
  call(plain) {
    const layer = foldZeroPoint(plain);
    const { g, plan, zeroPoint, weights } = layer;
    const columns = (g.outW - 1) * g.strideW + g.kernelW;
    const plane = (g.kernelH >> 1) * columns + (g.kernelH % 2) * Math.ceil(columns / 2);
    return {
      kernel: "lwc_depthwise_conv2d_s8_dsp4",
      header: "lwc_depthwise_conv2d_s8_dsp4.h",
      geometry: geometryName("dw", g),
      params: {
        type: "lwc_depthwise_conv2d_dsp4_params",
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
      constants: [packDepthwisePlanes(weights, g), quantWords(layer)],
      scratchBytes: 4 * 4 * plane,
      why: `depthwise, 4 channels at a time through int16 planes, two taps per multiply; ${plan.why}`,
    };
  },
};

/** Windows that lwc_depthwise_planes_s8_dsp can run. */
function hasColumnPlanes(layer: ConvLayer): boolean {
  const { g, weights } = layer;
  return (
    isDepthwise(layer) &&
    g.groups === g.outC &&
    weights.zeroPoint === 0 &&
    g.dilationW === 1 &&
    (g.kernelW === 3 || g.kernelW === 5 || g.kernelW === 7) &&
    g.kernelH <= 7 &&
    (g.strideW === 1 || g.strideW === 2) &&
    g.padLeft < g.kernelW
  );
}

/** Bytes of planes beyond which a call makes no more output rows. */
const PLANE_BYTES = 3072;

function planeBytes({ g }: ConvLayer, rows: number): number {
  const words = (g.strideW === 2 ? g.outW : Math.ceil(g.outW / 2)) + (g.kernelW - 1) / 2;
  return 4 * 4 * words * ((rows - 1) * g.strideH + g.kernelH);
}

/** Output rows of a call: the largest divisor of all whose planes stay small. */
function rowsOfBlock(layer: ConvLayer): number {
  const { g } = layer;
  if (g.dilationH !== 1) return 1;
  let best = 1;
  for (let rows = 2; rows <= Math.min(g.outH, MAX_BLOCK); rows++) {
    if (g.outH % rows === 0 && planeBytes(layer, rows) <= PLANE_BYTES) best = rows;
  }
  return best;
}

/** Input rows of a call are pointers on the stack. */
const MAX_BLOCK = 32;

function callPlanes(plain: ConvLayer, rows: number): KernelCall {
  const layer = foldZeroPoint(plain);
  const { g, plan, zeroPoint, weights } = layer;
  const isSmall = g.kernelH * g.kernelW <= 9;
  return {
    kernel: "lwc_depthwise_planes_s8_dsp",
    header: "lwc_depthwise_planes_s8_dsp.h",
    geometry: geometryName("dw", g),
    params: {
      type: "lwc_depthwise_planes_dsp_params",
      fields: {
        in_w: g.inW,
        in_c: g.inC,
        out_w: g.outW,
        out_pitch: g.outC,
        rows,
        kernel_h: g.kernelH,
        kernel_w: g.kernelW,
        stride_h: g.strideH,
        stride_w: g.strideW,
        pad_left: g.padLeft,
        in_zero_point: zeroPoint,
        requant: { ...plan.fields },
      },
    },
    drive: { ...rowsDrive(layer), ...(rows > 1 ? { block: rows } : {}) },
    constants: [packDepthwiseColumns(weights, g), quantWords(layer)],
    scratchBytes: planeBytes(layer, rows) + (isSmall ? 0 : 4 * g.kernelH * (g.kernelW - 1)),
    why: `depthwise, 4 channels at a time through int16 planes${rows > 1 ? `, ${rows} rows per call` : ""}; ${plan.why}`,
  };
}

/** One output row per call. */
const planes: Candidate<ConvLayer> = {
  kernel: "lwc_depthwise_planes_s8_dsp",
  takesTable: true,
  fits: hasColumnPlanes,
  call: (layer) => callPlanes(layer, 1),
};

/** Several output rows per call share the planes of their windows: fewer cycles, more scratch. */
const planesOfBlocks: Candidate<ConvLayer> = {
  kernel: "lwc_depthwise_planes_s8_dsp",
  takesTable: true,
  fits: (layer, { optimize, singleRows }: KernelContext) =>
    optimize !== "size" && singleRows !== true && hasColumnPlanes(layer) && rowsOfBlock(layer) > 1,
  work(layer, asked) {
    const { g } = layer;
    const rows = rowsOfBlock(layer);
    const fetched = (rows - 1) * g.strideH + g.kernelH;
    return { ...asked, inputs: (asked.inputs * fetched) / (rows * g.kernelH), calls: asked.calls / rows };
  },
  call: (layer) => callPlanes(layer, rowsOfBlock(layer)),
};

export const dspDepthwises: readonly Candidate<ConvLayer>[] = [pairs, rowPairs, planes, planesOfBlocks];
