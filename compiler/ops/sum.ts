/**
 * Signed sum of any number of activations in real numbers, c = clamp((+-x0 +- x1 ...) / n), int8, each with its own scale and zero
 * point: Sub, Sum, Mean.
 *
 *   x_i  equal shapes, or [1,..,1,C], or one value per pixel, or a single value        c  the largest shape
 *
 * ONNX Runtime has no integer kernel for these: the arithmetic is that of its float32 operators between DequantizeLinear and
 * QuantizeLinear, a rounding after every step, from left to right (docs/numerics.md, "Sums").
 */
import { makeSum, planSum, type SumQuant, type SumTerm } from "../arith/sum.js";
import { must } from "../diagnostics.js";
import { scaleOf } from "../ir/quant.js";
import { channelCount, elementCount, rowLength, sameShape } from "../ir/shape.js";
import { type Candidate, chooseKernel } from "./choose-kernel.js";
import { broadcastOf, broadcastRows, broadcastShape, broadcastSteps, verifyBroadcast } from "./elementwise.js";
import { defineOp, fullRange, type NodeView, quantOf } from "./op.js";

export type SumAttrs = {
  /** 1 or -1 for each input. */
  readonly signs: readonly number[];
  /** Divides the sum: 1, or the number of inputs for a mean. */
  readonly divisor: number;
  readonly clampMin: number;
  readonly clampMax: number;
};

function sumQuantOf(view: NodeView<SumAttrs>): SumQuant {
  const terms = view.inputs.map((tensor, i): SumTerm => {
    const quant = quantOf(tensor);
    return { scale: scaleOf(quant), zeroPoint: quant.zeroPoint, sign: view.attrs.signs[i] === -1 ? -1 : 1 };
  });
  const c = quantOf(view.output);
  const { divisor, clampMin: min, clampMax: max } = view.attrs;
  return { terms, divisor, scale: scaleOf(c), zeroPoint: c.zeroPoint, min, max };
}

const kernel: Candidate<NodeView<SumAttrs>> = {
  kernel: "lwc_sum_s8",
  call(view) {
    const q = sumQuantOf(view);
    const plan = planSum(q);
    const inner = channelCount(view.output.shape);
    const steps = view.inputs.map((tensor) => broadcastSteps(tensor, view.output));
    const words = q.terms.flatMap(({ zeroPoint }, i) => [
      must(steps[i], "steps").outer,
      must(steps[i], "steps").inner,
      zeroPoint,
      plan?.mults[i] ?? 0,
    ]);
    return {
      kernel: "lwc_sum_s8",
      header: "lwc_sum_s8.h",
      geometry: "sum",
      params: {
        type: "lwc_sum_params",
        fields: {
          inputs: view.inputs.length,
          outer: elementCount(view.output.shape) / inner,
          inner,
          shift: plan?.shift ?? 1,
          // A window of the whole fraction leaves everything to the float steps.
          window: plan?.window ?? 2,
          divisor: q.divisor,
          zero_point: q.zeroPoint,
          min: q.min,
          max: q.max,
        },
      },
      drive: { kind: "flat" },
      inputArray: true,
      constants: [
        {
          name: "terms",
          data: Int32Array.from(words),
          align: 4,
          comment: `[${view.inputs.length}][4] outer step, inner step, zero point, multiplier`,
          role: "table",
        },
        {
          name: "scales",
          data: Float32Array.from([...q.terms.map(({ scale, sign }) => sign * scale), q.scale]),
          align: 4,
          comment: "scale of each input, negative where it is subtracted, then that of the output",
          role: "table",
        },
      ],
      scratchBytes: 0,
      why: plan
        ? `integer sum; float32 as ONNX Runtime has it within ${plan.window} of 2^${plan.shift} of a tie`
        : "float32 as ONNX Runtime has it: the inputs outgrow the output too far for an integer sum",
    };
  },
};

export const sum = defineOp<SumAttrs>({
  kind: "sum",
  kernels: [kernel],
  summary: "signed sum or mean of activations in float32, broadcasting one value, one per channel or one per pixel",
  attrs: {
    signs: { type: "ints", doc: "1 or -1 for each input" },
    divisor: { type: "int", doc: "divides the sum", default: 1 },
    clampMin: { type: "int", doc: "lower bound of the output, fused activation", default: -128 },
    clampMax: { type: "int", doc: "upper bound of the output", default: 127 },
  },
  arity: { activations: "many", constants: [] },
  verify: (view) => [
    ...verifyBroadcast(view.inputs, view.output),
    ...(view.attrs.signs.length === view.inputs.length && view.attrs.signs.every((sign) => Math.abs(sign) === 1)
      ? []
      : [`signs [${view.attrs.signs.join(",")}] of ${view.inputs.length} inputs`]),
    ...(view.attrs.divisor >= 1 ? [] : [`divisor ${view.attrs.divisor}`]),
  ],
  inferShape: (_attrs, inputs) => broadcastShape(inputs),
  macs: () => 0,
  reference(view) {
    const apply = makeSum(sumQuantOf(view));
    const channels = channelCount(view.output.shape);
    const pixels = rowLength(view.output.shape) / channels;
    const steps = view.inputs.map((tensor) => broadcastSteps(tensor, view.output));
    const alongRows = view.inputs.map((tensor) => {
      const mode = broadcastOf(tensor.shape, view.output.shape);
      return mode === "full" || mode === "pixel";
    });
    const values = new Int32Array(view.inputs.length);
    return (read, out, y) => {
      const rows = steps.map((_, i) => read(i, alongRows[i] === true ? y : 0));
      for (let at = 0; at < out.length; at++) {
        const [pixel, channel] = [Math.floor(at / channels), at % channels];
        steps.forEach(({ outer, inner }, i) => {
          values[i] = rows[i]?.[(pixel % pixels) * outer + channel * inner] ?? 0;
        });
        out[at] = apply(values);
      }
    };
  },
  rows: (view, input) => broadcastRows(must(view.inputs[input], "operand"), view.output),
  range(view, inputs) {
    const q = sumQuantOf(view);
    const apply = makeSum(q);
    const end = (c: number, largest: boolean): number =>
      apply(
        q.terms.map(({ sign }, i) => {
          const ranges = inputs[i] ?? [];
          const { min, max } = ranges[ranges.length === 1 ? 0 : c] ?? fullRange;
          return sign > 0 === largest ? max : min;
        }),
      );
    return Array.from({ length: channelCount(view.output.shape) }, (_, c) => ({
      min: end(c, false),
      max: end(c, true),
    }));
  },
  channels: (view) => ({
    kind: view.inputs.every((tensor) => channelCount(tensor.shape) === channelCount(view.output.shape))
      ? "tied"
      : "fixed",
  }),
  perElement: true,
  inPlace: (view) => view.inputs.flatMap((tensor, i) => (sameShape(tensor.shape, view.output.shape) ? [i] : [])),
  lower(view, context) {
    const outputs = elementCount(view.output.shape);
    return chooseKernel([kernel], view, { macs: 0, outputs, inputs: view.inputs.length * outputs, calls: 1 }, context);
  },
});
