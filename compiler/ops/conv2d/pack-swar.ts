/** Packing for the kernels of packed products: words of two weights, four or eight channels together. */
import { padChannels } from "../../arith/requant-pairs.js";
import type { WeightBlock } from "../channel-pruning.js";
import type { PackedConstant } from "../kernel.js";
import { quantWords, type WeightedLayer } from "./layer.js";
import { roundUp } from "./pack.js";

/**
 * Order of the taps of a window of `runs` runs of `length` taps that are contiguous in memory, as lwc_swar_expand_pixel writes
 * them: the pairs of each run, then the odd last taps of all runs; -1 is a hole. Two taps make a word.
 */
export function pairedOrder(runs: number, length: number): readonly number[] {
  const whole = length & ~1;
  const order: number[] = [];
  for (let run = 0; run < runs; run++) for (let i = 0; i < whole; i++) order.push(run * length + i);
  if (whole < length) for (let run = 0; run < runs; run++) order.push(run * length + whole);
  return order.length % 2 === 0 ? order : [...order, -1];
}

/**
 * Whether every packed product holds its sum: x0 * w0 + x1 * w1 of any int8 x0, x1 fits an int16 unless w0 and w1 are both -128
 * (128 * 256 = 2^15 is one too many). The other half, x0 * w1, is at most 2^14 and leaves its sign bit in place.
 */
export function fitsPackedProducts({ weights }: WeightedLayer, order: readonly number[]): boolean {
  if (weights.zeroPoint !== 0) return false;
  const depth = weights.taps * weights.inputs;
  for (let o = 0; o < weights.outputs; o++) {
    for (let i = 0; i < order.length; i += 2) {
      if (at(weights, depth, o, order[i]) === -128 && at(weights, depth, o, order[i + 1]) === -128) return false;
    }
  }
  return true;
}

/** Weight of output channel o at a tap; 0 in a hole and behind the last channel. */
function at(weights: WeightBlock, depth: number, o: number, tap = -1): number {
  return tap < 0 || o >= weights.outputs ? 0 : (weights.data[o * depth + tap] ?? 0);
}

/**
 * Weights and requantization words in groups of `width` channels: [groups][pairs][width] words w1 + w0 * 2^16 modulo 2^32. Groups
 * are complete: channels behind the last have zeros. Biases must hold the zero point.
 */
export function packSwarWeights(
  layer: WeightedLayer,
  order: readonly number[],
  width: 4 | 8,
): readonly [PackedConstant, PackedConstant] {
  const { weights, plan } = layer;
  const depth = weights.taps * weights.inputs;
  const channels = roundUp(weights.outputs, width);
  const pairs = order.length / 2;
  const data = new Int32Array(channels * pairs);
  for (let o = 0; o < channels; o++) {
    const lane = o % width;
    for (let k = 0; k < pairs; k++) {
      const word = at(weights, depth, o, order[2 * k + 1]) + at(weights, depth, o, order[2 * k]) * 65536;
      data[((o - lane) / width) * pairs * width + k * width + lane] = word | 0;
    }
  }
  return [
    {
      name: "weights",
      data,
      align: 4,
      comment: `[${channels / width}][${pairs}][${width}]: two taps of a channel in a word, second + first * 2^16`,
      role: "weights",
    },
    quantWords({ ...layer, plan: padChannels(plan, channels) }),
  ];
}

/**
 * Depthwise weights for windows whose rows come in pairs: [channel][pairs][kernel width] words lower + upper * 2^16 of two rows,
 * then the taps of an odd last row, a word each.
 */
export function packRowPairs(
  { weights }: WeightedLayer,
  { kernelH, kernelW }: { readonly kernelH: number; readonly kernelW: number },
): PackedConstant {
  const rows = Math.ceil(kernelH / 2);
  const data = new Int32Array(weights.outputs * rows * kernelW);
  for (let i = 0; i < data.length; i++) {
    const x = i % kernelW;
    const pair = Math.floor(i / kernelW) % rows;
    const channel = Math.floor(i / (kernelW * rows));
    const tap = (y: number): number => weights.data[(channel * kernelH + y) * kernelW + x] ?? 0;
    const isPaired = 2 * pair + 1 < kernelH;
    data[i] = isPaired ? (tap(2 * pair + 1) + tap(2 * pair) * 65536) | 0 : tap(2 * pair);
  }
  return {
    name: "weights",
    data,
    align: 4,
    comment: `[${weights.outputs}][${rows}][${kernelW}]: two rows of taps in a word, lower + upper * 2^16`,
    role: "weights",
  };
}
