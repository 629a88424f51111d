/**
 * Requantization: int32 accumulator to int8, the reference functions of each profile (docs/numerics.md, section
 * "Requantization"). Mirrored by runtime-c/src/lwc_requant.h; requant-plan.ts proves which C form equals them.
 */
import type { Numerics } from "./numerics.js";
import { clamp, roundHalfEven } from "./saturate.js";

const f32 = Math.fround;

/** What happens to an accumulator: scale, zero point of the output, and the clamp (all int8 values). */
export interface Requantization {
  /** float32, positive. */
  readonly scale: number;
  readonly zeroPoint: number;
  readonly min: number;
  readonly max: number;
}

/** Maps an exact int32 accumulator to an int8 value; monotone. */
export type Requantize = (acc: number) => number;

/** Conv, MatMul and Gemm: fl(fl(fl(alpha * sa) * sb) / sy), with alpha 1 for the first two. */
export function gemmScale(alpha: number, input: number, weight: number, output: number): number {
  return f32(f32(f32(f32(alpha) * f32(input)) * f32(weight)) / f32(output));
}

/** Global average pooling over n values: fl(sx / fl(sy * fl(n))). */
export function meanScale(input: number, output: number, count: number): number {
  return f32(f32(input) / f32(f32(output) * f32(count)));
}

export function makeRequantize(numerics: Numerics, q: Requantization): Requantize {
  return numerics.profile === "fast" ? makeSingleRounding(q) : makeFloat(q);
}

/** ONNX Runtime: RNE(clamp(fl(fl(acc) * s))) + zp. */
function makeFloat(q: Requantization): Requantize {
  const scale = f32(q.scale);
  const low = q.min - q.zeroPoint;
  const high = q.max - q.zeroPoint;
  return (acc) => roundHalfEven(clamp(f32(f32(acc) * scale), low, high)) + q.zeroPoint;
}

/** From this scale on every accumulator but 0 saturates, so that larger scales need no other parameters. */
const LARGEST_SCALE = 2 ** 28;

/** A scale as multiplier / 2^shift with a 31-bit multiplier in [2^30, 2^31) and a shift of at least 1. */
export function fixedPoint(exactScale: number): { readonly multiplier: number; readonly shift: number } {
  const scale = Math.min(exactScale, LARGEST_SCALE);
  let exponent = Math.floor(Math.log2(scale));
  if (2 ** exponent > scale) exponent--;
  else if (2 ** (exponent + 1) <= scale) exponent++;
  let multiplier = Math.round(scale * 2 ** (30 - exponent));
  let shift = 30 - exponent;
  if (multiplier === 2 ** 31) {
    multiplier = 2 ** 30;
    shift--;
  }
  return { multiplier, shift };
}

/** Profile `fast`: floor((acc * M + 2^(S-1)) / 2^S) + zp. */
function makeSingleRounding(q: Requantization): Requantize {
  const { multiplier, shift } = fixedPoint(q.scale);
  return (acc) => clamp(singleRounding(acc, multiplier, shift) + q.zeroPoint, q.min, q.max);
}

/** floor((acc * multiplier + 2^(shift-1)) / 2^shift), exactly, for shift >= 1 and |acc| <= 2^31. */
export function singleRounding(acc: number, multiplier: number, shift: number): number {
  if (shift < 18) return Number((BigInt(acc) * BigInt(multiplier) + (1n << BigInt(shift - 1))) >> BigInt(shift));
  // Nested floor: both halves of the product stay below 2^53.
  const low = acc * (multiplier & 0xffff);
  const high = acc * Math.floor(multiplier / 65536);
  return Math.floor((high + Math.floor(low / 65536) + 2 ** (shift - 17)) / 2 ** (shift - 16));
}
