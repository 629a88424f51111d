/**
 * Quotient of two activations, c = clamp(a / b), int8, each with its own scale and zero point.
 *
 *   a, b  equal shapes, or one of them [1,..,1,C], or one value per pixel, or a single value        c  the larger shape
 *
 * ONNX Runtime has no integer kernel: the arithmetic is that of its float32 operator between DequantizeLinear and QuantizeLinear
 * (docs/numerics.md, "Sums"). A number divided by zero is infinite and saturates; 0 / 0 yields the lowest value, as on x64.
 */
import { makeDiv } from "../arith/div.js";
import { must } from "../diagnostics.js";
import { scaleOf } from "../ir/quant.js";
import { channelCount, elementCount, sameShape } from "../ir/shape.js";
import { type Candidate, chooseKernel } from "./choose-kernel.js";
import { binaryReference, broadcastRows, broadcastShape, broadcastSteps, verifyBroadcast } from "./elementwise.js";
import { defineOp, type NodeView, quantOf } from "./op.js";

export type DivAttrs = {
  readonly clampMin: number;
  readonly clampMax: number;
};

function quantsOf(view: NodeView<DivAttrs>) {
  const { clampMin: min, clampMax: max } = view.attrs;
  const quants = [...view.inputs, view.output].map((tensor) => quantOf(tensor));
  const [a, b, c] = quants.map((quant) => ({ scale: scaleOf(quant), zeroPoint: quant.zeroPoint }));
  return { a: must(a, "a"), b: must(b, "b"), c: must(c, "c"), min, max };
}

const kernel: Candidate<NodeView<DivAttrs>> = {
  kernel: "lwc_div_s8",
  call(view) {
    const q = quantsOf(view);
    const inner = channelCount(view.output.shape);
    const a = broadcastSteps(must(view.inputs[0], "dividend"), view.output);
    const b = broadcastSteps(must(view.inputs[1], "divisor"), view.output);
    return {
      kernel: "lwc_div_s8",
      header: "lwc_div_s8.h",
      geometry: "div",
      params: {
        type: "lwc_div_params",
        fields: {
          outer: elementCount(view.output.shape) / inner,
          inner,
          a_outer: a.outer,
          a_inner: a.inner,
          b_outer: b.outer,
          b_inner: b.inner,
          zero_a: q.a.zeroPoint,
          zero_b: q.b.zeroPoint,
          zero_point: q.c.zeroPoint,
          min: q.min,
          max: q.max,
        },
      },
      drive: { kind: "flat" },
      constants: [
        {
          name: "scales",
          data: Float32Array.of(q.a.scale, q.b.scale, q.c.scale),
          align: 4,
          comment: "scales of the dividend, the divisor and the quotient",
          role: "table",
        },
      ],
      scratchBytes: 0,
      why: "float32 as ONNX Runtime has it: one division per value, one more to quantize",
    };
  },
};

export const div = defineOp<DivAttrs>({
  kind: "div",
  kernels: [kernel],
  summary: "quotient of two activations in float32",
  attrs: {
    clampMin: { type: "int", doc: "lower bound of the output, fused activation", default: -128 },
    clampMax: { type: "int", doc: "upper bound of the output", default: 127 },
  },
  arity: { activations: 2, constants: [] },
  verify: (view) => verifyBroadcast(view.inputs, view.output),
  inferShape: (_attrs, inputs) => broadcastShape(inputs),
  macs: () => 0,
  reference: (view) => binaryReference(view.inputs, view.output, makeDiv(quantsOf(view))),
  rows: (view, input) => broadcastRows(must(view.inputs[input], "operand"), view.output),
  range: (view) => {
    const range = { min: view.attrs.clampMin, max: view.attrs.clampMax };
    return new Array(channelCount(view.output.shape)).fill(range);
  },
  channels: (view) => ({
    kind: view.inputs.every((tensor) => channelCount(tensor.shape) === channelCount(view.output.shape))
      ? "tied"
      : "fixed",
  }),
  perElement: true,
  inPlace: (view) => [0, 1].filter((i) => sameShape(must(view.inputs[i], "operand").shape, view.output.shape)),
  lower(view, context) {
    const outputs = elementCount(view.output.shape);
    return chooseKernel([kernel], view, { macs: 0, outputs, inputs: 2 * outputs, calls: 1 }, context);
  },
});
