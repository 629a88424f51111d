/** Slice: output coordinate i of an axis is input coordinate start + step * i. */
import { must } from "../diagnostics.js";
import { channelCount, stridesOf } from "../ir/shape.js";
import { copyCall, copyKernels } from "./copy-kernel.js";
import { copyNest, gatherMap, gatherReference } from "./gather.js";
import { defineOp, type NodeView } from "./op.js";

export type SliceAttrs = {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly steps: readonly number[];
};

/** True where the slice leaves an axis of length `dim` as it is. */
function takesAll({ starts, ends, steps }: SliceAttrs, axis: number, dim: number): boolean {
  return starts[axis] === 0 && steps[axis] === 1 && ends[axis] === dim;
}

function keepsChannels(view: NodeView<SliceAttrs>): boolean {
  const { shape } = must(view.inputs[0], "input");
  return takesAll(view.attrs, shape.length - 1, channelCount(shape));
}

export const slice = defineOp<SliceAttrs>({
  kind: "slice",
  kernels: copyKernels,
  summary: "a part of a tensor (Slice, Split)",
  attrs: {
    starts: { type: "ints", doc: "first coordinate per axis" },
    ends: { type: "ints", doc: "coordinate behind the last, per axis" },
    steps: { type: "ints", doc: "distance per axis, not 0" },
  },
  arity: { activations: 1, constants: [] },
  verify(view) {
    const { shape } = must(view.inputs[0], "input");
    const bad = shape.findIndex((dim, axis) => {
      const start = view.attrs.starts[axis] ?? -1;
      const step = view.attrs.steps[axis] ?? 0;
      const last = start + step * ((view.output.shape[axis] ?? 0) - 1);
      return step === 0 || start < 0 || start >= dim || last < 0 || last >= dim;
    });
    return bad < 0 ? [] : [`axis ${bad}: the slice leaves the input [${shape.join(",")}]`];
  },
  inferShape: (attrs) =>
    attrs.starts.map((start, axis) =>
      Math.ceil((must(attrs.ends[axis], "end") - start) / must(attrs.steps[axis], "step")),
    ),
  macs: () => 0,
  moves: () => "cuts out a part",
  reference(view) {
    const input = must(view.inputs[0], "input");
    const axes = input.shape.map((_, axis) => ({
      from: axis,
      start: must(view.attrs.starts[axis], "start"),
      step: must(view.attrs.steps[axis], "step"),
    }));
    return gatherReference(gatherMap(input.shape, view.output.shape, axes), input, view.output, 0);
  },
  rows(view) {
    const { starts, steps } = view.attrs;
    const keepsRows = starts[1] === 0 && steps[1] === 1 && view.output.shape[1] === view.inputs[0]?.shape[1];
    return { kind: view.output.shape.length === 4 && keepsRows ? "same" : "all" };
  },
  range(view, inputs) {
    const ranges = must(inputs[0], "input ranges");
    const start = view.attrs.starts.at(-1) ?? 0;
    const step = view.attrs.steps.at(-1) ?? 1;
    return Array.from({ length: view.output.shape.at(-1) ?? 1 }, (_, c) => must(ranges[start + step * c], "range"));
  },
  channels: (view) => ({ kind: keepsChannels(view) ? "tied" : "fixed" }),
  pruning: {
    canFold: () => false,
    usedInputs: () => new Set(),
    prune: () => [],
    attrs: (view, keep) => ({ ...view.attrs, ends: [...view.attrs.ends.slice(0, -1), keep.outputs.length] }),
  },
  picks(view) {
    const input = must(view.inputs[0], "input");
    const last = input.shape.length - 1;
    const others = input.shape.slice(0, last).every((dim, axis) => takesAll(view.attrs, axis, dim));
    if (!others) return undefined;
    const [start, step] = [must(view.attrs.starts[last], "start"), must(view.attrs.steps[last], "step")];
    return Array.from({ length: channelCount(view.output.shape) }, (_, c) => ({ input: 0, channel: start + step * c }));
  },
  isIdentity: ({ attrs }) => attrs.starts.every((start) => start === 0) && attrs.steps.every((step) => step === 1),
  lower(view, context) {
    const inStrides = stridesOf(must(view.inputs[0], "input").shape);
    const strides = inStrides.map((stride, axis) => stride * must(view.attrs.steps[axis], "step"));
    const offset = inStrides.reduce((sum, stride, axis) => sum + stride * must(view.attrs.starts[axis], "start"), 0);
    return copyCall(
      view,
      copyNest(view.output.shape, strides, stridesOf(view.output.shape), offset, 0),
      { geometry: "slice", why: "copies the part that is kept" },
      context,
    );
  },
});
