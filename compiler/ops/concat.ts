/**
 * Concatenation of activations along one axis. All inputs and the output share scale and zero point (the front end inserts
 * lookups where they did not).
 */
import { must } from "../diagnostics.js";
import { sameScale } from "../ir/quant.js";
import { channelCount, elementCount, type Shape } from "../ir/shape.js";
import { type Candidate, chooseKernel } from "./choose-kernel.js";
import { mveConcat } from "./concat/kernels-mve.js";
import { type ConcatLayer, portableConcat } from "./concat/kernels-portable.js";
import { defineOp, type NodeView, narrowed, quantOf, type RowKernel } from "./op.js";

export type ConcatAttrs = { readonly axis: number };

/** Elements of one input behind each coordinate of the axes before `axis`. */
function runLength(shape: Shape, axis: number): number {
  return elementCount(shape.slice(axis));
}

const joinsChannels = (view: NodeView<ConcatAttrs>): boolean => view.attrs.axis === view.output.shape.length - 1;

const kernels: readonly Candidate<ConcatLayer>[] = [portableConcat, mveConcat];

export const concat = defineOp<ConcatAttrs>({
  kind: "concat",
  kernels,
  summary: "joins tensors along an axis",
  attrs: { axis: { type: "int", doc: "axis of the IR shape (NHWC)" } },
  arity: { activations: "many", constants: [] },
  verify(view) {
    const { axis } = view.attrs;
    const problems: string[] = [];
    if (view.output.shape.length === 4 && axis === 0) problems.push("axis 0 of a map is the batch, which is 1");
    view.inputs.forEach((input, i) => {
      const fits =
        input.shape.length === view.output.shape.length &&
        input.shape.every((dim, a) => a === axis || dim === view.output.shape[a]);
      if (!fits)
        problems.push(`input ${i} [${input.shape.join(",")}] does not fit the output [${view.output.shape.join(",")}]`);
      if (!sameScale(quantOf(input), quantOf(view.output)))
        problems.push(`input ${i} has another scale or zero point than the output`);
    });
    return problems;
  },
  inferShape(attrs, inputs) {
    const first = must(inputs[0], "first input").shape;
    const total = inputs.reduce((sum, input) => sum + (input.shape[attrs.axis] ?? 0), 0);
    return first.map((dim, axis) => (axis === attrs.axis ? total : dim));
  },
  macs: () => 0,
  moves: () => "joins what several layers wrote",
  reference(view): RowKernel {
    const { axis } = view.attrs;
    if (view.output.shape.length === 4 && axis === 1) return stackRows(view);
    // Axis 1 of NHWC is the row itself; behind it, and for other ranks, every row joins runs.
    const from = view.output.shape.length === 4 ? 2 : 0;
    const outer = elementCount(view.output.shape.slice(from, axis));
    const runs = view.inputs.map((input) => runLength(input.shape, axis));
    return (read, out, y) => {
      let at = 0;
      for (let o = 0; o < outer; o++) {
        runs.forEach((run, i) => {
          out.set(read(i, y).subarray(o * run, (o + 1) * run), at);
          at += run;
        });
      }
    };
  },
  rows: (view) => ({ kind: view.output.shape.length === 4 && view.attrs.axis !== 1 ? "same" : "all" }),
  range(view, inputs) {
    const last = view.output.shape.length - 1;
    if (view.attrs.axis === last) return inputs.flat();
    return Array.from({ length: view.output.shape[last] ?? 1 }, (_, c) => ({
      min: Math.min(...inputs.map((ranges) => must(ranges[c], "range").min)),
      max: Math.max(...inputs.map((ranges) => must(ranges[c], "range").max)),
    }));
  },
  channels: (view) => ({ kind: joinsChannels(view) ? "fixed" : "tied" }),
  picks(view) {
    if (!joinsChannels(view)) return undefined;
    return view.inputs.flatMap((tensor, input) =>
      Array.from({ length: channelCount(tensor.shape) }, (_, channel) => ({ input, channel })),
    );
  },
  narrow(view, first, count) {
    const read: number[] = [];
    let at = 0;
    view.inputs.forEach((tensor, input) => {
      const end = at + channelCount(tensor.shape);
      if (at < first + count && end > first) read.push(input);
      at = end;
    });
    return narrowed(view, read, view.attrs, count);
  },
  lower(view, context) {
    const { axis } = view.attrs;
    const outer = elementCount(view.output.shape.slice(0, axis));
    const runs = view.inputs.map((input) => runLength(input.shape, axis));
    const outputs = elementCount(view.output.shape);
    const work = { macs: 0, outputs, inputs: outputs, calls: outer * runs.length };
    return chooseKernel(kernels, { outer, runs }, work, context);
  },
});

/** Inputs one below the other. */
function stackRows(view: NodeView<ConcatAttrs>): RowKernel {
  const starts: { readonly input: number; readonly y: number }[] = [];
  view.inputs.forEach((tensor, input) => {
    for (let y = 0; y < (tensor.shape[1] ?? 0); y++) starts.push({ input, y });
  });
  return (read, out, y) => {
    const from = must(starts[y], "row");
    out.set(read(from.input, from.y));
  };
}
