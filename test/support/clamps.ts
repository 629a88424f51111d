/** Clamps of a layer's results for property tests: int8's own, any others, and those that ReLU and ReLU6 leave, which begin at the zero point. */
import fc from "fast-check";

export interface Clamp {
  readonly from: number | "zero point";
  readonly to: number;
}

export const clamps: fc.Arbitrary<Clamp> = fc.constantFrom<Clamp[]>(
  { from: -128, to: 127 },
  { from: -128, to: 127 },
  { from: "zero point", to: 127 },
  { from: "zero point", to: 90 },
  { from: -20, to: 127 },
  { from: -128, to: 64 },
  { from: -100, to: 64 },
);

/** The attributes of a node whose output has this zero point. */
export function clampAttributes({ from, to }: Clamp, zero: number): { clampMin: number; clampMax: number } {
  return { clampMin: from === "zero point" ? zero : from, clampMax: Math.max(to, from === "zero point" ? zero : from) };
}
