/** The rows that a resize reads. */
import { linearTaps, nearestIndices } from "../../arith/resize.js";
import type { NodeView } from "../op.js";
import { type ResizeAttrs, resizeAxis, roundingOf } from "../resize.js";
import { fitRows, type RowFit } from "./row-fit.js";

export function resizeRows(view: NodeView<ResizeAttrs>): RowFit {
  const axis = resizeAxis(view, 0);
  if (view.attrs.mode === "nearest")
    return fitRows(nearestIndices(axis, roundingOf(view)), axis.input, axis.scale, undefined);
  const taps = linearTaps(axis);
  return fitRows(
    taps.map(({ first }) => first),
    axis.input,
    axis.scale,
    (y) => taps[y]?.far !== 0,
  );
}
