/**
 * Analytic limits of the kernels, in instructions of a layer: what the scheme of a kernel executes, whatever the code around it.
 * Each entry has the unit that its figures are divided by, the formula, and the reason for what lies between limit and count.
 *
 * A layer is { core, macs, outputs, inputs, outC, outW, outH, inW, taps, kernelH, kernelW, strideW, strideH, rowsPerCall, form }:
 * `taps` are the input values of a window, `form` the form of requantization (LWC_REQUANT_* of lwc.h).
 */

/** Instructions of requantization, clamp and store of an output, by form: short, window, float, single, split. */
const requantize = {
  dsp: [3, 8, 6, 12, 16],
  swar: [6, 10, 30, 14, 17],
};
const requantOf = ({ core, form }) => (core === "m3" || core === "m0" ? requantize.swar : requantize.dsp)[form];

/** Cores with DSP: LDR, two SXTB16 and two STR expand four bytes; two LDR, four SXTB16, four PKH and four STR unzip eight. */
const EXPAND = 5 / 4;
const UNZIP = 14 / 8;
/** Without: two LDRSB, an ADD with shift (M0: LSL and ADD) and a STR expand two. */
const expandSwar = ({ core }) => (core === "m0" ? 5 / 2 : 2);

const windows = ({ outputs, outC }) => outputs / outC;
const vectors = (taps) => Math.ceil(taps / 16);

/** Dot products over windows that are expanded once: instructions per multiply-accumulate, per output and per input of a window. */
const dotProducts = (perMac, perOutput, perInput) => (layer) =>
  layer.macs * perMac + layer.outputs * (requantOf(layer) + perOutput) + windows(layer) * layer.taps * perInput;

/** 4 pixels x 2 channels: LDR and SXTB16 of weights, four LDR of taps, eight SMLAD for 16 multiply-accumulates; a SUB per pair. */
const dense = dotProducts(14 / 16, 0.5, EXPAND);

/** 2 pixels x 4 channels: six vector loads and eight VMLADAVA for 128 multiply-accumulates; 23 for eight results. */
const denseVectors = ({ outputs, taps }) => (outputs / 8) * (14 * vectors(taps) + 23);

/** The same over patches: two vector instructions copy 16 bytes of one. */
const patchVectors = (layer) => denseVectors(layer) + windows(layer) * vectors(layer.taps) * 2;

/** M3: 2 pixels x 4 channels in 30 instructions per 16 multiply-accumulates; M0: 1 x 4 in 17 per 8. */
const denseSwar = (layer) => dotProducts(layer.core === "m0" ? 17 / 8 : 30 / 16, 0, expandSwar(layer))(layer);

const loops = "loops, pointers";
const results = "biases, scales and pointers per block of results";

