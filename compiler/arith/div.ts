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
