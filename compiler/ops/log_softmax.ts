/**
 * Log-softmax over the innermost axis, int8.
 *
 *   x  any shape, rows of D values  ->  y  same shape
 *
 * Float32 steps, the same on every core (docs/numerics.md, "LogSoftmax"); ONNX Runtime computes the node in float.
 */
import { type LogSoftmaxSpec, logSoftmaxTable, makeLogSoftmax } from "../arith/log-softmax.js";
import { must } from "../diagnostics.js";
import { scaleOf } from "../ir/quant.js";
import { channelCount, elementCount } from "../ir/shape.js";
import { type Candidate, chooseKernel } from "./choose-kernel.js";
import { defineOp, type NodeView, quantOf } from "./op.js";

export type LogSoftmaxAttrs = Record<string, never>;

type View = NodeView<LogSoftmaxAttrs>;

function specOf(view: View): LogSoftmaxSpec {
  const x = quantOf(must(view.inputs[0], "input"));
  const y = quantOf(view.output);
  return { inScale: scaleOf(x), outScale: scaleOf(y), outZero: y.zeroPoint };
}

const kernel: Candidate<View> = {
  kernel: "lwc_log_softmax_s8",
  call(view) {
    const { inScale, outScale, outZero } = specOf(view);
    const depth = channelCount(view.output.shape);
    return {
      kernel: "lwc_log_softmax_s8",
      header: "lwc_log_softmax_s8.h",
      geometry: "log_softmax",
      params: {
        type: "lwc_log_softmax_params",
        fields: { rows: elementCount(view.output.shape) / depth, depth, zero_point: outZero },
      },
      drive: { kind: "flat" },
      constants: [
        {
          name: "table",
          data: logSoftmaxTable(inScale),
          align: 4,
          comment: "[256] exp(-k * scale)",
          role: "table",
        },
        {
          name: "scales",
          data: Float32Array.of(inScale, outScale),
          align: 4,
          comment: "scales of input and output",
          role: "table",
        },
      ],
      scratchBytes: 0,
      why: "float32 table, one logarithm per row and one division per value",
    };
  },
};

export const logSoftmax = defineOp<LogSoftmaxAttrs>({
  kind: "log_softmax",
  kernels: [kernel],
  summary: "logarithm of softmax over the innermost axis",
  attrs: {},
  arity: { activations: 1, constants: [] },
  verify: () => [],
  inferShape: (_attrs, inputs) => must(inputs[0], "input").shape,
  macs: () => 0,
  reference(view) {
    const depth = channelCount(view.output.shape);
    const run = makeLogSoftmax(specOf(view));
    return (read, to, y) => {
      const x = read(0, y);
      for (let at = 0; at < x.length; at += depth) run(x.subarray(at, at + depth), to.subarray(at, at + depth));
    };
  },
  rows: () => ({ kind: "same" }),
  channels: () => ({ kind: "fixed" }),
  lower(view, context) {
    const outputs = elementCount(view.output.shape);
    return chooseKernel([kernel], view, { macs: 0, outputs, inputs: outputs, calls: 1 }, context);
  },
});
