/**
 * Smaller or larger of two activations, element by element, int8: Min and Max. Quantization keeps order, so both operands come in
 * the scale and zero point of the result, and no arithmetic is left.
 *
 *   a, b  equal shapes, or one of them [1,..,1,C], or one value per pixel, or a single value        c  the larger shape
 */
import { must } from "../diagnostics.js";
import { sameScale } from "../ir/quant.js";
import { channelCount, elementCount, sameShape } from "../ir/shape.js";
import { type Candidate, chooseKernel } from "./choose-kernel.js";
import {
  binaryReference,
  broadcastRows,
  broadcastShape,
  loopFields,
  loopNest,
  verifyBroadcast,
} from "./elementwise.js";
import { defineOp, fullRange, type NodeView, quantOf } from "./op.js";

export type ExtremumAttrs = {
  /** "min" or "max". */
  readonly of: string;
};

const kernel: Candidate<NodeView<ExtremumAttrs>> = {
  kernel: "lwc_extremum_s8",
  call(view) {
    return {
      kernel: "lwc_extremum_s8",
      header: "lwc_extremum_s8.h",
      geometry: view.attrs.of,
      params: {
        type: "lwc_extremum_params",
        fields: {
          ...loopFields(loopNest(view.inputs, view.output)),
          largest: view.attrs.of === "max" ? 1 : 0,
        },
      },
      drive: { kind: "flat" },
      constants: [],
      scratchBytes: 0,
      why: "one comparison per value",
    };
  },
};

export const extremum = defineOp<ExtremumAttrs>({
  kind: "extremum",
  kernels: [kernel],
  summary: "smaller or larger of two activations of one scale and zero point",
  attrs: { of: { type: "string", doc: "which of the two", values: ["min", "max"] } },
  arity: { activations: 2, constants: [] },
  verify: (view) => [
    ...verifyBroadcast(view.inputs, view.output),
    ...view.inputs.flatMap((input, i) =>
      sameScale(quantOf(input), quantOf(view.output))
        ? []
        : [`input ${i} has another scale or zero point than the output`],
    ),
  ],
  inferShape: (_attrs, inputs) => broadcastShape(inputs),
  macs: () => 0,
  reference: (view) => binaryReference(view.inputs, view.output, view.attrs.of === "max" ? Math.max : Math.min),
  rows: (view, input) => broadcastRows(must(view.inputs[input], "operand"), view.output),
  range(view, inputs) {
    const pick = view.attrs.of === "max" ? Math.max : Math.min;
    const [a = [], b = []] = inputs;
    return Array.from({ length: channelCount(view.output.shape) }, (_, c) => {
      const x = a[a.length === 1 ? 0 : c] ?? fullRange;
      const y = b[b.length === 1 ? 0 : c] ?? fullRange;
      return { min: pick(x.min, y.min), max: pick(x.max, y.max) };
    });
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
