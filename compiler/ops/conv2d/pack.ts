/** Weight packing for the DSP kernels. */

import { canScaleOddChannels, padChannels, scaleOddChannels } from "../../arith/requant-pairs.js";
import type { WeightBlock } from "../channel-pruning.js";
import type { PackedConstant } from "../kernel.js";
import { quantWords, type WeightedLayer } from "./layer.js";

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
 * Order of the taps of a window of `runs` runs of `length` taps that are contiguous in memory, as lwc_expand_pixel writes them:
 * the whole fours of each run as 0,2 1,3, then what is left of all runs; -1 is a hole. Two taps make a word.
 */
export function expandedOrder(runs: number, length: number): readonly number[] {
  const whole = length & ~3;
  const order: number[] = [];
  for (let run = 0; run < runs; run++) {
    for (let i = run * length; i < run * length + whole; i += 4) order.push(i, i + 2, i + 1, i + 3);
  }
  for (let run = 0; run < runs; run++) {
    for (let i = whole; i < length; i++) order.push(run * length + i);
  }
  return order.length % 2 === 0 ? order : [...order, -1];
}

/** Weights and requantization words of a layer for blocks of two output channels. */
export interface PairedLayer {
  /** Whether a half is 256 * b + a, and the sums of an odd channel 256 times its accumulators. */
  readonly carried: boolean;
  readonly weights: PackedConstant;
  readonly quant: PackedConstant;
}

/**
 * Packs weights for lwc_dot4_s8_dsp.h: a word holds two taps of two output channels a and b, each half 256 * b + a where that
 * fits an int16 in every place and every accumulator is below 2^23 - so that (256 * B + A) - A is exact modulo 2^32 - and else
 * the bytes a and b side by side. `group` channels lie
 * together, word by word; those beyond the last are zeros. Biases must hold the zero point.
 */
export function packChannelPairs(layer: WeightedLayer, order: readonly number[], group = 2): PairedLayer {
  const { weights, plan } = layer;
  const depth = weights.taps * weights.inputs;
  const at = (o: number, tap: number): number =>
    tap < 0 || o >= weights.outputs ? 0 : (weights.data[o * depth + tap] ?? 0);
  const groups = Math.ceil(weights.outputs / group);
  const words = order.length / 2;
  const pairs = group / 2;
  const packed = new Int16Array(groups * pairs * order.length);
  const carried = isCarried(layer);
  for (let block = 0; block < groups; block++) {
    for (let pair = 0; pair < pairs; pair++) {
      const o = block * group + 2 * pair;
      order.forEach((tap, i) => {
        const word = (block * words + (i >> 1)) * pairs + pair;
        const half = at(o + 1, tap) * 256 + (carried ? at(o, tap) : at(o, tap) & 255);
        packed[2 * word + (i & 1)] = half;
      });
    }
  }
  const scaled = carried ? { ...layer, plan: scaleOddChannels(plan) } : layer;
  return {
    carried,
    weights: {
      name: "weights",
      data: new Int32Array(packed.buffer),
      align: 4,
      comment: `[${groups}][${words}]${pairs > 1 ? `[${pairs}]` : ""}: two taps of two channels, ${
        carried ? "256 * b + a in each half" : "bytes a and b in each half"
      }`,
      role: "weights",
    },
    quant: quantWords({ ...scaled, plan: padChannels(scaled.plan, groups * group) }),
  };
}

function isCarried({ weights, plan }: WeightedLayer): boolean {
  if (!canScaleOddChannels(plan)) return false;
  const depth = weights.taps * weights.inputs;
  for (let o = 0; o + 1 < weights.outputs; o += 2) {
    for (let i = 0; i < depth; i++) {
      const half = (weights.data[(o + 1) * depth + i] ?? 0) * 256 + (weights.data[o * depth + i] ?? 0);
      if (half < -32768) return false;
    }
  }
  return true;
}