export const limits = {
  lwc_pointwise_s8_dsp4: { unit: "mac", limit: dense, rest: `${results}; pixels behind blocks of four` },
  lwc_pointwise_shared_s8_dsp: { unit: "mac", limit: dense, rest: `${results}; shapes that are no constants` },
  lwc_conv2d_s8_dsp4: {
    unit: "mac",
    limit: dense,
    rest: `${results}; windows over the border are copied; rows of 9 bytes of an image`,
  },
  lwc_grouped_conv2d_s8_dsp4: { unit: "mac", limit: dense, rest: `${results}; copies of each group` },
  /** 2 pixels x 2 channels in C: scheme (c) with 1.125 per multiply-accumulate. */
  lwc_pointwise_s8_dsp: {
    unit: "mac",
    limit: dotProducts(1.125, 0, EXPAND),
    rest: "small layers, where its little code counts more; loops in C",
  },
  /** 8 outputs of a pixel: one LDR of taps, four of weights, four SXTB16, eight SMLAD for 16 multiply-accumulates. */
  lwc_fully_connected_s8_dsp: {
    unit: "mac",
    limit: dotProducts(17 / 16, 0.5, EXPAND),
    rest: results,
  },
  /** Two outputs of a window row: (k + 1) multiply instructions and one load, at stride 2 two; then bias, requantization. */
  lwc_depthwise_planes_s8_dsp: {
    unit: "mac",
    limit(layer) {
      const { outputs, outW, inW, kernelH, kernelW, strideW, strideH, rowsPerCall } = layer;
      const row = (kernelW + 1) / 2 + (strideW === 2 ? 1 : 0.5);
      const rows = ((rowsPerCall - 1) * strideH + kernelH) / rowsPerCall;
      const fetched = (outputs / outW) * rows * inW;
      return outputs * (kernelH * row + 0.5 + requantOf(layer)) + fetched * UNZIP;
    },
    rest: "weights unpacked and scales loaded for each channel and call; short rows; 5 and 7 columns: weights reloaded for four outputs",
  },
  /** 16 multiplications for 36; a position of 8 sums ends in 8 stores, a tile in 16 loads, 24 additions, 4 shifts, 4 biases. */
  lwc_conv2d_winograd_s8_dsp: {
    unit: "mac",
    limit(layer) {
      const inC = layer.taps / 9;
      const tiles = windows(layer) / 4;
      return (
        layer.macs * (4 / 9) * (14 / 16) +
        layer.outputs * ((16 + 16 + 24 + 4 + 4) / 4 + requantOf(layer)) +
        tiles * inC * ((2.5 * (4 + 8 + 8) + 2 * (16 + 16)) / 4)
      );
    },
    rest: "tiles over the border; loops",
  },

  lwc_pointwise_s8_mve: {
    unit: "mac",
    limit: (layer) =>
      windows(layer) === 1 ? (layer.outputs / 8) * (17 * vectors(layer.taps) + 24) : denseVectors(layer),
    rest: "channels that do not fill vectors of 16; ten instructions to start a pair of pixels over",
  },
  lwc_conv2d_s8_mve: {
    unit: "mac",
    limit: patchVectors,
    rest: "windows that do not fill vectors of 16; patches at borders tap by tap",
  },
  lwc_grouped_conv2d_s8_mve: {
    unit: "mac",
    limit: patchVectors,
    rest: "groups that do not fill vectors; copies of each group",
  },
  /** 33 or 37 for eight outputs of one vector of 4 rows x 4 columns, 12 or 24 for each further one; 7 for a column of 16 channels. */
  lwc_depthwise_conv2d_s8_mve: {
    unit: "mac",
    limit({ outputs, outC, outH, outW, kernelH, kernelW, strideW }) {
      const quads = Math.ceil(kernelH / 4);
      const parts = quads * Math.ceil((kernelW + (strideW === 1 ? 1 : 0)) / 4);
      const first = strideW === 1 ? 33 : 37;
      const columns = outH * quads * ((outW - 1) * strideW + kernelW) * Math.ceil(outC / 16);
      return (outputs / 8) * (first + (parts - 1) * (strideW === 1 ? 12 : 24)) + columns * 7;
    },
    rest: "rows that are no eights; seven to nine per channel and row; a fifth or seventh row takes a quad",
  },
  /** Eight values: two widening loads and two products, a shift and a store for each four. */
  lwc_add_s8_mve: { unit: "output", limit: ({ outputs }) => (outputs * 14) / 8, rest: "moves of the C compiler" },
  lwc_mul_s8_mve: {
    unit: "output",
    limit: ({ outputs }) => (outputs * 16) / 8,
    rest: "thresholds by gather where one product does not decide",
  },
  /** Eight values: two loads, two widening products, and a shift, VMULH, an addition and a shift for each four; narrow and store. */
  lwc_mul_wide_s8_mve: {
    unit: "output",
    limit: ({ outputs }) => (outputs * 16) / 8,
    rest: "zero points, moves of the C compiler",
  },
  lwc_lookup_s8_mve: { unit: "output", limit: ({ outputs }) => (outputs * 4) / 16, rest: loops },
  lwc_max_pool2d_s8_mve: {
    unit: "output",
    limit: ({ outputs, kernelH, kernelW }) => (outputs * (2 * kernelH * kernelW + 1)) / 16,
    rest: "channels that do not fill vectors; borders, pointers per window",
  },
  lwc_mean_s8_mve: {
    unit: "input",
    limit: ({ inputs, outputs }) => (inputs * 5) / 8 + outputs * 2,
    rest: "calls; small maps",
  },
  lwc_concat_s8_mve: {
    unit: "output",
    limit: ({ outputs }) => (outputs * 2) / 16,
    rest: "loops over short runs of channels",
  },

  lwc_pointwise_s8_swar: { unit: "mac", limit: denseSwar, rest: "sums that spill between loop and results; loops" },
  lwc_conv2d_s8_swar: {
    unit: "mac",
    limit: denseSwar,
    rest: "the same; borders through a patch; tails of odd windows",
  },
  lwc_grouped_conv2d_s8_swar: { unit: "mac", limit: denseSwar, rest: "the same; copies of each group" },
  lwc_fully_connected_s8_swar: {
    unit: "mac",
    limit: dotProducts(33 / 16, 0, 2),
    rest: loops,
  },
  /** Four outputs of a channel: a load and four MLA per tap, each column of a row loaded once. */
  lwc_depthwise_conv2d_s8_x4: {
    unit: "mac",
    limit: (layer) =>
      (layer.outputs / 4) * layer.kernelH * (5 * layer.kernelW + columnsOf(layer, 4)) +
      layer.outputs * requantOf(layer),
    rest: "row pointers and sums that spill; blocks at borders",
  },
  /** Rows in pairs, a word each: a load of weights and MUL, ASRS, ADC per output (M0: and a MOV), words of columns from two loads. */
  lwc_depthwise_conv2d_s8_swar: {
    unit: "mac",
    limit(layer) {
      const [block, product, word] = layer.core === "m0" ? [2, 4, 4] : [4, 3, 3];
      const columns = columnsOf(layer, block);
      const pair = layer.kernelW * (1 + block * product) + columns * word;
      const odd =
        layer.core === "m0" ? layer.kernelW * (1 + block * 3) + columns * 1 : layer.kernelW * (1 + block) + columns;
      const rows = (layer.kernelH >> 1) * pair + (layer.kernelH & 1) * odd;
      return (layer.outputs / block) * rows + layer.outputs * requantOf(layer);
    },
    rest: "spills: registers hold sums, a word and a product; taps of padding",
  },

  /** Two loads, two products, shift, saturation, store; Armv6-M has no MLA and no SSAT. */
  lwc_add_s8: {
    unit: "output",
    limit: ({ core, outputs }) => outputs * (core === "m0" ? 13 : 7),
    rest: "exceptions of float32, looked for in groups; loops",
  },
  lwc_mul_wide_s8: { unit: "output", limit: ({ outputs }) => outputs * 8, rest: loops },
  lwc_mul_s8: { unit: "output", limit: ({ outputs }) => outputs * 20, rest: "thresholds; loops" },
  lwc_lookup_s8: { unit: "output", limit: ({ outputs }) => outputs * 3, rest: loops },
  /** LDR and two SXTAB16 for four values. */
  lwc_mean_s8_dsp: {
    unit: "input",
    limit: (layer) => layer.inputs * 0.75 + layer.outputs * requantOf(layer),
    rest: "small maps",
  },
  lwc_mean_s8: {
    unit: "input",
    limit: (layer) => layer.inputs * 2 + layer.outputs * requantOf(layer),
    rest: "loops; small maps",
  },
  /** LDR, SSUB8, SEL for four channels of a tap. */
  lwc_max_pool2d_s8_dsp: {
    unit: "output",
    limit: ({ outputs, kernelH, kernelW }) => (outputs * (3 * kernelH * kernelW + 1)) / 4,
    rest: "borders, pointers per window",
  },
  /** LDRSB, CMP and a conditional MOV. */
  lwc_max_pool2d_s8: {
    unit: "output",
    limit: ({ outputs, kernelH, kernelW }) => outputs * (4 * kernelH * kernelW + 1),
    rest: "borders, pointers per window",
  },
  /** A load and a store move four bytes. */
  lwc_concat_s8: {
    unit: "output",
    limit: ({ outputs }) => outputs / 2,
    rest: "calls of memcpy for short runs of channels",
  },
  lwc_channel_select_s8: {
    unit: "output",
    limit: ({ outputs }) => outputs / 2,
    rest: "calls of memcpy for short runs of channels",
  },
};

/** Columns that the windows of `block` neighbouring outputs cover. */
function columnsOf({ kernelW, strideW }, block) {
  return (block - 1) * strideW + kernelW;
}
