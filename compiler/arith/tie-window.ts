/**
 * Float functions of an integer sum by one multiplication: floor((A * mult + half) / 2^shift) is what float32 arithmetic yields
 * for a sum A, unless A comes close to the middle between two results, where rounding errors decide. How close that is follows
 * from going through every A; there, the kernel takes the float32 steps.
 */
import { clamp } from "./saturate.js";

export interface TiePlan {
  readonly mult: number;
  readonly shift: number;
  /** Sums this close to the middle between two results, in units of 2^-shift, take the float32 steps. */
  readonly window: number;
  /** Part of all sums that do so. */
  readonly slow: number;
}

export interface TieQuestion {
  /** Every sum that there can be lies in [low, high], which holds 0. */
  readonly low: number;
  readonly high: number;
  /** Result per unit of the sum. */
  readonly ratio: number;
  /** Of the output, with its clamp. */
  readonly zeroPoint: number;
  readonly min: number;
  readonly max: number;
  /** The least and the largest result that float32 arithmetic can have for a sum. */
  readonly results: (sum: number) => readonly [number, number];
}

/** Beyond it the float32 kernel alone is the better one. */
const LARGEST_SHARE = 0.3;

/** A plan that is proven for every sum, or why there is none. */
export function planTies(question: TieQuestion): TiePlan | string {
  const { low, high, ratio, zeroPoint, min, max, results } = question;
  const largest = Math.max(-low, high);
  let shift = 30;
  const multOf = (): number => Math.round(ratio * 2 ** shift);
  // Room for the sum, a half, and the zero point of the output beside it.
  while (shift > 0 && largest * multOf() + 129 * 2 ** shift >= 2 ** 31) shift--;
  const mult = multOf();
  if (shift === 0 || mult === 0) return "the ratio of its scales leaves no bits for a multiplier";

  const [one, half] = [2 ** shift, 2 ** (shift - 1)];
  const fractionOf = (sum: number): number => (((sum * mult + half) % one) + one) % one;
  let window = 0;
  for (let sum = low; sum <= high; sum++) {
    const y = clamp(Math.floor((sum * mult + half) / one) + zeroPoint, min, max);
    const [least, most] = results(sum);
    if (least === y && most === y) continue;
    const fraction = fractionOf(sum);
    window = Math.max(window, Math.min(fraction + 1, one - fraction));
  }
  let close = 0;
  for (let sum = low; sum <= high; sum++) if ((fractionOf(sum) + window) % one < 2 * window) close++;
  const slow = close / (high - low + 1);
  if (2 * window >= one || slow > LARGEST_SHARE) return "too many of its sums lie between two results";
  return { mult, shift, window, slow };
}

/** The share of sums that take the float32 steps, for a reader: "6.3 %". */
export function slowText({ slow }: TiePlan): string {
  return `${Number((100 * slow).toPrecision(2))} %`;
}
