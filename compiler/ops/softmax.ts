/**
 * Softmax over the innermost axis, int8.
 *
 *   x  any shape, rows of D values  ->  y  same shape
 *
 * ONNX Runtime's integer softmax: exponentials from a 256-entry float32 table, summed in order, one division per value
 * (docs/numerics.md, "Softmax"); saturates as releases from 1.29 on do.
 */
import { makeSoftmax, type SoftmaxSpec } from "../arith/softmax.js";
import { must } from "../diagnostics.js";
import { scaleOf } from "../ir/quant.js";
import { channelCount, elementCount } from "../ir/shape.js";
import { type Candidate, chooseKernel } from "./choose-kernel.js";
import { defineOp, type NodeView, quantOf } from "./op.js";
import { portableSoftmax, type SoftmaxLayer } from "./softmax/kernels-portable.js";

export type SoftmaxAttrs = Record<string, never>;

function specOf(view: NodeView<SoftmaxAttrs>): SoftmaxSpec {
  const x = quantOf(must(view.inputs[0], "input"));
  const y = quantOf(view.output);
  const depth = channelCount(view.output.shape);
  return { depth, inScale: scaleOf(x), outScale: scaleOf(y), outZero: y.zeroPoint, unsigned: y.storage === "uint8" };
}

const kernels: readonly Candidate<SoftmaxLayer>[] = [portableSoftmax];

export const softmax = defineOp<SoftmaxAttrs>({
  kind: "softmax",
  kernels,
  summary: "softmax over the innermost axis",
  attrs: {},
  arity: { activations: 1, constants: [] },
  verify: () => [],
  inferShape: (_attrs, inputs) => must(inputs[0], "input").shape,
  macs: () => 0,
  reference(view) {
    const spec = specOf(view);
    const { depth } = spec;
    const run = makeSoftmax(spec);
    return (read, to, y) => {
      const x = read(0, y);
      for (let at = 0; at < x.length; at += depth) run(x.subarray(at, at + depth), to.subarray(at, at + depth));
    };
  },
  rows: () => ({ kind: "same" }),
  channels: () => ({ kind: "fixed" }),
  lower(view, context) {
    const spec = specOf(view);
    const outputs = elementCount(view.output.shape);
    const work = { macs: 0, outputs, inputs: outputs, calls: outputs / spec.depth };
    return chooseKernel(kernels, { rows: outputs / spec.depth, spec }, work, context);
  },
});
