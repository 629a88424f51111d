/**
 * Quantized multiplication: the reference function of each profile (docs/numerics.md, "Mul"), and the integer form that a
 * kernel uses. The result is a monotone function of the product p = (a - za) * (b - zb), verified over every p.
 */
import { assertNever } from "../diagnostics.js";
import { fma32 } from "./fma.js";
import type { Numerics } from "./numerics.js";
import { fixedPoint, singleRounding } from "./requant.js";
import { clamp, roundHalfEven } from "./saturate.js";

const f32 = Math.fround;

export interface MulQuant {
  readonly scaleA: number;
  readonly zeroA: number;
  readonly scaleB: number;
  readonly zeroB: number;
  readonly scaleC: number;
  readonly zeroC: number;
  /** The tensors were uint8 in the model. */
  readonly unsigned: boolean;
  readonly min: number;
  readonly max: number;
}

/** Scale from product to output. */
export function mulScale(q: MulQuant): number {
  return f32(f32(q.scaleA * q.scaleB) / q.scaleC);
}

/** p -> c: the product of centred int8 values, |p| <= 65025, to int8. Monotone. */
export function makeMul(numerics: Numerics, q: MulQuant): (product: number) => number {
  const shift = q.unsigned ? 128 : 0;
  const scale = mulScale(q);
  const zero = q.zeroC + shift;
  const low = q.min + shift;
  const high = q.max + shift;
  switch (numerics.profile) {
    case "ort":
      return (p) => clamp(roundHalfEven(f32(f32(p * scale) + zero)), low, high) - shift;
    case "ort-arm64":
      return (p) => clamp(roundHalfEven(fma32(p, scale, zero)), low, high) - shift;
    case "fast": {
      const { multiplier, shift: bits } = fixedPoint(scale);
      return (p) => clamp(singleRounding(p, multiplier, bits) + q.zeroC, q.min, q.max);
    }
    default:
      return assertNever(numerics.profile);
  }
}

/**
 * y = clamp((p * mult + offset) >> shift), then, where `thresholds` is given, moved by one if p lies on the other side of a
 * threshold: thresholds[k - min] is the smallest product whose result is at least k, for k in [min + 1, max + 1].
 */
export interface MulPlan {
  readonly mult: number;
  readonly offset: number;
  readonly shift: number;
  readonly thresholds?: Int32Array;
}

/** Products lie in [-65025, 65025]. */
const REACH = 65025;

export function planMul(numerics: Numerics, q: MulQuant): MulPlan {
  const mul = makeMul(numerics, q);
  const scale = mulScale(q);
  // p * mult + offset within int32, where the offset holds the output's zero point and the rounding half.
  const bits = Math.min(30, Math.floor(Math.log2((2 ** 31 - 1) / (REACH * scale + 130))));
  if (bits >= 1) {
    const unit = 2 ** bits;
    const steps = thresholdsOf(mul, q);
    const ideal = Math.round(scale * unit);
    for (const mult of [ideal, ideal + 1, ideal - 1]) {
      const offset = fitOffset(steps, mult, unit, q.min);
      const reach = REACH * mult + Math.abs(offset ?? 0);
      if (offset !== undefined && reach < 2 ** 31) return { mult, offset, shift: bits };
    }
    const mult = ideal;
    const offset = q.zeroC * unit + unit / 2;
    if (REACH * mult + Math.abs(offset) < 2 ** 31) return { mult, offset, shift: bits, thresholds: steps };
  }
  // A scale this large saturates nearly everywhere: the thresholds alone decide, starting from the middle.
  return { mult: 0, offset: 0, shift: 1, thresholds: thresholdsOf(mul, q) };
}

/**
 * y = clamp((hi32((p << spread) * mult) + add) >> shift): more bits of the scale than 32-bit products hold, so mostly exact without
 * thresholds. For cores that multiply to 64 bits.
 */
export interface WideMulPlan {
  readonly spread: number;
  readonly mult: number;
  readonly add: number;
  readonly shift: number;
}

