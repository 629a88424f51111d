/**
 * Linear resizing in integers. Where a map grows by a power of two, the weights of the four neighbours are multiples of 2^-K, and
 * their sum A = sum(W_i * (x_i - zx)) is an exact integer. ONNX Runtime's float32 sum lies within a few roundings of it, so that
 * floor((A * mult + half) >> shift) is its result wherever A is not close to the middle between two results; close to one, the
 * float32 steps decide, and are taken. How close that is follows from every A that there can be.
 */
import { must } from "../diagnostics.js";
import type { LinearTap } from "./resize.js";
import { clamp } from "./saturate.js";
import { quantize } from "./unary.js";

export interface BlendQuant {
  readonly inScale: number;
  readonly inZero: number;
  readonly outScale: number;
  readonly outZero: number;
  readonly min: number;
  readonly max: number;
}

export interface BlendPlan {
  /** Weights of rows and columns in units of 2^-bits. */
  readonly rowBits: number;
  readonly columnBits: number;
  readonly mult: number;
  readonly shift: number;
  /** Sums this close to the middle between two results, in units of 2^-shift, take the float32 steps. */
  readonly window: number;
  /** Part of all sums that do so. */
  readonly slow: number;
}

/** Finer weights leave too few bits for the multiplier. */
const MAX_BITS = 4;

/** Beyond it the float32 kernel alone is the better one. */
const LARGEST_SHARE = 1 / 4;

/** A plan that is proven for these weights and scales, or why there is none. */
export function planBlend(
  rows: readonly LinearTap[],
  columns: readonly LinearTap[],
  quant: BlendQuant,
): BlendPlan | string {
  const [rowBits, columnBits] = [bitsOf(rows), bitsOf(columns)];
  if (rowBits === undefined || columnBits === undefined) return "its weights are no multiples of 1/16";
  const unit = 2 ** (rowBits + columnBits);
  const [low, high] = [unit * (-128 - quant.inZero), unit * (127 - quant.inZero)];
  const ratio = quant.inScale / quant.outScale / unit;
  const largest = Math.max(-low, high);
  let shift = 30;
  const multOf = (): number => Math.round(ratio * 2 ** shift);
  // Room for the sum, a half, and the zero point of the output beside it.
  while (shift > 0 && largest * multOf() + 129 * 2 ** shift >= 2 ** 31) shift--;
  const plan = { rowBits, columnBits, mult: multOf(), shift };
  if (shift === 0 || plan.mult === 0) return "the ratio of its scales leaves no bits for a multiplier";
  return proven(plan, quant, low, high);
}

/** The least number of fraction bits of all weights, where near and far make one. */
function bitsOf(taps: readonly LinearTap[]): number | undefined {
  if (taps.some(({ near, far }) => near + far !== 1)) return undefined;
  for (let bits = 0; bits <= MAX_BITS; bits++)
    if (taps.every(({ near }) => Number.isInteger(near * 2 ** bits))) return bits;
  return undefined;
}

/**
 * float32 roundings that one product goes through: dequantizing it, weighing it, three additions. Weights themselves are exact,
 * and so is all of it where the scale is a power of two.
 */
const ROUNDINGS = 5;

function proven(
  plan: Omit<BlendPlan, "window" | "slow">,
  quant: BlendQuant,
  low: number,
  high: number,
): BlendPlan | string {
  const { rowBits, columnBits, mult, shift } = plan;
  const { inScale, inZero, outScale, outZero, min, max } = quant;
  const step = inScale / 2 ** (rowBits + columnBits);
  const [one, half] = [2 ** shift, 2 ** (shift - 1)];
  const isExact = Math.log2(inScale) % 1 === 0;
  const result = (sum: number): number => clamp(quantize(sum, outScale, outZero), min, max);
  let window = 0;
  for (let a = low; a <= high; a++) {
    // Weighed magnitudes add up to most where all values are at the two ends of int8.
    const magnitude = (a - low) * (127 - inZero) + (high - a) * (128 + inZero);
    // Twice the bound, which is computed in float64.
    const error = isExact ? 0 : (2 * ROUNDINGS * 2 ** -24 * step * magnitude) / 255;
    const y = clamp(Math.floor((a * mult + half) / one) + outZero, min, max);
    if (result(a * step - error) === y && result(a * step + error) === y) continue;
    const fraction = fractionOf(a, plan);
    window = Math.max(window, Math.min(fraction + 1, one - fraction));
  }
  let slow = 0;
  for (let a = low; a <= high; a++) if (isClose(fractionOf(a, plan), window, shift)) slow++;
  const share = slow / (high - low + 1);
  if (2 * window >= one || share > LARGEST_SHARE) return "too many of its sums lie between two results";
  return { ...plan, window, slow: share };
}

/** How far above a middle a sum lies, in [0, 2^shift). */
function fractionOf(a: number, { mult, shift }: { readonly mult: number; readonly shift: number }): number {
  const one = 2 ** shift;
  return must((((a * mult + one / 2) % one) + one) % one, "fraction");
}

function isClose(fraction: number, window: number, shift: number): boolean {
  return (fraction + window) % 2 ** shift < 2 * window;
}
