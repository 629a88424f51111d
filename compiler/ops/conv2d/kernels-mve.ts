/** Convolution kernels for cores with Helium (MVE with floating point, Cortex-M55): vector dot products, symmetric weights. */
import type { Candidate } from "../choose-kernel.js";
import { isPlainDepthwise } from "../conv2d.js";
import {
  type ConvLayer,
  foldZeroPoint,
  geometryName,
  type PointwiseLayer,
  quantWords,
  rowsDrive,
  type WeightedLayer,
  windowFields,
} from "./layer.js";
import { roundUp } from "./pack.js";
import { columnGeometry, LANES, packColumns, packVectorDots, packVectorQuant } from "./pack-mve.js";

/** The outputs of two pixels are stored through 16-bit offsets. */
const MAX_PITCH = 2 ** 15 - 1;

/** Loops over a dot product undo their walk in two immediates. */
const MAX_DEPTH = 65535;

/** Scratch memory for patches, if one pair does not need more: calls of the loop over pairs cost less where there are many. */
const BATCH_BYTES = { speed: 1024, balanced: 1024, size: 1024, ram: 320 } as const;

/** Channels of a group from which on gathering them pays. */
const MIN_GROUP = 4;
/** Bytes of a row that is lined up with its padding. */
const MAX_LINE = 64;
/** LWC_CONV2D_MVE_LINES of lwc_conv2d_s8_mve.h. */
const MAX_LINES = 16;

/** What every vector kernel asks of a layer. */
function vectorizes({ weights, plan }: WeightedLayer): boolean {
  return (
    weights.zeroPoint === 0 &&
    (plan.form === "float" || plan.form === "short") &&
    weights.taps * weights.inputs <= MAX_DEPTH
  );
}

const pointwise: Candidate<PointwiseLayer> = {
  kernel: "lwc_pointwise_s8_mve",
  fits: (layer) => vectorizes(layer) && layer.weights.outputs <= MAX_PITCH,
  call(plain) {
    const layer = foldZeroPoint(plain);
    const { stem, pixels, weights, plan } = layer;
    const width = pixels === 1 ? 8 : 4;
    return {
      kernel: "lwc_pointwise_s8_mve",
      header: "lwc_pointwise_s8_mve.h",
      geometry: stem,
      params: {
        type: "lwc_pointwise_mve_params",
        fields: {
          pixels,
          in_c: weights.inputs,
          out_c: weights.outputs,
          out_pitch: weights.outputs,
          requant: { ...plan.fields },
        },
      },
      drive: { kind: "flat" },
      maxPitch: MAX_PITCH,
      constants: [packVectorDots(weights, width), packVectorQuant(layer, width)],
      scratchBytes: 0,
      why: `vector dot products, ${pixels === 1 ? "8 channels" : "2 pixels x 4 channels"} at a time; ${plan.why}`,
    };
  },
};

export const mveConv: Candidate<ConvLayer> = {
  kernel: "lwc_conv2d_s8_mve",
  fits: (layer) =>
    vectorizes(layer) &&
    layer.weights.outputs <= MAX_PITCH &&
    (layer.g.groups === 1 || layer.weights.inputs >= MIN_GROUP),
  call(plain, { optimize }) {
    const layer = foldZeroPoint(plain);
    const { g, plan, zeroPoint, weights } = layer;
    const pitch = roundUp(weights.taps * weights.inputs, LANES);
    const batch = Math.min(Math.max(2, 2 * Math.floor(BATCH_BYTES[optimize] / (2 * pitch))), roundUp(g.outW, 2));
    const line = lineBytes(layer);
    return {
      kernel: "lwc_conv2d_s8_mve",
      header: "lwc_conv2d_s8_mve.h",
      geometry: geometryName("conv", g),
      params: {
        type: "lwc_conv2d_mve_params",
        fields: {
          ...windowFields(layer),
          groups: g.groups,
          in_zero_point: zeroPoint,
          pitch,
          batch,
          line,
          requant: { ...plan.fields },
        },
      },
      drive: rowsDrive(layer),
      maxPitch: MAX_PITCH,
      constants: [packVectorDots(weights, 4, pitch, g.groups), packVectorQuant(layer, 4, g.groups)],
      // The last patch is written in whole vectors.
      scratchBytes: batch * pitch + LANES + g.kernelH * line,
      why: `vector dot products over patches, 2 pixels x 4 channels at a time; ${plan.why}`,
    };
  },
};

