/**
 * Average of one pooling window as ONNX Runtime computes it: float32 sums of dequantized values in row-major order, then a
 * division and a quantization (docs/numerics.md, "AveragePool"). The order matters: many windows land on exact ties.
 */
import type { Requantize } from "./requant.js";
import { clamp, roundHalfEven } from "./saturate.js";
import { planTies, type TiePlan } from "./tie-window.js";

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
 * The least and the largest average that float32 arithmetic can have where `count` values at most have this integer sum, in any
 * order. Their float32 sum lies within count * u / (1 - count * u) times the sum of all magnitudes of the exact one (Higham,
 * Accuracy and Stability of Numerical Algorithms, section 4.2; dequantizing is one rounding more), and the average never falls
 * where the sum grows. Powers of two are exact: they scale integers below 2^24.
 */
function averageBounds(q: AvgPoolQuant, count: number): (sum: number) => readonly [number, number] {
  const average = makeAverage(q);
  const [low, high] = [-128 - q.inZero, 127 - q.inZero];
  const isExact = Math.log2(q.inScale) % 1 === 0 && count * 255 < 2 ** 24;
  const part = isExact ? 0 : ((count + 1) * ROUNDOFF) / (1 - (count + 1) * ROUNDOFF);
  return (sum) => {
    // Twice the bound: it is computed in float64, whose own rounding is far less.
    const error = 2 * part * q.inScale * largestMagnitude(sum, count, low, high);
    return [average(sum * q.inScale - error, count), average(sum * q.inScale + error, count)];
  };
}

/** The most that the magnitudes of `count` integers in [low, high], which holds 0, can add up to when they add up to `sum`. */
function largestMagnitude(sum: number, count: number, low: number, high: number): number {
  if (low === 0 || high === 0) return Math.abs(sum);
  // Some are `high`, the others `low`, one of them perhaps in between: linear in how many.
  const positive = (sum - count * low) / (high - low);
  return positive * high - (count - positive) * low;
}

/** True where the average of any `count` values is what `requantize` makes of their integer sum: proven for each. */
export function averagesLikeMean(q: AvgPoolQuant, count: number, requantize: Requantize): boolean {
  const bounds = averageBounds(q, count);
  for (let sum = count * (-128 - q.inZero); sum <= count * (127 - q.inZero); sum++) {
    const wanted = requantize(sum);
    const [least, most] = bounds(sum);
    if (least !== wanted || most !== wanted) return false;
  }
  return true;
}

/** The average of up to `count` values, divided by `count`, in integers where float32 does not decide. */
export function planAverage(q: AvgPoolQuant, count: number): TiePlan | string {
  return planTies({
    low: count * (-128 - q.inZero),
    high: count * (127 - q.inZero),
    ratio: q.inScale / q.outScale / count,
    zeroPoint: q.outZero,
    min: q.min,
    max: q.max,
    results: averageBounds(q, count),
  });
}
