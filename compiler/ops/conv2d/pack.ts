/** Weight packing for the DSP kernels. */
import type { WeightBlock } from "../channel-pruning.js";
import type { PackedConstant } from "../kernel.js";

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/**
 * Weights of dot products, [out][depth rounded up to 4], zero-filled. Four bytes are one word; SXTB16 takes bytes (0,2) and,
 * rotated by 8, bytes (1,3) of it, and the expanded activations lie in the same order.
 */
export function packDotWeights(weights: WeightBlock): PackedConstant {
  const depth = weights.taps * weights.inputs;
  const padded = roundUp(depth, 4);
  const data = new Int8Array(weights.outputs * padded);
  for (let o = 0; o < weights.outputs; o++) data.set(weights.data.subarray(o * depth, (o + 1) * depth), o * padded);
  return {
    name: "weights",
    data,
    align: 4,
    comment: `[${weights.outputs}][${padded}]: ${depth} weights in [-128, 127], zero-filled`,
    role: "weights",
  };
}

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
