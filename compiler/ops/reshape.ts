/** Reshape: the same elements in the same order under another shape; costs nothing, unless both ends are the caller's buffers. */
import { must } from "../diagnostics.js";
import { elementCount, rowLength } from "../ir/shape.js";
import { copyCall } from "./copy-kernel.js";
import { copyNest } from "./gather.js";
import { defineOp } from "./op.js";

export type ReshapeAttrs = { readonly shape: readonly number[] };

export const reshape = defineOp<ReshapeAttrs>({
  kind: "reshape",
  summary: "the same bytes under another shape (Reshape, Flatten, Squeeze, Unsqueeze)",
  attrs: { shape: { type: "ints", doc: "shape of the output" } },
  arity: { activations: 1, constants: [] },
  verify(view) {
    const from = must(view.inputs[0], "input").shape;
    return elementCount(from) === elementCount(view.attrs.shape)
      ? []
      : [`[${from.join(",")}] has not as many elements as [${view.attrs.shape.join(",")}]`];
  },
  inferShape: (attrs) => attrs.shape,
  macs: () => 0,
  moves: () => "its two ends have buffers of their own",
  reference(view) {
    const inLength = rowLength(must(view.inputs[0], "input").shape);
    return (read, out, y) => {
      for (let i = 0; i < out.length; i++) {
        const at = y * out.length + i;
        out[i] = read(0, Math.floor(at / inLength))[at % inLength] ?? 0;
      }
    };
  },
  rows: () => ({ kind: "all" }),
  range(view, inputs) {
    const ranges = must(inputs[0], "input ranges");
    if (ranges.length === view.output.shape.at(-1)) return ranges;
    const all = { min: Math.min(...ranges.map((r) => r.min)), max: Math.max(...ranges.map((r) => r.max)) };
    return new Array(view.output.shape.at(-1) ?? 1).fill(all);
  },
  channels: (view) => ({
    kind: must(view.inputs[0], "input").shape.at(-1) === view.output.shape.at(-1) ? "tied" : "fixed",
  }),
  pruning: {
    canFold: () => false,
    usedInputs: () => new Set(),
    prune: () => [],
    attrs: (view, keep) => ({ shape: [...view.attrs.shape.slice(0, -1), keep.outputs.length] }),
  },
  isView: () => true,
  lower: (view, context) =>
    copyCall(
      view,
      copyNest([elementCount(view.output.shape)], [1], [1], 0, 0),
      { geometry: "copy", why: "both ends are the caller's buffers: the bytes are copied" },
      context,
    ),
});
