/** Depthwise kernels for cores with the DSP extension (Cortex-M4, M7, M33): dual multiply-accumulates, symmetric weights. */

import type { Target } from "../../targets.js";
import type { Candidate, Work } from "../choose-kernel.js";
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

/** Columns that the windows of a row cover, those outside included. */
function windowColumns({ outW, strideW, kernelW }: ConvLayer["g"]): number {
  return (outW - 1) * strideW + kernelW;
}

/** Planes of pairs of window rows. */
const rowPairs: Candidate<ConvLayer> = {
  kernel: "lwc_depthwise_conv2d_s8_dsp4",
  takesTable: true,
  fits: (layer) =>
    isDepthwise(layer) && layer.g.groups === layer.g.outC && layer.weights.zeroPoint === 0 && layer.g.dilationW === 1,
  work: ({ g }, asked) => ({ ...asked, inputs: g.outH * g.kernelH * windowColumns(g) * g.inC }),
  moreFlash: ({ g }) => {
    const oddRow = g.kernelH % 2 === 0 ? 0 : (1 + (g.strideW & 1)) * ((g.kernelW >> 1) + 1);
    return g.inC * (4 * ((g.kernelH >> 1) * g.kernelW + oddRow) - g.kernelH * g.kernelW);
  },
  call(plain) {
    const layer = foldZeroPoint(plain);
    const { g, plan, zeroPoint, weights } = layer;
    const columns = windowColumns(g);
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

/** Words of a plane row. */
function planeWords({ g }: ConvLayer): number {
  return (g.strideW === 2 ? g.outW : Math.ceil(g.outW / 2)) + (g.kernelW - 1) / 2;
}

/** Those that hold pixels: the others are filled with zero points once a call. */
function pixelWords(layer: ConvLayer): number {
  const { inW, padLeft } = layer.g;
  return Math.min(planeWords(layer) - (padLeft >> 1), Math.ceil((inW + (padLeft & 1)) / 2));
}

function planeBytes(layer: ConvLayer, rows: number): number {
  const { g } = layer;
  return 4 * 4 * planeWords(layer) * ((rows - 1) * g.strideH + g.kernelH);
}

/** Outputs whose cycles equal those around an output row of a channel. */
const ROW_OUTPUTS = 3.6;

/** Multiplications of windows of three columns in the cycles of one of others, which run no assembly, by stride. */
const FAST_MACS = [2, 1.2] as const;

/** Input values that are unzipped in the cycles of a word of planes that is carried over. */
const CARRIED = 0.9;

/**
 * Work of the kernel: a row of planes is unzipped in pairs of columns, or carried over from the turn before; and for each channel of a
 * turn, which counts as a call, the weights are unpacked.
 */
function planesWork(layer: ConvLayer, asked: Work, { rows, turn }: Block): Work {
  const { g } = layer;
  const calls = Math.ceil(g.outH / rows);
  const turns = calls * Math.ceil(rows / turn);
  const kept = (turns - calls) * Math.max(0, g.kernelH - g.strideH);
  const unzipped = (g.outH - turns) * g.strideH + turns * g.kernelH - kept;
  return {
    macs: g.kernelW === 3 ? asked.macs / FAST_MACS[g.strideW === 1 ? 0 : 1] : asked.macs,
    outputs: asked.outputs + ROW_OUTPUTS * g.outH * g.inC,
    inputs: (2 * pixelWords(layer) * unzipped + CARRIED * planeWords(layer) * kept) * g.inC,
    calls: (turns * g.inC * g.kernelH * (g.kernelW - 1)) / 6,
  };
}

/** Input values that are copied in the cycles of one that is unzipped. */
const COPIES = 2;

/** The same where each call copies the rows that the next one needs too. */
function keepingWork(layer: ConvLayer, asked: Work, block: Block): Work {
  const { g } = layer;
  const work = planesWork(layer, asked, block);
  const copied = Math.ceil(g.outH / block.rows) * sharedRows(g) * g.inW * g.inC;
  return { ...work, inputs: work.inputs + copied / COPIES };
}

/** Words behind the planes that hold the weights of a channel; those of three pairs of columns are in registers. */
function weightBytes({ g }: ConvLayer): number {
  return g.kernelH * (g.kernelW >> 1) === 3 ? 0 : 4 * g.kernelH * (g.kernelW - 1);
}

/** Input rows of a call are pointers on the stack. */
const MAX_POINTERS = 68;

/** Output rows of a call, at most, and of a turn of it. */
interface Block {
  readonly rows: number;
  readonly turn: number;
}

/**
 * All rows where the output can take the place of the input, in turns of about equal length; else the most rows that share small
 * planes, in calls of about equal length.
 */
function blockOf(layer: ConvLayer, context: KernelContext): Block {
  const { g } = layer;
  const { mostRows = Number.POSITIVE_INFINITY, mostScratch = Number.POSITIVE_INFINITY } = context;
  if (g.dilationH !== 1) return ONE_ROW;
  if (isWhole(layer, g.outH) && mostRows >= g.outH && isReadOften(layer, context.target))
    return blockInTurns(layer, g.outH, mostScratch);
  const isSmall = smallPlanes(layer, mostScratch);
  let most = 1;
  while (most < Math.min(g.outH, mostRows) && most * g.strideH + g.kernelH <= MAX_POINTERS && isSmall(most + 1)) most++;
  const rows = Math.ceil(g.outH / Math.ceil(g.outH / most));
  return { rows, turn: rows };
}

/** Tells of a number of output rows whether their planes are small enough for a turn. */
function smallPlanes(layer: ConvLayer, mostScratch: number): (rows: number) => boolean {
  const room = Math.min(PLANE_BYTES, mostScratch - weightBytes(layer));
  return (rows) => planeBytes(layer, rows) <= room;
}

/** So many rows, in turns of about equal length whose planes are small. */
function blockInTurns(layer: ConvLayer, rows: number, mostScratch: number): Block {
  const isSmall = smallPlanes(layer, mostScratch);
  let most = 1;
  while (most < rows && isSmall(most + 1)) most++;
  return { rows, turn: Math.ceil(rows / Math.ceil(rows / most)) };
}

/** True where a call that makes so many rows makes all of an output that could replace the input. */
function isWhole({ g }: ConvLayer, rows: number): boolean {
  return rows === g.outH && g.inH === g.outH && g.inW === g.outW && g.outH + g.kernelH - 1 <= MAX_POINTERS;
}

/** True where an input can be walked through once for every four channels: a line of a data cache has more, and has to stay in it. */
function isReadOften({ g }: ConvLayer, { isa }: Target): boolean {
  return isa.dataCache === undefined || 2 * g.inH * g.inW * g.inC <= isa.dataCache;
}

/** Input rows that two calls need. */
function sharedRows({ kernelH, strideH }: ConvLayer["g"]): number {
  return kernelH - strideH;
}

/** True where calls for blocks of rows can put them over their input and keep what the next call needs. */
function canKeepRows({ g }: ConvLayer): boolean {
  return (
    g.inW === g.outW && g.strideH === 1 && g.dilationH === 1 && g.inC % 4 === 0 && g.padTop < g.kernelH && g.kernelH > 1
  );
}

/** As many rows as were asked for, in turns of about equal length. */
function blockOverInput(
  layer: ConvLayer,
  { rowsOverInput = 1, mostScratch = Number.POSITIVE_INFINITY }: KernelContext,
): Block {
  const rows = Math.min(rowsOverInput, layer.g.outH, MAX_POINTERS + 1 - layer.g.kernelH);
  return blockInTurns(layer, rows, mostScratch);
}

/** `kept`: input rows that the kernel keeps, whose output goes over its input. */
function callPlanes(plain: ConvLayer, { rows, turn }: Block, kept = 0): KernelCall {
  const layer = foldZeroPoint(plain);
  const { g, plan, zeroPoint, weights } = layer;
  const many = rows > 1 ? `, ${g.outH % rows === 0 ? "" : "up to "}${rows} rows per call` : "";
  return {
    kernel: kept > 0 ? "lwc_depthwise_planes_keep_s8_dsp" : "lwc_depthwise_planes_s8_dsp",
    header: "lwc_depthwise_planes_s8_dsp.h",
    geometry: geometryName("dw", g),
    params: {
      type: "lwc_depthwise_planes_dsp_params",
      fields: {
        in_w: g.inW,
        in_c: g.inC,
        out_w: g.outW,
        out_pitch: g.outC,
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
    drive: {
      ...rowsDrive(layer),
      passesCount: true,
      ...(rows > 1 ? { block: rows } : {}),
      ...(kept > 0 ? { kept } : {}),
    },
    ...(kept === 0 && isWhole(layer, rows) ? { inPlace: true } : {}),
    constants: [packDepthwiseColumns(weights, g), quantWords(layer)],
    scratchBytes: planeBytes(layer, turn) + weightBytes(layer),
    why: `depthwise, 4 channels at a time through int16 planes${many}${kept > 0 ? `, over its input, of which it keeps ${kept} rows` : ""}; ${plan.why}`,
  };
}

const ONE_ROW: Block = { rows: 1, turn: 1 };

/** Several output rows per call of a stream, over their input. */
const planesOverInput: Candidate<ConvLayer> = {
  kernel: "lwc_depthwise_planes_s8_dsp",
  takesTable: true,
  fits: (layer, { rowsOverInput }) => rowsOverInput !== undefined && hasColumnPlanes(layer) && canKeepRows(layer),
  work: (layer, asked, context) => keepingWork(layer, asked, blockOverInput(layer, context)),
  call: (layer, context) => callPlanes(layer, blockOverInput(layer, context), sharedRows(layer.g)),
};

/** One output row per call. */
const planes: Candidate<ConvLayer> = {
  kernel: "lwc_depthwise_planes_s8_dsp",
  takesTable: true,
  fits: hasColumnPlanes,
  work: (layer, asked) => planesWork(layer, asked, ONE_ROW),
  call: (layer) => callPlanes(layer, ONE_ROW),
};

/** Several output rows per call share the planes of their windows: fewer cycles, more scratch. */
const planesOfBlocks: Candidate<ConvLayer> = {
  kernel: "lwc_depthwise_planes_s8_dsp",
  takesTable: true,
  fits: (layer, context) =>
    context.optimize !== "size" &&
    context.rowsOverInput === undefined &&
    hasColumnPlanes(layer) &&
    blockOf(layer, context).rows > 1,
  work: (layer, asked, context) => planesWork(layer, asked, blockOf(layer, context)),
  call: (layer, context) => callPlanes(layer, blockOf(layer, context)),
};

export const dspDepthwises: readonly Candidate<ConvLayer>[] = [
  pairs,
  rowPairs,
  planes,
  planesOfBlocks,
  planesOverInput,
];
