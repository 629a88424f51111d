/** Pad with a constant: `before` and `after` elements per axis hold `value`. */
import { must } from "../diagnostics.js";
import { stridesOf } from "../ir/shape.js";
import { copyCall, copyKernels } from "./copy-kernel.js";
import { copyNest, gatherMap, gatherReference } from "./gather.js";
import { defineOp } from "./op.js";

export type PadAttrs = {
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Quantized. */
  readonly value: number;
};

export const pad = defineOp<PadAttrs>({
  kind: "pad",
  kernels: copyKernels,
  summary: "borders of a constant value",
  attrs: {
    before: { type: "ints", doc: "elements before, per axis" },
    after: { type: "ints", doc: "elements after, per axis" },
    value: { type: "int", doc: "quantized value of the border" },
  },
  arity: { activations: 1, constants: [] },
  verify(view) {
    const rank = must(view.inputs[0], "input").shape.length;
    const amounts = [...view.attrs.before, ...view.attrs.after];
    return amounts.length === 2 * rank && amounts.every((n) => n >= 0)
      ? []
      : [`expected ${2 * rank} amounts of at least 0`];
  },
  inferShape(attrs, inputs) {
    return must(inputs[0], "input").shape.map(
      (dim, axis) => dim + (attrs.before[axis] ?? 0) + (attrs.after[axis] ?? 0),
    );
  },
  macs: () => 0,
  moves: () => "writes a border that its reader cannot stand in for",
  reference(view) {
    const input = must(view.inputs[0], "input");
    const axes = input.shape.map((_, axis) => ({
      from: axis,
      start: -must(view.attrs.before[axis], "amount"),
      step: 1,
    }));
    return gatherReference(gatherMap(input.shape, view.output.shape, axes), input, view.output, view.attrs.value);
  },
  rows: () => ({ kind: "all" }),
  range(view, inputs) {
    const ranges = must(inputs[0], "input ranges");
    const before = view.attrs.before.at(-1) ?? 0;
    const { value } = view.attrs;
    return Array.from({ length: view.output.shape.at(-1) ?? 1 }, (_, c) => {
      const range = ranges[c - before];
      return { min: Math.min(value, range?.min ?? value), max: Math.max(value, range?.max ?? value) };
    });
  },
  channels: ({ attrs }) => ({ kind: attrs.before.at(-1) === 0 && attrs.after.at(-1) === 0 ? "tied" : "fixed" }),
  isIdentity: () => true,
  lower(view, context) {
    const { shape } = must(view.inputs[0], "input");
    const outStrides = stridesOf(view.output.shape);
    const offset = outStrides.reduce((sum, stride, axis) => sum + stride * must(view.attrs.before[axis], "amount"), 0);
    return copyCall(
      view,
      copyNest(shape, stridesOf(shape), outStrides, 0, offset),
      { geometry: "pad", why: "fills the borders, copies the inside", fill: view.attrs.value },
      context,
    );
  },
});
