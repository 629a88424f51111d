/**
 * Addition of two activations, c = clamp(a + b), int8, each with its own scale and zero point.
 *
 *   a, b  equal shapes, or one of them [1,1,1,C] or a single value        c  the larger shape
 *
 * Source: ONNX Runtime's QLinearAdd, docs/numerics.md.
 */
import { type AddQuant, makeAdd, planAdd } from "../arith/add.js";
import { must } from "../diagnostics.js";
import { scaleOf } from "../ir/quant.js";
import { channelCount, elementCount, sameShape } from "../ir/shape.js";
import { mveAdd } from "./add/kernels-mve.js";
import { type AddLayer, portableAdd } from "./add/kernels-portable.js";
import { type Candidate, chooseKernel } from "./choose-kernel.js";
import { binaryReference, broadcastRows, broadcastShape, loopNest, verifyBroadcast } from "./elementwise.js";
import { defineOp, fullRange, type NodeView, quantOf } from "./op.js";

export type AddAttrs = {
  /** Which operand ONNX Runtime treats as the scalar of a span: "none", "a" or "b". */
  readonly spanScalar: string;
  readonly clampMin: number;
  readonly clampMax: number;
};

export function addQuantOf(view: NodeView<AddAttrs>): AddQuant {
  const a = quantOf(must(view.inputs[0], "first operand"));
  const b = quantOf(must(view.inputs[1], "second operand"));
  const c = quantOf(view.output);
  const { spanScalar } = view.attrs;
  return {
    scaleA: scaleOf(a),
    zeroA: a.zeroPoint,
    scaleB: scaleOf(b),
    zeroB: b.zeroPoint,
    scaleC: scaleOf(c),
    zeroC: c.zeroPoint,
    unsigned: c.storage === "uint8",
    spanScalar: spanScalar === "a" || spanScalar === "b" ? spanScalar : "none",
    min: view.attrs.clampMin,
    max: view.attrs.clampMax,
  };
}

const kernels: readonly Candidate<AddLayer>[] = [portableAdd, mveAdd];

export const add = defineOp<AddAttrs>({
  kind: "add",
  kernels,
  summary: "element-wise addition, broadcasting one value or one value per channel",
  attrs: {
    spanScalar: {
      type: "string",
      doc: "which operand is the scalar of a span in ONNX Runtime's x64 kernel",
      values: ["none", "a", "b"],
      default: "none",
    },
    clampMin: { type: "int", doc: "lower bound of the output, fused activation", default: -128 },
    clampMax: { type: "int", doc: "upper bound of the output", default: 127 },
  },
  arity: { activations: 2, constants: [] },
  verify: (view) => verifyBroadcast(view.inputs, view.output),
  inferShape: (_attrs, inputs) => broadcastShape(inputs),
  macs: () => 0,
  reference: (view, numerics) => binaryReference(view.inputs, view.output, makeAdd(numerics, addQuantOf(view))),
  rows: (view, input) => broadcastRows(must(view.inputs[input], "operand"), view.output),
  range(view, inputs, numerics) {
    const sum = makeAdd(numerics, addQuantOf(view));
    const [a = [], b = []] = inputs;
    return Array.from({ length: channelCount(view.output.shape) }, (_, c) => {
      const x = a[a.length === 1 ? 0 : c] ?? fullRange;
      const y = b[b.length === 1 ? 0 : c] ?? fullRange;
      return { min: sum(x.min, y.min), max: sum(x.max, y.max) };
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
    const quant = addQuantOf(view);
    const layer = { ...loopNest(view.inputs, view.output), quant, plan: planAdd(context.numerics, quant) };
    return chooseKernel(kernels, layer, { macs: 0, outputs, inputs: 2 * outputs, calls: 1 }, context);
  },
});
