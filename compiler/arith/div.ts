/** The quotient of two quantized values as ONNX Runtime computes it in float32: dequantize, divide, quantize. */
import type { Binary } from "./add.js";
import { clamp, roundHalfEven } from "./saturate.js";

const f32 = Math.fround;

interface Real {
  readonly scale: number;
  readonly zeroPoint: number;
}

export interface DivQuant {
  readonly a: Real;
  readonly b: Real;
  readonly c: Real;
  readonly min: number;
  readonly max: number;
}

/** (a, b) -> c, all int8. 0 / 0 is no number, and becomes `min`. */
export function makeDiv({ a, b, c, min, max }: DivQuant): Binary {
  return (x, y) => {
    const quotient = f32(f32(a.scale * (x - a.zeroPoint)) / f32(b.scale * (y - b.zeroPoint)));
    if (Number.isNaN(quotient)) return min;
    return roundHalfEven(clamp(f32(quotient / c.scale), min - c.zeroPoint, max - c.zeroPoint)) + c.zeroPoint;
  };
}

/** For each divisor b a line through a: c = ((a - za) * mult + 2^(shift - 1)) >> shift, plus the zero point, clamped. */
export interface DivPlan {
  /** Entry b + 128. */
  readonly mults: Int32Array;
  /** 0 where no line meets all dividends: the division decides. */
  readonly shifts: Int8Array;
  /** How many divisors that are. */
  readonly divided: number;
}

/** Proven over all 65536 pairs. */
export function planDiv(q: DivQuant): DivPlan {
  const divide = makeDiv(q);
  const mults = new Int32Array(256);
  const shifts = new Int8Array(256);
  for (let b = -128; b <= 127; b++) {
    const line = b === q.b.zeroPoint ? undefined : lineOf(q, b);
    if (!line || !meets(line, q, (a) => divide(a, b))) continue;
    mults[b + 128] = line.mult;
    shifts[b + 128] = line.shift;
  }
  return { mults, shifts, divided: shifts.filter((shift) => shift === 0).length };
}

interface Line {
  readonly mult: number;
  readonly shift: number;
}

/** The line with the most bits that int32 holds. */
function lineOf({ a, b, c }: DivQuant, divisor: number): Line | undefined {
  const ratio = a.scale / b.scale / c.scale / (divisor - b.zeroPoint);
  const largest = Math.max(128 + a.zeroPoint, 127 - a.zeroPoint);
  for (let shift = 30; shift > 0; shift--) {
    const mult = Math.round(ratio * 2 ** shift);
    if (largest * Math.abs(mult) + 2 ** (shift - 1) < 2 ** 31) return { mult, shift };
  }
  return undefined;
}

function meets({ mult, shift }: Line, { a, c, min, max }: DivQuant, wanted: (dividend: number) => number): boolean {
  for (let x = -128; x <= 127; x++) {
    const value = ((x - a.zeroPoint) * mult + 2 ** (shift - 1)) >> shift;
    if (clamp(value + c.zeroPoint, min, max) !== wanted(x)) return false;
  }
  return true;
}
