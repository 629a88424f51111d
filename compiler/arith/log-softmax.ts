/**
 * Log-softmax, y = x - max - ln(sum of exp(x - max)), in float32 steps that every machine repeats: exponentials from a table, a
 * logarithm of additions and multiplications alone. ONNX Runtime computes the node in float, with exponentials of its own.
 */
import { clamp, roundHalfEven } from "./saturate.js";

const f32 = Math.fround;

export interface LogSoftmaxSpec {
  readonly inScale: number;
  readonly outScale: number;
  readonly outZero: number;
}

/** Entry k: exp(-k * scale). */
export function logSoftmaxTable(inScale: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, k) => Math.exp(-k * inScale));
}

/** Maps a row x of int8 values to y. */
export function makeLogSoftmax(spec: LogSoftmaxSpec): (x: ArrayLike<number>, y: Int8Array | Int32Array) => void {
  const table = logSoftmaxTable(spec.inScale);
  return (x, y) => {
    let largest = -128;
    for (let i = 0; i < x.length; i++) largest = Math.max(largest, x[i] ?? 0);
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum = f32(sum + (table[largest - (x[i] ?? 0)] ?? 0));
    const shift = log(sum);
    for (let i = 0; i < x.length; i++) {
      const value = f32(f32(spec.inScale * ((x[i] ?? 0) - largest)) - shift);
      y[i] = roundHalfEven(clamp(f32(value / spec.outScale), -128 - spec.outZero, 127 - spec.outZero)) + spec.outZero;
    }
  };
}

const word = new DataView(new ArrayBuffer(4));

/**
 * Natural logarithm of a float32 >= 1: 2^e * m with m in [0.707, 1.414], e * ln(2) + 2 * atanh((m - 1) / (m + 1)), of which the
 * series up to r^9 is within 2^-24.
 */
function log(x: number): number {
  word.setFloat32(0, x);
  const bits = word.getInt32(0);
  let exponent = (bits >> 23) - 127;
  word.setInt32(0, (bits & 0x7fffff) | 0x3f800000);
  let mantissa = word.getFloat32(0);
  if (mantissa > f32(Math.SQRT2)) {
    mantissa = f32(mantissa * 0.5);
    exponent += 1;
  }
  const r = f32(f32(mantissa - 1) / f32(mantissa + 1));
  const square = f32(r * r);
  let series = f32(1 / 9);
  for (const divisor of [7, 5, 3, 1]) series = f32(f32(series * square) + f32(1 / divisor));
  return f32(f32(f32(2 * r) * series) + f32(exponent * f32(Math.LN2)));
}
