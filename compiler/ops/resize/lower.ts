/** Kernel calls of resize. */
import { linearTaps, nearestIndices } from "../../arith/resize.js";
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

function lowerNearest(view: NodeView<ResizeAttrs>): KernelCall {
  const [v, h] = [resizeAxis(view, 0), resizeAxis(view, 1)];
  const columns = nearestIndices(h, roundingOf(view));
  return {
    kernel: "lwc_resize_nearest_s8",
    header: "lwc_resize_nearest_s8.h",
    geometry: `nearest${v.output}x${h.output}`,
    params: {
      type: "lwc_resize_nearest_params",
      fields: { channels: must(view.output.shape[3], "channels"), out_w: h.output },
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
  const [v, h] = [resizeAxis(view, 0), resizeAxis(view, 1)];
  const [rows, columns] = [linearTaps(v), linearTaps(h)];
  const y = quantOf(view.output);
  const table = (name: string, data: Int16Array | Float32Array, comment: string): PackedConstant => ({
    name,
    data,
    align: 4,
    comment,
    role: "table",
  });
  return {
    kernel: "lwc_resize_linear_s8",
    header: "lwc_resize_linear_s8.h",
    geometry: `linear${v.output}x${h.output}`,
    params: {
      type: "lwc_resize_linear_params",
      fields: {
        channels: must(view.output.shape[3], "channels"),
        out_w: h.output,
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
        Float32Array.from(rows.flatMap(({ near, far }) => [near, far])),
        `[${rows.length}][2] weights of the upper and the lower row`,
      ),
      table(
        "columns",
        Int16Array.from(columns.flatMap(({ first, second }) => [first, second])),
        `[${columns.length}][2] left and right column`,
      ),
      table(
        "column_weights",
        Float32Array.from(columns.flatMap(({ near, far }) => [near, far])),
        `[${columns.length}][2] their weights`,
      ),
      table("real", realTable(view), "[256] dequantized value of -128 .. 127"),
      table("scale", Float32Array.of(scaleOf(y)), "scale of the output"),
    ],
    scratchBytes: 0,
    why: "float32 sums in ONNX Runtime's order: ties are common where a map doubles, and the order decides them",
  };
}
