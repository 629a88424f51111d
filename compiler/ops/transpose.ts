/** Transpose: output axis i is input axis perm[i]. */
import { must } from "../diagnostics.js";
import { stridesOf } from "../ir/shape.js";
import { copyCall, copyKernels } from "./copy-kernel.js";
import { copyNest, gatherMap, gatherReference } from "./gather.js";
import { defineOp } from "./op.js";

export type TransposeAttrs = { readonly perm: readonly number[] };

export const transpose = defineOp<TransposeAttrs>({
  kind: "transpose",
  kernels: copyKernels,
  summary: "permutes axes",
  attrs: { perm: { type: "ints", doc: "input axis of each output axis" } },
  arity: { activations: 1, constants: [] },
  verify(view) {
    const rank = must(view.inputs[0], "input").shape.length;
    const axes = view.attrs.perm.slice().sort((a, b) => a - b);
    return axes.length === rank && axes.every((axis, i) => axis === i)
      ? []
      : [`perm [${view.attrs.perm.join(",")}] is no permutation of ${rank} axes`];
  },
  inferShape(attrs, inputs) {
    const { shape } = must(inputs[0], "input");
    return attrs.perm.map((axis) => must(shape[axis], "axis"));
  },
  macs: () => 0,
  moves: () => "changes the order of axes",
  reference(view) {
    const input = must(view.inputs[0], "input");
    const axes = input.shape.map((_, axis) => ({ from: view.attrs.perm.indexOf(axis), start: 0, step: 1 }));
    return gatherReference(gatherMap(input.shape, view.output.shape, axes), input, view.output, 0);
  },
  rows: () => ({ kind: "all" }),
  channels: () => ({ kind: "fixed" }),
  isIdentity: (view) => view.attrs.perm.every((axis, i) => axis === i),
  lower(view, context) {
    const inStrides = stridesOf(must(view.inputs[0], "input").shape);
    const strides = view.attrs.perm.map((axis) => must(inStrides[axis], "stride"));
    return copyCall(
      view,
      copyNest(view.output.shape, strides, stridesOf(view.output.shape), 0, 0),
      { geometry: "transpose", why: `moves every byte: axes [${view.attrs.perm.join(",")}]` },
      context,
    );
  },
});
