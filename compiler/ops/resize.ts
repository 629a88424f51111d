/**
 * Resize over height and width, NHWC int8: the nearest element, or linear between the four neighbours. Coordinates, roundings and
 * the order of float operations are ONNX Runtime's (compiler/arith/resize.ts). `nearest` moves values and keeps their
 * quantization; `linear` adds (near_x * near_y) * x11 + (far_x * near_y) * x12 + (near_x * far_y) * x21 + (far_x * far_y) * x22 in
 * float32, from left to right, with dequantized values, and quantizes the sum.
 *
 * Output row y reads one row, or two, of the input: a window whose rows many output rows share where it enlarges.
 */
import {
  type CoordinateMode,
  coordinateModes,
  linearTaps,
  type NearestMode,
  nearestIndices,
  nearestModes,
  type ResizeAxis,
} from "../arith/resize.js";
import { dequantize, quantize } from "../arith/unary.js";
import { must } from "../diagnostics.js";
import { scaleOf } from "../ir/quant.js";
import { elementCount } from "../ir/shape.js";
import { defineOp, fullRange, type NodeView, quantOf } from "./op.js";
import { lowerResize } from "./resize/lower.js";
import { resizeRows } from "./resize/plan.js";

export type ResizeAttrs = {
  readonly mode: string;
  readonly coordinates: string;
  readonly rounding: string;
  /** height, width of the result */
  readonly size: readonly number[];
  /** float32 */
  readonly scaleH: number;
  readonly scaleW: number;
  readonly clampMin: number;
  readonly clampMax: number;
};

/** Height (0) or width (1). */
export function resizeAxis(view: NodeView<ResizeAttrs>, axis: 0 | 1): ResizeAxis {
  const { size, scaleH, scaleW, coordinates } = view.attrs;
  return {
    input: must(must(view.inputs[0], "input").shape[axis + 1], "dim"),
    output: must(size[axis], "size"),
    scale: Math.fround(axis === 0 ? scaleH : scaleW),
    coordinates: must(
      coordinateModes.find((mode): mode is CoordinateMode => mode === coordinates),
      "coordinate mode",
    ),
  };
}

export function roundingOf(view: NodeView<ResizeAttrs>): NearestMode {
  return must(
    nearestModes.find((mode) => mode === view.attrs.rounding),
    "nearest mode",
  );
}

/** The dequantized value of each int8 x, entry x + 128. */
export function realTable(view: NodeView<ResizeAttrs>): Float32Array {
  const quant = quantOf(must(view.inputs[0], "input"));
  return Float32Array.from({ length: 256 }, (_, i) => dequantize(i - 128, scaleOf(quant), quant.zeroPoint));
}

export const resize = defineOp<ResizeAttrs>({
  kind: "resize",
  kernels: [{ kernel: "lwc_resize_nearest_s8" }, { kernel: "lwc_resize_blend_s8" }, { kernel: "lwc_resize_linear_s8" }],
  summary: "larger or smaller maps: nearest and linear interpolation over height and width",
  attrs: {
    mode: { type: "string", doc: "nearest or linear", values: ["nearest", "linear"] },
    coordinates: { type: "string", doc: "how an output coordinate becomes one of the input", values: coordinateModes },
    rounding: {
      type: "string",
      doc: "which neighbour is nearest; without meaning for linear",
      values: nearestModes,
      default: "round_prefer_floor",
    },
    size: { type: "ints", doc: "height, width of the result", length: 2 },
    scaleH: { type: "float", doc: "vertical scale, float32" },
    scaleW: { type: "float", doc: "horizontal scale, float32" },
    clampMin: { type: "int", doc: "lower bound of the output, for linear", default: -128 },
    clampMax: { type: "int", doc: "upper bound of the output, for linear", default: 127 },
  },
  arity: { activations: 1, constants: [] },
  verify(view) {
    const { mode, clampMin, clampMax, size, scaleH, scaleW } = view.attrs;
    if (must(view.inputs[0], "input").shape.length !== 4) return ["expected a rank 4 input"];
    if (size.some((dim) => dim < 1)) return [`a result of ${size.join("x")}`];
    if (!(scaleH > 0 && scaleW > 0)) return [`scales ${scaleH} and ${scaleW}`];
    return mode === "nearest" && (clampMin !== -128 || clampMax !== 127) ? ["nearest has no clamp"] : [];
  },
  inferShape: (attrs, inputs) => [1, ...attrs.size, must(must(inputs[0], "input").shape[3], "channels")],
  macs: (view) => (view.attrs.mode === "linear" ? 4 * elementCount(view.output.shape) : 0),
  reference(view) {
    const channels = must(view.output.shape[3], "channels");
    if (view.attrs.mode === "nearest") {
      const rows = nearestIndices(resizeAxis(view, 0), roundingOf(view));
      const columns = nearestIndices(resizeAxis(view, 1), roundingOf(view));
      return (read, out, y) => {
        const row = read(0, must(rows[y], "row"));
        for (let i = 0; i < out.length; i++)
          out[i] = row[must(columns[Math.floor(i / channels)], "column") * channels + (i % channels)] ?? 0;
      };
    }
    const [rows, columns] = [linearTaps(resizeAxis(view, 0)), linearTaps(resizeAxis(view, 1))];
    const real = realTable(view);
    const { scale, zeroPoint } = { scale: scaleOf(quantOf(view.output)), zeroPoint: quantOf(view.output).zeroPoint };
    const { clampMin, clampMax } = view.attrs;
    const f32 = Math.fround;
    return (read, out, y) => {
      const v = must(rows[y], "row");
      const [upper, lower] = [read(0, v.first), read(0, v.second)];
      const valueAt = (row: ArrayLike<number>, at: number): number => real[(row[at] ?? 0) + 128] ?? 0;
      for (let i = 0; i < out.length; i++) {
        const h = must(columns[Math.floor(i / channels)], "column");
        const [left, right] = [h.first * channels + (i % channels), h.second * channels + (i % channels)];
        let sum = f32(f32(h.near * v.near) * valueAt(upper, left));
        sum = f32(sum + f32(f32(h.far * v.near) * valueAt(upper, right)));
        sum = f32(sum + f32(f32(h.near * v.far) * valueAt(lower, left)));
        sum = f32(sum + f32(f32(h.far * v.far) * valueAt(lower, right)));
        out[i] = Math.min(clampMax, Math.max(clampMin, quantize(sum, scale, zeroPoint)));
      }
    };
  },
  rows: (view) => ({ kind: "window", ...resizeRows(view).window }),
  moves: ({ attrs }) => (attrs.mode === "nearest" ? "repeats or leaves out pixels" : undefined),
  range(view, inputs) {
    const ranges = must(inputs[0], "input ranges");
    return view.attrs.mode === "nearest" ? ranges : ranges.map(() => fullRange);
  },
  channels: () => ({ kind: "tied" }),
  isIdentity: (view) =>
    view.attrs.mode === "nearest" && [0, 1].every((axis) => isIdentityAxis(view, axis === 0 ? 0 : 1)),
  lower: lowerResize,
});

function isIdentityAxis(view: NodeView<ResizeAttrs>, axis: 0 | 1): boolean {
  return nearestIndices(resizeAxis(view, axis), roundingOf(view)).every((index, i) => index === i);
}
