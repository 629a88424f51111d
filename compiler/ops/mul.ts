/**
 * Multiplication of two activations, c = clamp(a * b), int8, each with its own scale and zero point.
 *
 *   a, b  equal shapes, or one of them [1,1,1,C] (squeeze and excitation) or a single value        c  the larger shape
 *
 * Source: ONNX Runtime's QLinearMul, docs/numerics.md.
 */
import { type MulQuant, makeMul, planMul } from "../arith/mul.js";
import { must } from "../diagnostics.js";
import { scaleOf } from "../ir/quant.js";
import { channelCount, elementCount, sameShape } from "../ir/shape.js";
import { binaryReference, broadcastRows, broadcastShape, broadcastSteps, verifyBroadcast } from "./elementwise.js";
import { defineOp, fullRange, type NodeView, quantOf } from "./op.js";

export type MulAttrs = {
  readonly clampMin: number;
  readonly clampMax: number;
};

export function mulQuantOf(view: NodeView<MulAttrs>): MulQuant {
  const a = quantOf(must(view.inputs[0], "first operand"));
  const b = quantOf(must(view.inputs[1], "second operand"));
  const c = quantOf(view.output);
  return {
    scaleA: scaleOf(a),
    zeroA: a.zeroPoint,
    scaleB: scaleOf(b),
    zeroB: b.zeroPoint,
    scaleC: scaleOf(c),
    zeroC: c.zeroPoint,
    unsigned: c.storage === "uint8",
    min: view.attrs.clampMin,
    max: view.attrs.clampMax,
  };
}

export const mul = defineOp<MulAttrs>({
  kind: "mul",
  summary: "element-wise multiplication, broadcasting one value or one value per channel",
  attrs: {
    clampMin: { type: "int", doc: "lower bound of the output, fused activation", default: -128 },
    clampMax: { type: "int", doc: "upper bound of the output", default: 127 },
  },
  arity: { activations: 2, constants: [] },
  verify: (view) => verifyBroadcast(view.inputs, view.output),
  inferShape: (_attrs, inputs) => broadcastShape(inputs),
  macs: () => 0,
  reference(view, numerics) {
    const q = mulQuantOf(view);
    const product = makeMul(numerics, q);
    return binaryReference(view.inputs, view.output, (a, b) => product((a - q.zeroA) * (b - q.zeroB)));
  },
  rows: (view, input) => broadcastRows(must(view.inputs[input], "operand"), view.output),
  range(view, inputs, numerics) {
    const q = mulQuantOf(view);
    const product = makeMul(numerics, q);
    const [a = [], b = []] = inputs;
    return Array.from({ length: channelCount(view.output.shape) }, (_, c) => {
      const x = a[a.length === 1 ? 0 : c] ?? fullRange;
      const y = b[b.length === 1 ? 0 : c] ?? fullRange;
      const corners = [x.min, x.max].flatMap((u) => [y.min, y.max].map((v) => product((u - q.zeroA) * (v - q.zeroB))));
      return { min: Math.min(...corners), max: Math.max(...corners) };
    });
  },
  channels: (view) => ({
    kind: view.inputs.every((tensor) => channelCount(tensor.shape) === channelCount(view.output.shape))
      ? "tied"
      : "fixed",
  }),
  inPlace: (view) => [0, 1].filter((i) => sameShape(must(view.inputs[i], "operand").shape, view.output.shape)),
  lower(view, context) {
    const q = mulQuantOf(view);
    const plan = planMul(context.numerics, q);
    const inner = channelCount(view.output.shape);
    const a = broadcastSteps(must(view.inputs[0], "first operand"), view.output);
    const b = broadcastSteps(must(view.inputs[1], "second operand"), view.output);
    return {
      kernel: "lwc_mul_s8",
      header: "lwc_mul_s8.h",
      geometry: "mul",
      params: {
        type: "lwc_mul_params",
        fields: {
          outer: elementCount(view.output.shape) / inner,
          inner,
          a_outer: a.outer,
          a_inner: a.inner,
          b_outer: b.outer,
          b_inner: b.inner,
          zero_a: q.zeroA,
          zero_b: q.zeroB,
          mult: plan.mult,
          offset: plan.offset,
          shift: plan.shift,
          min: q.min,
          max: q.max,
          refine: plan.thresholds ? 1 : 0,
        },
      },
      drive: { kind: "flat" },
      constants: [
        {
          name: "thresholds",
          data: plan.thresholds ?? new Int32Array(1),
          align: 4,
          comment: "smallest product of each result above the minimum; unused unless refined",
          role: "table",
        },
      ],
      scratchBytes: 0,
      why: plan.thresholds
        ? "multiply and shift, then moved by one where a threshold says so: exact for every product"
        : "multiply and shift: proven for every product",
    };
  },
});
