/**
 * Take: picks along one axis by constant indices (Gather, Tile, Expand): y[.., i, ..] = x[.., indices[i], ..].
 *
 *   x  [outer..., length, inner...]  ->  y  [outer..., indices.length, inner...]
 */
import { must } from "../diagnostics.js";
import { elementCount, stridesOf } from "../ir/shape.js";
import { gatherReference } from "./gather.js";
import { defineOp, type NodeView } from "./op.js";

export type TakeAttrs = {
  /** Axis of the IR shape. */
  readonly axis: number;
  /** Each in [0, length of the axis). */
  readonly indices: readonly number[];
};

const inputOf = (view: NodeView<TakeAttrs>) => must(view.inputs[0], "input");

/** True where the indices count channels, the innermost axis. */
const takesChannels = (view: NodeView<TakeAttrs>): boolean => view.attrs.axis === inputOf(view).shape.length - 1;

function sourceMap(view: NodeView<TakeAttrs>): Int32Array {
  const { axis, indices } = view.attrs;
  const { shape } = inputOf(view);
  const inner = must(stridesOf(shape)[axis], "stride");
  const length = must(shape[axis], "length");
  return Int32Array.from({ length: elementCount(view.output.shape) }, (_, at) => {
    const outer = Math.floor(at / (inner * indices.length));
    const picked = must(indices[Math.floor(at / inner) % indices.length], "index");
    return (outer * length + picked) * inner + (at % inner);
  });
}

export const take = defineOp<TakeAttrs>({
  kind: "take",
  kernels: [{ kernel: "lwc_take_s8" }],
  summary: "elements of one axis by constant index, in any order and any number of times",
  attrs: {
    axis: { type: "int", doc: "axis that the indices count along" },
    indices: { type: "ints", doc: "coordinate of each element of the result" },
  },
  arity: { activations: 1, constants: [] },
  verify(view) {
    const { axis, indices } = view.attrs;
    const length = inputOf(view).shape[axis];
    if (length === undefined) return [`axis ${axis} does not exist in [${inputOf(view).shape.join(",")}]`];
    const outside = indices.find((index) => index < 0 || index >= length);
    if (indices.length === 0) return ["it takes nothing"];
    return outside === undefined ? [] : [`index ${outside} of an axis of ${length}`];
  },
  inferShape: (attrs, inputs) =>
    must(inputs[0], "input").shape.map((dim, axis) => (axis === attrs.axis ? attrs.indices.length : dim)),
  macs: () => 0,
  moves: () => "picks by index",
  reference: (view) => gatherReference(sourceMap(view), inputOf(view), view.output, 0),
  rows: (view) => ({ kind: takesChannels(view) ? "same" : "all" }),
  range(view, inputs) {
    const ranges = must(inputs[0], "input ranges");
    if (!takesChannels(view)) return ranges;
    return view.attrs.indices.map((index) => must(ranges[index], "range"));
  },
  channels: (view) => ({ kind: takesChannels(view) ? "fixed" : "tied" }),
  picks: (view) => (takesChannels(view) ? view.attrs.indices.map((channel) => ({ input: 0, channel })) : undefined),
  isIdentity: (view) => view.attrs.indices.every((index, i) => index === i),
  lower(view) {
    const { axis, indices } = view.attrs;
    const { shape } = inputOf(view);
    return {
      kernel: "lwc_take_s8",
      header: "lwc_take_s8.h",
      geometry: "take",
      params: {
        type: "lwc_take_params",
        fields: {
          outer: elementCount(shape.slice(0, axis)),
          count: indices.length,
          inner: elementCount(shape.slice(axis + 1)),
          step: elementCount(shape.slice(axis)),
        },
      },
      drive: { kind: "flat" },
      constants: [
        {
          name: "indices",
          data: Int32Array.from(indices),
          align: 4,
          comment: `[${indices.length}] coordinate along axis ${axis}`,
          role: "table",
        },
      ],
      scratchBytes: 0,
      why: "copies the elements that the index table names",
    };
  },
});