/** Undefined where no multiplier has the result of the reference for every product. */
export function planWideMul(numerics: Numerics, q: MulQuant): WideMulPlan | undefined {
  const scale = mulScale(q);
  const exponent = Math.floor(Math.log2(scale));
  // mult in [2^30, 2^31), |p << spread| < 2^31, and the zero point below 2^30 in `add`.
  const shift = Math.min(22, 12 - exponent);
  const spread = shift + 2 + exponent;
  if (shift < 1 || spread < 0) return undefined;
  const steps = thresholdsOf(makeMul(numerics, q), q);
  const boundsAt = (mult: number): Bounds => offsetBounds(steps, q.min, { spread, mult, shift });
  const mult = widest(boundsAt, Math.round(scale * 2 ** (32 + shift - spread)));
  const { low, high } = boundsAt(mult);
  const add = -(-low >> 32n);
  const isExact = add << 32n < high && add > -(2n ** 30n) && add < 2n ** 30n;
  return isExact ? { spread, mult, add: Number(add), shift } : undefined;
}

/** What add * 2^32 may be: at least `low`, below `high`. */
interface Bounds {
  readonly low: bigint;
  readonly high: bigint;
}

/** Bounds of an offset a with (T << spread) * mult + a >= k * 2^(32 + shift), and less for T - 1, for each threshold T of k. */
function offsetBounds(steps: Int32Array, min: number, plan: Omit<WideMulPlan, "add">): Bounds {
  const perProduct = BigInt(plan.mult) << BigInt(plan.spread);
  let low = -(1n << 62n);
  let high = 1n << 62n;
  for (let i = 0; i < steps.length - 1; i++) {
    const at = steps[i] ?? 0;
    const least = (BigInt(min + 1 + i) << BigInt(32 + plan.shift)) - BigInt(at) * perProduct;
    if (at <= REACH && least > low) low = least;
    if (at > -REACH && least + perProduct < high) high = least + perProduct;
  }
  return { low, high };
}

/**
 * The multiplier near `ideal` that leaves the offset the most room. Each bound is a line in the multiplier, so the room, a least
 * minus a greatest of lines, rises up to one place and falls behind it.
 */
function widest(boundsAt: (mult: number) => Bounds, ideal: number): number {
  const room = (mult: number): bigint => {
    const { low, high } = boundsAt(mult);
    return high - low;
  };
  const reach = 2 ** 18;
  let first = Math.max(1, ideal - reach);
  let last = Math.min(2 ** 31 - 1, ideal + reach);
  while (first < last) {
    const middle = Math.floor((first + last) / 2);
    if (room(middle) < room(middle + 1)) first = middle + 1;
    else last = middle;
  }
  return first;
}

/** What the kernel computes. */
export function applyWideMul(plan: WideMulPlan, q: MulQuant, product: number): number {
  const high = Number((BigInt(product * 2 ** plan.spread) * BigInt(plan.mult)) >> 32n);
  return clamp((high + plan.add) >> plan.shift, q.min, q.max);
}

/**
 * thresholds[i]: smallest p in [-REACH, REACH + 1] with mul(p) >= min + 1 + i; REACH + 1 where none, as for the last, beyond the
 * maximum, which binds no multiplier: the clamp ends results there.
 */
function thresholdsOf(mul: (product: number) => number, q: MulQuant): Int32Array {
  const steps = new Int32Array(q.max - q.min + 1);
  for (let i = 0; i < steps.length; i++) {
    const k = q.min + 1 + i;
    let low = -REACH - 1;
    let high = REACH + 1;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (mul(middle) >= k) high = middle;
      else low = middle;
    }
    steps[i] = high;
  }
  return steps;
}

/** An offset with T*mult + offset >= k*unit and (T-1)*mult + offset < k*unit for each threshold T of k. */
function fitOffset(steps: Int32Array, mult: number, unit: number, min: number): number | undefined {
  let low = Number.NEGATIVE_INFINITY;
  let high = Number.POSITIVE_INFINITY;
  for (let i = 0; i < steps.length - 1; i++) {
    const at = steps[i] ?? 0;
    const k = min + 1 + i;
    if (at > -REACH) high = Math.min(high, k * unit - (at - 1) * mult - 1);
    if (at <= REACH) low = Math.max(low, k * unit - at * mult);
  }
  if (low > high) return undefined;
  if (!Number.isFinite(low)) return Number.isFinite(high) ? high : 0;
  return Number.isFinite(high) ? Math.floor((low + high) / 2) : low;
}

/** The kernel's form, as C computes it. */
export function applyMul(plan: MulPlan, q: MulQuant, product: number): number {
  let y = clamp((product * plan.mult + plan.offset) >> plan.shift, q.min, q.max);
  if (!plan.thresholds) return y;
  while (y > q.min && product < (plan.thresholds[y - q.min - 1] ?? 0)) y--;
  while (y < q.max && product >= (plan.thresholds[y - q.min] ?? 0)) y++;
  return y;
}
