/** Packing of depthwise weights for the DSP kernels. */
import type { WeightBlock } from "../channel-pruning.js";
import type { PackedConstant } from "../kernel.js";

/**
 * Depthwise weights in blocks of four channels, zero-filled: for each pair of taps (t, t+1) two words, bytes
 * [c0 t][c1 t][c0 t+1][c1 t+1] and the same for channels 2 and 3, so that SXTB16 yields the pair of one channel for SMLAD; an
 * odd last tap is one word, bytes [c0][c1][c2][c3].
 */
export function packDepthwisePairs(weights: WeightBlock): PackedConstant {
  const { taps, outputs } = weights;
  const blocks = Math.ceil(outputs / 4);
  const pairs = taps >> 1;
  const data = new Int8Array(blocks * 4 * taps);
  for (let c = 0; c < outputs; c++) {
    const block = Math.floor(c / 4) * 4 * taps;
    const lane = c % 4;
    for (let tap = 0; tap < taps; tap++) {
      const isPaired = tap < 2 * pairs;
      const at = isPaired ? (tap >> 1) * 8 + (lane >> 1) * 4 + (tap & 1) * 2 + (lane & 1) : pairs * 8 + lane;
      data[block + at] = weights.data[c * taps + tap] ?? 0;
    }
  }
  return {
    name: "weights",
    data,
    align: 4,
    comment: `[${blocks}][${taps}][4]: taps in pairs, four channels at a time, in [-128, 127]`,
    role: "weights",
  };
}

/** Geometry that packDepthwisePlanes and its kernel share. */
export interface PlaneGeometry {
  readonly kernelH: number;
  readonly kernelW: number;
  readonly strideW: number;
}

/**
 * Depthwise weights as words of two int16, per channel: for each pair of window rows and each column, upper tap below lower
 * tap; then, for an odd last row, its taps in pairs (w0,w1) (w2,w3) ... for windows that start at an even column and, where
 * the stride is odd, (0,w0) (w1,w2) ... for those that start at an odd one.
 */
export function packDepthwisePlanes(
  weights: WeightBlock,
  { kernelH, kernelW, strideW }: PlaneGeometry,
): PackedConstant {
  const pairs = kernelH >> 1;
  const lastWords = (kernelW >> 1) + 1;
  const shifts = kernelH % 2 === 0 ? [] : strideW % 2 === 0 ? [0] : [0, 1];
  const words = pairs * kernelW + shifts.length * lastWords;
  const data = new Int16Array(weights.outputs * words * 2);
  for (let c = 0; c < weights.outputs; c++) {
    const tap = (y: number, x: number): number =>
      x < 0 || x >= kernelW ? 0 : (weights.data[(c * kernelH + y) * kernelW + x] ?? 0);
    let at = c * words * 2;
    for (let pair = 0; pair < pairs; pair++) {
      for (let x = 0; x < kernelW; x++) {
        data[at++] = tap(2 * pair, x);
        data[at++] = tap(2 * pair + 1, x);
      }
    }
    for (const shift of shifts) {
      for (let x = 0; x < 2 * lastWords; x++) data[at++] = tap(kernelH - 1, x - shift);
    }
  }
  return {
    name: "weights",
    data: new Int32Array(data.buffer),
    align: 4,
    comment: `[${weights.outputs}][${words}]: two int16 taps of a channel in a word`,
    role: "weights",
  };
}

/**
 * Depthwise weights of windows with an odd number of columns, per channel and window row. Three columns: bytes [w1][w0][w2], read
 * as the word that starts there: SXTB16 yields the taps (1,2) and, rotated by 8, tap 0 in the lower half. More columns: words of
 * bytes [w0][w1][w1][w2], [w2][w3][w3][w4] and so on, so that SXTB16 yields the taps (0,1), (2,3) .. and, rotated by 8, (1,2), (3,4) ...
 */
export function packDepthwiseColumns(
  weights: WeightBlock,
  { kernelH, kernelW }: { readonly kernelH: number; readonly kernelW: number },
): PackedConstant {
  if (kernelW === 3) return packThreeColumns(weights, kernelH);
  const words = (kernelW - 1) / 2;
  const data = new Int8Array(weights.outputs * kernelH * words * 4);
  for (let row = 0; row < weights.outputs * kernelH; row++) {
    for (let word = 0; word < words; word++) {
      const [a = 0, b = 0, c = 0] = weights.data.subarray(row * kernelW + 2 * word);
      data.set([a, b, b, c], (row * words + word) * 4);
    }
  }
  return {
    name: "weights",
    data,
    align: 4,
    comment: `[${weights.outputs}][${kernelH}][${words}][4]: taps 2i, 2i + 1 twice, 2i + 2 in [-128, 127]`,
    role: "weights",
  };
}

/** One byte more than there are weights: the last word that is read ends in it. */
function packThreeColumns(weights: WeightBlock, kernelH: number): PackedConstant {
  const rows = weights.outputs * kernelH;
  const data = new Int8Array(rows * 3 + 1);
  for (let row = 0; row < rows; row++) {
    const [a = 0, b = 0, c = 0] = weights.data.subarray(row * 3);
    data.set([b, a, c], row * 3);
  }
  return {
    name: "weights",
    data,
    align: 4,
    comment: `[${weights.outputs}][${kernelH}][3]: taps 1, 0, 2 in [-128, 127]; a byte of zero`,
    role: "weights",
  };
}
