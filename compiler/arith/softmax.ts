/** Integer softmax of ONNX Runtime (docs/numerics.md, "Softmax"), in float32 steps over a table of exponentials. */
import { clamp, roundHalfEven } from "./saturate.js";

const f32 = Math.fround;
const FLOAT_MAX = 3.4028234663852886e38;

export interface SoftmaxSpec {
  /** Values per row. */
  readonly depth: number;
  readonly inScale: number;
  readonly outScale: number;
  readonly outZero: number;
  readonly unsigned: boolean;
}

/** t[i] = fl(exp((i - 255 + bit) * scale)), with `bit` such that a row of the largest entries still has a finite sum. */
export function softmaxTable(inScale: number, depth: number): Float32Array {
  const bit = Math.max(0, f32(Math.log(f32(FLOAT_MAX / depth))) - 5) / inScale;
  return Float32Array.from({ length: 256 }, (_, i) => Math.exp((i - 255 + bit) * inScale));
}

/** Maps a row x of `depth` values to y. */
export function makeSoftmax(spec: SoftmaxSpec): (x: ArrayLike<number>, y: Int8Array | Int32Array) => void {
  const table = softmaxTable(spec.inScale, spec.depth);
  const factor = Math.floor(f32(1 / spec.outScale));
  return (x, y) => {
    let max = -128;
    for (let i = 0; i < x.length; i++) max = Math.max(max, x[i] ?? 0);
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum = f32(sum + (table[(x[i] ?? 0) - max + 255] ?? 0));
    for (let i = 0; i < x.length; i++) {
      const scaled = f32((table[(x[i] ?? 0) - max + 255] ?? 0) * factor);
      y[i] = Number.isFinite(scaled)
        ? clamp(roundHalfEven(f32(scaled / sum)) + spec.outZero, -128, 127)
        : overflowValue(spec);
    }
  };
}

/**
 * Where the factor overflows float32 (output scales below about 1 / (148 * depth), as for a single class) the quotient is
 * infinite; what its conversion yields was measured on ONNX Runtime 1.30: int8 saturates, uint8 yields the zero point.
 */
export function overflowValue(spec: SoftmaxSpec): number {
  return spec.unsigned ? spec.outZero : 127;
}
