/**
 * Sums that ONNX Runtime computes in float32 (Sub, Sum, Mean of activations): y = Q((+-x0 +- x1 ...) / n), a rounding after every
 * step, and the integer form that decides almost always.
 */
import { clamp, roundHalfEven } from "./saturate.js";

const f32 = Math.fround;

export interface SumTerm {
  readonly scale: number;
  readonly zeroPoint: number;
  readonly sign: 1 | -1;
}

export interface SumQuant {
  readonly terms: readonly SumTerm[];
  /** The sum is divided by it: 1, or the number of terms for a mean. */
  readonly divisor: number;
  readonly scale: number;
  readonly zeroPoint: number;
  readonly min: number;
  readonly max: number;
}

/** The normative function: dequantize, add from left to right, divide, quantize. */
export function makeSum(q: SumQuant): (x: ArrayLike<number>) => number {
  const low = q.min - q.zeroPoint;
  const high = q.max - q.zeroPoint;
  return (x) => {
    let sum = 0;
    q.terms.forEach(({ scale, zeroPoint, sign }, i) => {
      const term = f32(sign * scale * ((x[i] ?? 0) - zeroPoint));
      sum = i === 0 ? term : f32(sum + term);
    });
    return roundHalfEven(clamp(f32(f32(sum / q.divisor) / q.scale), low, high)) + q.zeroPoint;
  };
}

/**
 * t = sum of (x_i - zero_i) * mult_i + 2^(shift - 1) holds the exact result in units of 2^-shift to within `window`, whatever
 * float32 makes of it: outside of the window around a tie t >> shift is the rounded result, inside the float steps decide.
 */
export interface SumPlan {
  readonly mults: readonly number[];
  readonly shift: number;
  readonly window: number;
}

/** Undefined where the terms outgrow the output so far that int32 holds no fraction worth the name. */
export function planSum(q: SumQuant): SumPlan | undefined {
  const factors = q.terms.map(({ scale, sign }) => (sign * scale) / (q.divisor * q.scale));
  // Each |x - zero point| is at most 255.
  const reach = factors.reduce((sum, factor) => sum + 255 * Math.abs(factor), 0);
  const shift = Math.min(24, Math.floor(Math.log2((2 ** 31 - 1) / (reach + 2))));
  if (shift < 8) return undefined;
  const unit = 2 ** shift;
  const mults = factors.map((factor) => Math.round(factor * unit));
  // One rounding of relative size 2^-24 for each product, each partial sum and each quotient, all of values within `reach`; then
  // half a unit for each multiplier, 255 times. Doubled: second-order terms are far smaller.
  const float = (q.terms.length + 3) * 2 ** -24 * reach * unit;
  const window = Math.ceil(2 * float + q.terms.length * 128) + 2;
  return 4 * window < unit ? { mults, shift, window } : undefined;
}

/** The kernel's form, as C computes it; undefined where it asks the float steps. */
export function applySum(plan: SumPlan, q: SumQuant, x: ArrayLike<number>): number | undefined {
  let t = 2 ** (plan.shift - 1);
  q.terms.forEach(({ zeroPoint }, i) => {
    t += ((x[i] ?? 0) - zeroPoint) * (plan.mults[i] ?? 0);
  });
  const unit = 2 ** plan.shift;
  const fraction = t & (unit - 1);
  if (fraction < plan.window || fraction > unit - plan.window) return undefined;
  return clamp((t >> plan.shift) + q.zeroPoint, q.min, q.max);
}
