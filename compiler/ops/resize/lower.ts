/** Kernel calls of resize. */
import { type LinearTap, linearTaps, nearestIndices } from "../../arith/resize.js";
import { type BlendPlan, planBlend } from "../../arith/resize-blend.js";
import { slowText } from "../../arith/tie-window.js";
import { invariant, must } from "../../diagnostics.js";
import { scaleOf } from "../../ir/quant.js";
import type { Drive, KernelCall, PackedConstant } from "../kernel.js";
import { type NodeView, quantOf } from "../op.js";
import { type ResizeAttrs, realTable, resizeAxis, roundingOf } from "../resize.js";
import { resizeRows } from "./plan.js";

export function lowerResize(view: NodeView<ResizeAttrs>): KernelCall {
  return view.attrs.mode === "nearest" ? lowerNearest(view) : lowerLinear(view);
}

function drive(view: NodeView<ResizeAttrs>): Drive {
  const [v, h] = [resizeAxis(view, 0), resizeAxis(view, 1)];
  const channels = must(view.output.shape[3], "channels");
  return {
    kind: "rows",
    window: resizeRows(view).window,
    passesRow: true,
    inRows: v.input,
    outRows: v.output,
    inRowBytes: h.input * channels,
    outRowBytes: h.output * channels,
    padValue: 0,
  };
}

/** Rows of a window are few: where no line follows the coordinates, the window is the whole input, and that is small. */
function picks(view: NodeView<ResizeAttrs>): PackedConstant {
  const list = resizeRows(view).picks;
  invariant(
    list.every((pick) => pick < 128),
    "rows of the window fit int8",
  );
  return {
    name: "picks",
    data: Int8Array.from(list),
    align: 4,
    comment: `[${list.length}] row of the window, per output row`,
    role: "table",
  };
}

/** Pixels of the output lie side by side. */
function pixelFields(view: NodeView<ResizeAttrs>): { readonly channels: number; readonly out_pitch: number } {
  const channels = must(view.output.shape[3], "channels");
  return { channels, out_pitch: channels };
}

function lowerNearest(view: NodeView<ResizeAttrs>): KernelCall {
  const [v, h] = [resizeAxis(view, 0), resizeAxis(view, 1)];
  const columns = nearestIndices(h, roundingOf(view));
  return {
    kernel: "lwc_resize_nearest_s8",
    header: "lwc_resize_nearest_s8.h",
    geometry: `nearest${v.output}x${h.output}`,
    params: {
      type: "lwc_resize_nearest_params",
      fields: { ...pixelFields(view), out_w: h.output },
    },
    drive: drive(view),
    constants: [
      picks(view),
      {
        name: "columns",
        data: Int16Array.from(columns),
        align: 4,
        comment: `[${columns.length}] input column of each output column`,
        role: "table",
      },
    ],
    scratchBytes: 0,
    why: "copies the elements that tables of rows and columns name",
  };
}

function lowerLinear(view: NodeView<ResizeAttrs>): KernelCall {
  const taps = { rows: linearTaps(resizeAxis(view, 0)), columns: linearTaps(resizeAxis(view, 1)) };
  const [x, y] = [quantOf(must(view.inputs[0], "input")), quantOf(view.output)];
  const plan = planBlend(taps.rows, taps.columns, {
    inScale: scaleOf(x),
    inZero: x.zeroPoint,
    outScale: scaleOf(y),
    outZero: y.zeroPoint,
    min: view.attrs.clampMin,
    max: view.attrs.clampMax,
  });
  return typeof plan === "string" ? lowerFloat(view, taps, plan) : lowerBlend(view, taps, plan);
}

interface Taps {
  readonly rows: readonly LinearTap[];
  readonly columns: readonly LinearTap[];
}

function table(name: string, data: Int16Array | Float32Array, comment: string): PackedConstant {
  return { name, data, align: 4, comment, role: "table" };
}

function columnPairs({ columns }: Taps): PackedConstant {
  return table(
    "columns",
    Int16Array.from(columns.flatMap(({ first, second }) => [first, second])),
    `[${columns.length}][2] left and right column`,
  );
}

const weightsOf = (taps: readonly LinearTap[]): readonly number[] => taps.flatMap(({ near, far }) => [near, far]);

function lowerBlend(view: NodeView<ResizeAttrs>, taps: Taps, plan: BlendPlan): KernelCall {
  const { rows, columns } = taps;
  const { rowBits, columnBits, mult, shift, window } = plan;
  const [x, y] = [quantOf(must(view.inputs[0], "input")), quantOf(view.output)];
  const unit = 2 ** (rowBits + columnBits);
  const inUnits = (list: readonly LinearTap[], bits: number): Int16Array =>
    Int16Array.from(weightsOf(list), (weight) => weight * 2 ** bits);
  return {
    kernel: "lwc_resize_blend_s8",
    header: "lwc_resize_blend_s8.h",
    geometry: `linear${rows.length}x${columns.length}`,
    params: {
      type: "lwc_resize_blend_params",
      fields: {
        ...pixelFields(view),
        out_w: columns.length,
        in_zero_point: x.zeroPoint,
        mult,
        offset: 2 ** (shift - 1) + 2 ** shift * y.zeroPoint - x.zeroPoint * unit * mult,
        shift,
        window,
        zero_point: y.zeroPoint,
        min: view.attrs.clampMin,
        max: view.attrs.clampMax,
      },
    },
    drive: drive(view),
    constants: [
      picks(view),
      table(
        "row_weights",
        inUnits(rows, rowBits),
        `[${rows.length}][2] weights of rows, in units of 1/${2 ** rowBits}`,
      ),
      columnPairs(taps),
      table(
        "column_weights",
        inUnits(columns, columnBits),
        `[${columns.length}][2] weights of columns, in units of 1/${2 ** columnBits}`,
      ),
      table(
        "scales",
        Float32Array.of(scaleOf(x), scaleOf(y), 1 / unit),
        "scales of the input, the output and the weights",
      ),
    ],
    scratchBytes: 0,
    why: `exact sums in units of 1/${unit}; ${slowText(plan)} of them lie too close between two results, where float32 decides`,
  };
}

function lowerFloat(view: NodeView<ResizeAttrs>, taps: Taps, reason: string): KernelCall {
  const { rows, columns } = taps;
  const y = quantOf(view.output);
  return {
    kernel: "lwc_resize_linear_s8",
    header: "lwc_resize_linear_s8.h",
    geometry: `linear${rows.length}x${columns.length}`,
    params: {
      type: "lwc_resize_linear_params",
      fields: {
        ...pixelFields(view),
        out_w: columns.length,
        zero_point: y.zeroPoint,
        min: view.attrs.clampMin,
        max: view.attrs.clampMax,
      },
    },
    drive: drive(view),
    constants: [
      picks(view),
      table(
        "row_weights",
        Float32Array.from(weightsOf(rows)),
        `[${rows.length}][2] weights of the upper and the lower row`,
      ),
      columnPairs(taps),
      table("column_weights", Float32Array.from(weightsOf(columns)), `[${columns.length}][2] their weights`),
      table("real", realTable(view), "[256] dequantized value of -128 .. 127"),
      table("scale", Float32Array.of(scaleOf(y)), "scale of the output"),
    ],
    scratchBytes: 0,
    why: `float32 sums in ONNX Runtime's order, which decides ties; ${reason}`,
  };
}
