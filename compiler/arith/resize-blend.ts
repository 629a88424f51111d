/**
 * Linear resizing in integers. Where a map grows by a power of two, the weights of the four neighbours are multiples of 2^-K, and
 * their sum A = sum(W_i * (x_i - zx)) is an exact integer. ONNX Runtime's float32 sum lies within a few roundings of it.
 */
import type { LinearTap } from "./resize.js";
import { clamp } from "./saturate.js";
import { planTies, type TiePlan } from "./tie-window.js";
import { quantize } from "./unary.js";

export interface BlendQuant {
  readonly inScale: number;
  readonly inZero: number;
  readonly outScale: number;
  readonly outZero: number;
  readonly min: number;
  readonly max: number;
}

export interface BlendPlan extends TiePlan {
  /** Weights of rows and columns in units of 2^-bits. */
  readonly rowBits: number;
  readonly columnBits: number;
}

/** Finer weights leave too few bits for the multiplier. */
const MAX_BITS = 4;

/**
 * float32 roundings that one product goes through: dequantizing it, weighing it, three additions. Weights themselves are exact,
 * and so is all of it where the scale is a power of two.
 */
const ROUNDINGS = 5;

/** A plan that is proven for these weights and scales, or why there is none. */
export function planBlend(
  rows: readonly LinearTap[],
  columns: readonly LinearTap[],
  quant: BlendQuant,
): BlendPlan | string {
  const { inScale, inZero, outScale, outZero, min, max } = quant;
  const [rowBits, columnBits] = [bitsOf(rows), bitsOf(columns)];
  if (rowBits === undefined || columnBits === undefined) return "its weights are no multiples of 1/16";
  const unit = 2 ** (rowBits + columnBits);
  const [low, high] = [unit * (-128 - inZero), unit * (127 - inZero)];
  const step = inScale / unit;
  const isExact = Math.log2(inScale) % 1 === 0;
  const result = (sum: number): number => clamp(quantize(sum, outScale, outZero), min, max);
  const results = (sum: number): readonly [number, number] => {
    // Weighed magnitudes add up to most where all values are at the two ends of int8.
    const magnitude = ((sum - low) * (127 - inZero) + (high - sum) * (128 + inZero)) / 255;
    // Twice the bound, which is computed in float64.
    const error = isExact ? 0 : 2 * ROUNDINGS * 2 ** -24 * step * magnitude;
    return [result(sum * step - error), result(sum * step + error)];
  };
  const plan = planTies({ low, high, ratio: step / outScale, zeroPoint: outZero, min, max, results });
  return typeof plan === "string" ? plan : { ...plan, rowBits, columnBits };
}

/** The least number of fraction bits of all weights, where near and far make one. */
function bitsOf(taps: readonly LinearTap[]): number | undefined {
  if (taps.some(({ near, far }) => near + far !== 1)) return undefined;
  for (let bits = 0; bits <= MAX_BITS; bits++)
    if (taps.every(({ near }) => Number.isInteger(near * 2 ** bits))) return bits;
  return undefined;
}
