/**
 * Average of one pooling window as ONNX Runtime computes it: float32 sums of dequantized values in row-major order, then a
 * division and a quantization (docs/numerics.md, "AveragePool"). The order matters: many windows land on exact ties.
 */
import { clamp, roundHalfEven } from "./saturate.js";

const f32 = Math.fround;

export interface AvgPoolQuant {
  readonly inScale: number;
  readonly inZero: number;
  readonly outScale: number;
  readonly outZero: number;
  readonly unsigned: boolean;
  readonly min: number;
  readonly max: number;
}

/** The dequantized value of each int8 x, entry x + 128. */
export function dequantTable(q: AvgPoolQuant): Float32Array {
  return Float32Array.from({ length: 256 }, (_, i) => f32(q.inScale * (i - 128 - q.inZero)));
}

/** Sum of dequantized values and divisor to int8. */
export function makeAverage(q: AvgPoolQuant): (sum: number, count: number) => number {
  const shift = q.unsigned ? 128 : 0;
  return (sum, count) => {
    const mean = f32(sum / count);
    return clamp(roundHalfEven(f32(f32(mean / q.outScale) + (q.outZero + shift))) - shift, q.min, q.max);
  };
}
