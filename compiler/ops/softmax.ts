/**
 * Softmax over the innermost axis, int8.
 *
 *   x  any shape, rows of D values  ->  y  same shape
 *
 * ONNX Runtime's integer softmax: exponentials from a 256-entry float32 table, summed in order, one division per value
 * (docs/numerics.md, "Softmax"); saturates as releases from 1.29 on do.
 */
import { makeSoftmax, overflowValue, type SoftmaxSpec, softmaxTable } from "../arith/softmax.js";
import { must } from "../diagnostics.js";
import { scaleOf } from "../ir/quant.js";
import { channelCount, elementCount } from "../ir/shape.js";
import { defineOp, type NodeView, quantOf } from "./op.js";

export type SoftmaxAttrs = Record<string, never>;

function specOf(view: NodeView<SoftmaxAttrs>): SoftmaxSpec {
  const x = quantOf(must(view.inputs[0], "input"));
  const y = quantOf(view.output);
  const depth = channelCount(view.output.shape);
  return { depth, inScale: scaleOf(x), outScale: scaleOf(y), outZero: y.zeroPoint, unsigned: y.storage === "uint8" };
}

export const softmax = defineOp<SoftmaxAttrs>({
  kind: "softmax",
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
  lower(view) {
    const spec = specOf(view);
    const { depth, inScale, outScale, outZero } = spec;
    return {
      kernel: "lwc_softmax_s8",
      header: "lwc_softmax_s8.h",
      geometry: "softmax",
      params: {
        type: "lwc_softmax_params",
        fields: {
          rows: elementCount(view.output.shape) / depth,
          depth,
          factor: Math.floor(Math.fround(1 / outScale)),
          zero_point: outZero,
          overflow: overflowValue(spec),
        },
      },
      drive: { kind: "flat" },
      constants: [
        {
          name: "table",
          data: softmaxTable(inScale, depth),
          align: 4,
          comment: "[256] exp((i - 255) * scale), scaled by a power of e that keeps the sum finite",
          role: "table",
        },
      ],
      scratchBytes: 0,
      why: "float32 table and one division per value, as ONNX Runtime defines it",
    };
  },
});
