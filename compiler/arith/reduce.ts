/**
 * Reductions that ONNX Runtime computes in float32 (ReduceSum, ReduceL1, ReduceL2, ReduceSumSquare). The order of its additions
 * depends on the CPU; lwc adds integers, which is exact, and rounds the real result once: y = Q(f(sum of terms)).
 */
import { must } from "../diagnostics.js";
import { clamp, roundHalfEven } from "./saturate.js";

const f32 = Math.fround;

export type ReduceFunction = "sum" | "l1" | "l2" | "sum_square";

export interface ReduceQuant {
  readonly scaleX: number;
  readonly zeroX: number;
  readonly scaleY: number;
  readonly zeroY: number;
  readonly min: number;
  readonly max: number;
}

/** What a value adds to the accumulator, and the largest that this may be in magnitude. */
export const terms: Readonly<Record<ReduceFunction, { readonly of: (x: number) => number; readonly reach: number }>> = {
  sum: { of: (x) => x, reach: 255 },
  l1: { of: Math.abs, reach: 255 },
  l2: { of: (x) => x * x, reach: 65025 },
  sum_square: { of: (x) => x * x, reach: 65025 },
};

/** Accumulator to result; monotone. */
export function makeReduce(kind: ReduceFunction, q: ReduceQuant): (accumulator: number) => number {
  const real: Readonly<Record<ReduceFunction, (accumulator: number) => number>> = {
    sum: (a) => q.scaleX * a,
    l1: (a) => q.scaleX * a,
    l2: (a) => q.scaleX * Math.sqrt(a),
    sum_square: (a) => q.scaleX * q.scaleX * a,
  };
  const value = real[kind];
  return (accumulator) =>
    roundHalfEven(clamp(f32(f32(value(accumulator)) / q.scaleY), q.min - q.zeroY, q.max - q.zeroY)) + q.zeroY;
}

/** Entry i: the smallest accumulator of [low, high] whose result is at least min + 1 + i; high + 1 where there is none. */
export function reduceThresholds(kind: ReduceFunction, q: ReduceQuant, low: number, high: number): Int32Array {
  const result = makeReduce(kind, q);
  return Int32Array.from({ length: q.max - q.min }, (_, i) => {
    let [below, from] = [low - 1, high + 1];
    while (from - below > 1) {
      const middle = Math.floor((below + from) / 2);
      if (result(middle) >= q.min + 1 + i) from = middle;
      else below = middle;
    }
    return from;
  });
}

/** The kernel's form, as C computes it: how many thresholds the accumulator has reached. */
export function applyThresholds(thresholds: Int32Array, min: number, accumulator: number): number {
  let [low, high] = [0, thresholds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (accumulator >= must(thresholds[middle], "threshold")) low = middle + 1;
    else high = middle;
  }
  return min + low;
}
