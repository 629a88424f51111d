/**
 * Average of one pooling window as ONNX Runtime computes it: float32 sums of dequantized values in row-major order, then a
 * division and a quantization (docs/numerics.md, "AveragePool"). The order matters: many windows land on exact ties.
 */
import type { Requantize } from "./requant.js";
import { clamp, roundHalfEven } from "./saturate.js";

const f32 = Math.fround;

export interface AvgPoolQuant {
  readonly inScale: number;
  readonly inZero: number;
  readonly outScale: number;
  readonly outZero: number;
  readonly unsigned: boolean;
  readonly min: number;
  readonly max: number;
}

/** The dequantized value of each int8 x, entry x + 128. */
export function dequantTable(q: AvgPoolQuant): Float32Array {
  return Float32Array.from({ length: 256 }, (_, i) => f32(q.inScale * (i - 128 - q.inZero)));
}

/** Sum of dequantized values and divisor to int8. */
export function makeAverage(q: AvgPoolQuant): (sum: number, count: number) => number {
  const shift = q.unsigned ? 128 : 0;
  return (sum, count) => {
    const mean = f32(sum / count);
    return clamp(roundHalfEven(f32(f32(mean / q.outScale) + (q.outZero + shift))) - shift, q.min, q.max);
  };
}

/** Unit roundoff of float32: one operation changes its result by at most this part of it. */
const ROUNDOFF = 2 ** -24;

/**
 * True where the average of any `count` values is what `requantize` makes of their integer sum: proven for each sum that can
 * be, over all float32 sums that it can become in any order. Those lie within count * u / (1 - count * u) times the sum of all
 * magnitudes of the exact one (Higham, Accuracy and Stability of Numerical Algorithms, section 4.2; dequantizing is one rounding
 * more), and the average never falls where the sum grows. Powers of two are exact: they scale integers below 2^24.
 */
export function averagesLikeMean(q: AvgPoolQuant, count: number, requantize: Requantize): boolean {
  const average = makeAverage(q);
  const [low, high] = [-128 - q.inZero, 127 - q.inZero];
  const isExact = Math.log2(q.inScale) % 1 === 0 && count * 255 < 2 ** 24;
  const part = isExact ? 0 : ((count + 1) * ROUNDOFF) / (1 - (count + 1) * ROUNDOFF);
  for (let sum = count * low; sum <= count * high; sum++) {
    const error = part * q.inScale * largestMagnitude(sum, count, low, high);
    // Twice the bound: it is computed in float64, whose own rounding is far less.
    const wanted = requantize(sum);
    if (average(sum * q.inScale - 2 * error, count) !== wanted) return false;
    if (average(sum * q.inScale + 2 * error, count) !== wanted) return false;
  }
  return true;
}

/** The most that the magnitudes of `count` integers in [low, high], which holds 0, can add up to when they add up to `sum`. */
function largestMagnitude(sum: number, count: number, low: number, high: number): number {
  if (low === 0 || high === 0) return Math.abs(sum);
  // Some are `high`, the others `low`, one of them perhaps in between: linear in how many.
  const positive = (sum - count * low) / (high - low);
  return positive * high - (count - positive) * low;
}
