/** Depthwise kernels for cores with the DSP extension (Cortex-M4, M7, M33): dual multiply-accumulates, symmetric weights. */

import type { Target } from "../../targets.js";
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

/** Bytes of planes beyond which a turn makes no more output rows. */
const PLANE_BYTES = 3072;

function planeBytes({ g }: ConvLayer, rows: number): number {
  const words = (g.strideW === 2 ? g.outW : Math.ceil(g.outW / 2)) + (g.kernelW - 1) / 2;
  return 4 * 4 * words * ((rows - 1) * g.strideH + g.kernelH);
}

/** Words behind the planes that hold the weights of a channel; those of three pairs of columns are in registers. */
function weightBytes({ g }: ConvLayer): number {
  return g.kernelH * (g.kernelW >> 1) === 3 ? 0 : 4 * g.kernelH * (g.kernelW - 1);
}

/** Input rows of a call are pointers on the stack. */
const MAX_POINTERS = 68;

/** Output rows of a call and of a turn of it. */
interface Block {
  readonly rows: number;
  readonly turn: number;
}

/**
 * All rows where the output can take the place of the input, in turns of about equal length; else the most rows that divide all and
 * share small planes.
 */
function blockOf(layer: ConvLayer, context: KernelContext): Block {
  const { g } = layer;
  const { mostRows = Number.POSITIVE_INFINITY, mostScratch = Number.POSITIVE_INFINITY } = context;
  if (g.dilationH !== 1) return { rows: 1, turn: 1 };
  const room = Math.min(PLANE_BYTES, mostScratch - weightBytes(layer));
  const isSmall = (rows: number): boolean => planeBytes(layer, rows) <= room;
  if (isWhole(layer, g.outH) && mostRows >= g.outH && isReadOften(layer, context.target)) {
    let most = 1;
    while (most < g.outH && isSmall(most + 1)) most++;
    return { rows: g.outH, turn: Math.ceil(g.outH / Math.ceil(g.outH / most)) };
  }
  let best = 1;
  for (let rows = 2; rows <= Math.min(g.outH, mostRows); rows++) {
    const pointers = (rows - 1) * g.strideH + g.kernelH;
    if (g.outH % rows === 0 && pointers <= MAX_POINTERS && isSmall(rows)) best = rows;
  }
  return { rows: best, turn: best };
}

/** True where a call that makes so many rows makes all of an output that could replace the input. */
function isWhole({ g }: ConvLayer, rows: number): boolean {
  return rows === g.outH && g.inH === g.outH && g.inW === g.outW && g.outH + g.kernelH - 1 <= MAX_POINTERS;
}

/** True where an input can be walked through once for every four channels: a line of a data cache has more, and has to stay in it. */
function isReadOften({ g }: ConvLayer, { isa }: Target): boolean {
  return isa.dataCache === undefined || 2 * g.inH * g.inW * g.inC <= isa.dataCache;
}

function callPlanes(plain: ConvLayer, { rows, turn }: Block): KernelCall {
  const layer = foldZeroPoint(plain);
  const { g, plan, zeroPoint, weights } = layer;
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
        turn,
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
    ...(isWhole(layer, rows) ? { inPlace: true } : {}),
    constants: [packDepthwiseColumns(weights, g), quantWords(layer)],
    scratchBytes: planeBytes(layer, turn) + weightBytes(layer),
    why: `depthwise, 4 channels at a time through int16 planes${rows > 1 ? `, ${rows} rows per call` : ""}; ${plan.why}`,
  };
}

/** One output row per call. */
const planes: Candidate<ConvLayer> = {
  kernel: "lwc_depthwise_planes_s8_dsp",
  takesTable: true,
  fits: hasColumnPlanes,
  call: (layer) => callPlanes(layer, { rows: 1, turn: 1 }),
};

/** Several output rows per call share the planes of their windows: fewer cycles, more scratch. */
const planesOfBlocks: Candidate<ConvLayer> = {
  kernel: "lwc_depthwise_planes_s8_dsp",
  takesTable: true,
  fits: (layer, context) => context.optimize !== "size" && hasColumnPlanes(layer) && blockOf(layer, context).rows > 1,
  work(layer, asked, context) {
    const { g } = layer;
    const { rows, turn } = blockOf(layer, context);
    const fetched = (rows - 1) * g.strideH + g.kernelH;
    const turns = Math.ceil(rows / turn);
    return {
      ...asked,
      inputs: (asked.inputs * fetched) / (rows * g.kernelH),
      calls: (asked.calls * turns) / rows,
    };
  },
  call: (layer, context) => callPlanes(layer, blockOf(layer, context)),
};

export const dspDepthwises: readonly Candidate<ConvLayer>[] = [pairs, rowPairs, planes, planesOfBlocks];
