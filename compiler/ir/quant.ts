/**
 * Quantization of a tensor: real = scale * (q - zeroPoint), scale in float32 (NUMERICS section 3.1).
 *
 * IR values are int8. A tensor that was uint8 in the model is stored with value and zero point shifted by -128, which is
 * exact; `storage` remembers it, because Add, Mul and AveragePool hold the zero point inside their rounding.
 */
import { fail } from "../diagnostics.js";

declare const brand: unique symbol;
/** A finite, positive, normal float32. */
export type Scale = number & { readonly [brand]: "Scale" };
/** An integer in [-128, 127]. */
export type ZeroPoint = number & { readonly [brand]: "ZeroPoint" };

/** What the model file stored: decides the rounding form of Add, Mul and AveragePool. */
export type Storage = "int8" | "uint8";

export interface Quant {
  /** One scale for the tensor, or one per slice along `axis` (constant weights only). */
  readonly scales: readonly Scale[];
  /** IR axis of per-channel scales; absent for one scale. */
  readonly axis?: number;
  readonly zeroPoint: ZeroPoint;
  readonly storage: Storage;
}

const smallestNormalF32 = 2 ** -126;

export function makeScale(value: number, tensor: string): Scale {
  const f32 = Math.fround(value);
  if (!Number.isFinite(f32) || f32 <= 0 || f32 < smallestNormalF32) {
    const found = Number.isFinite(f32) && f32 > 0 ? `denormal ${f32}` : String(value);
    fail({
      code: "LWC2001",
      kind: "error",
      message: `scale of tensor "${tensor}": expected a finite, positive, normal float32, found ${found}`,
      where: { tensor },
      hint: "re-quantize the model; a constant activation in calibration often causes this",
    });
  }
  return f32 as Scale; // checked above
}

export function makeZeroPoint(value: number, tensor: string): ZeroPoint {
  if (!Number.isInteger(value) || value < -128 || value > 127) {
    fail({
      code: "LWC2002",
      kind: "error",
      message: `zero point of tensor "${tensor}": expected an integer in the range of its 8-bit type, found ${value}`,
      where: { tensor },
      hint: "re-quantize the model",
    });
  }
  return value as ZeroPoint; // checked above
}

export function sameQuant(a: Quant, b: Quant): boolean {
  return (
    a.zeroPoint === b.zeroPoint &&
    a.storage === b.storage &&
    a.axis === b.axis &&
    a.scales.length === b.scales.length &&
    a.scales.every((scale, i) => scale === b.scales[i])
  );
}

/** The one scale of an activation. */
export function scaleOf(quant: Quant): Scale {
  const scale = quant.scales[0];
  if (scale === undefined || quant.scales.length !== 1) {
    fail({ code: "LWC9003", kind: "bug", message: "expected one scale per tensor" });
  }
  return scale;
}

/** Whether two activations stand for the same numbers, whatever type held them in the model. */
export function sameScale(a: Quant, b: Quant): boolean {
  return scaleOf(a) === scaleOf(b) && a.zeroPoint === b.zeroPoint;
}

/** Scale of channel `c`, whichever way the tensor is quantized. */
export function channelScale(quant: Quant, c: number): Scale {
  const scale = quant.scales.length === 1 ? quant.scales[0] : quant.scales[c];
  if (scale === undefined) {
    fail({ code: "LWC9004", kind: "bug", message: `no scale for channel ${c} of ${quant.scales.length}` });
  }
  return scale;
}
