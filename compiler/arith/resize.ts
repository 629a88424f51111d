/**
 * Resize along one axis: which input elements an output element reads, and with which weights, every step rounded to float32 as
 * ONNX Runtime computes it (docs/numerics.md, "Resize").
 */
import { assertNever } from "../diagnostics.js";

const f32 = Math.fround;

export const coordinateModes = [
  "half_pixel",
  "half_pixel_symmetric",
  "pytorch_half_pixel",
  "tf_half_pixel_for_nn",
  "asymmetric",
  "align_corners",
] as const;
export type CoordinateMode = (typeof coordinateModes)[number];

/** `simple`: what Resize of opset 10 and Upsample do: down where it grows, up where it shrinks. */
export const nearestModes = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple"] as const;
export type NearestMode = (typeof nearestModes)[number];

export interface ResizeAxis {
  readonly input: number;
  readonly output: number;
  /** float32: output / input, or what the model says. */
  readonly scale: number;
  readonly coordinates: CoordinateMode;
}

/** Coordinate in the input of output element `at`; may lie outside. */
function originalCoordinate({ input, output, scale, coordinates }: ResizeAxis, at: number): number {
  if (scale === 1) return at;
  switch (coordinates) {
    case "half_pixel":
      return f32(f32(f32(at + 0.5) / scale) - 0.5);
    case "half_pixel_symmetric": {
      const adjustment = f32(output / f32(scale * input));
      const offset = f32(f32(input / 2) * f32(1 - adjustment));
      // In double precision, since ONNX Runtime's constants are.
      return f32(offset + (at + 0.5) / scale - 0.5);
    }
    case "pytorch_half_pixel":
      return output > 1 ? f32(f32(f32(at + 0.5) / scale) - 0.5) : 0;
    case "tf_half_pixel_for_nn":
      return f32(f32(at + 0.5) / scale);
    case "asymmetric":
      return f32(at / scale);
    case "align_corners":
      return output === 1 ? 0 : f32(f32(at * (input - 1)) / (output - 1));
    default:
      return assertNever(coordinates);
  }
}

/** Input element of each output element. */
export function nearestIndices(axis: ResizeAxis, mode: NearestMode): readonly number[] {
  return Array.from({ length: axis.output }, (_, at) => {
    const index = axis.scale === 1 ? at : roundCoordinate(originalCoordinate(axis, at), mode, axis.scale < 1);
    return Math.min(axis.input - 1, Math.max(0, index));
  });
}

/** Coordinates this close to a half count as halves (ONNX Runtime 1.30; 1.23 takes exact halves alone). */
const halfSlack = 1e-6;

function roundCoordinate(x: number, mode: NearestMode, shrinks: boolean): number {
  const below = Math.floor(x);
  const isHalf = Math.abs(x - below - 0.5) < halfSlack;
  switch (mode) {
    case "round_prefer_floor":
      return isHalf ? below : Math.round(x);
    case "round_prefer_ceil":
      return isHalf ? below + 1 : Math.round(x);
    case "floor":
      return below;
    case "ceil":
      return Math.ceil(x);
    case "simple":
      return shrinks ? Math.ceil(x) : below;
    default:
      return assertNever(mode);
  }
}

/** An output element between two neighbours: value = near * x[first] + far * x[second], float32. */
export interface LinearTap {
  readonly first: number;
  readonly second: number;
  readonly near: number;
  readonly far: number;
}

export function linearTaps(axis: ResizeAxis): readonly LinearTap[] {
  const last = axis.input - 1;
  return Array.from({ length: axis.output }, (_, at) => {
    const x = Math.max(0, Math.min(last, originalCoordinate(axis, at)));
    const first = Math.min(Math.trunc(x), last);
    const second = Math.min(first + 1, last);
    if (first === second) return { first, second, near: 0.5, far: 0.5 };
    return { first, second, near: f32(Math.abs(x - second)), far: f32(Math.abs(x - first)) };
  });
}
