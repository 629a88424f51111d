/** Rounding and clamping shared by the reference arithmetic; mirrors what lwc_requant.h does in C. */

/** 1.5 * 2^52: adding and subtracting it rounds a double of magnitude below 2^51 to the nearest integer, ties to even. */
const ROUND = 6755399441055744;

/** Round half to even. Exact for |x| < 2^51. */
export function roundHalfEven(x: number): number {
  return x + ROUND - ROUND;
}

export function clamp(x: number, min: number, max: number): number {
  return x < min ? min : Math.min(x, max);
}