/**
 * Bytes of a row with its padding where the row is so narrow that most windows reach into padding: then copies of the rows are cheaper
 * than windows tap by tap. 0 elsewhere.
 */
function lineBytes({ g }: ConvLayer): number {
  const width = Math.max((g.outW - 1) * g.strideW + g.kernelW, g.padLeft + g.inW);
  const bytes = roundUp(width * g.inC, LANES);
  const isNarrow = bytes <= MAX_LINE && g.kernelH <= MAX_LINES;
  return g.padded && isNarrow && g.groups === 1 && g.dilationW === 1 ? bytes : 0;
}

/** Bytes of a column of four rows for 16 channels. */
const COLUMN = 64;
/** Reach of immediates and of 16-bit offsets in the depthwise loop. */
const MAX_QUADS = 3;
const MAX_VECTORS = 8;
const MAX_CHANNELS = 2 ** 13;

/** Outputs whose cycles equal those around an output row of a channel. */
const ROW_OUTPUTS = 9;

const depthwise: Candidate<ConvLayer> = {
  kernel: "lwc_depthwise_conv2d_s8_mve",
  work: ({ g }, asked) => ({ ...asked, outputs: asked.outputs + ROW_OUTPUTS * g.outH * g.inC }),
  fits(layer) {
    const { g } = layer;
    const { quads, vectors } = columnGeometry(g);
    const reach = (g.outW - 1) * g.strideW + g.kernelW - g.padLeft;
    return (
      isPlainDepthwise(g) &&
      vectorizes(layer) &&
      g.strideW <= 2 &&
      g.dilationW === 1 &&
      quads <= MAX_QUADS &&
      vectors <= MAX_VECTORS &&
      g.inC < MAX_CHANNELS &&
      reach > 0 &&
      columnBytes(layer) < 2 ** 16
    );
  },
  call(plain, { optimize }) {
    const layer = foldZeroPoint(plain);
    const { g, plan, zeroPoint, weights } = layer;
    const columns = columnGeometry(g);
    const span = optimize === "ram" ? narrowSpan(layer) : g.outW;
    return {
      kernel: "lwc_depthwise_conv2d_s8_mve",
      header: "lwc_depthwise_conv2d_s8_mve.h",
      geometry: geometryName("dw", g),
      params: {
        type: "lwc_depthwise_conv2d_mve_params",
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
          vectors: columns.vectors,
          span,
          requant: { ...plan.fields },
        },
      },
      drive: rowsDrive(layer),
      maxPitch: MAX_CHANNELS - 1,
      constants: [packColumns(weights, g.kernelH, g.kernelW, columns), quantWords(layer)],
      scratchBytes: columnBytes(layer, span),
      why: `depthwise, patches of 16 values per load, 16 channels at a time; ${plan.why}`,
    };
  },
};

/** Bytes of columns beyond which a row is made in two halves where RAM is the goal. */
const SPAN_BYTES = 2048;

/** Outputs that share columns, an even number of them. */
function narrowSpan(layer: ConvLayer): number {
  const { outW } = layer.g;
  return columnBytes(layer, outW) <= SPAN_BYTES ? outW : roundUp(Math.ceil(outW / 2), 2);
}

/** Columns of 16 channels that so many outputs read, those of padding and those that the last vector reads included. */
function columnBytes({ g }: ConvLayer, outputs = g.outW): number {
  const { quads, vectors, sets } = columnGeometry(g);
  const lastWindow = sets === 2 ? 2 * Math.floor((outputs - 1) / 2) : 2 * (outputs - 1);
  const read = lastWindow * quads + 4 * vectors;
  const written = ((outputs - 1) * g.strideW + g.kernelW) * quads;
  return COLUMN * Math.max(read, written);
}

export const mveConvs: readonly Candidate<ConvLayer>[] = [mveConv, depthwise];
export const mvePointwises: readonly Candidate<PointwiseLayer>[] = [pointwise];
