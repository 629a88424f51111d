/**
 * Multiplication of two activations, c = clamp(a * b), int8, each with its own scale and zero point.
 *
 *   a, b  equal shapes, or one of them [1,1,1,C] (squeeze and excitation) or a single value        c  the larger shape
 *
 * Source: ONNX Runtime's QLinearMul, docs/numerics.md.
 */
import { type MulQuant, makeMul, planMul, planWideMul } from "../arith/mul.js";
import { must } from "../diagnostics.js";
import { scaleOf } from "../ir/quant.js";
import { channelCount, elementCount, sameShape } from "../ir/shape.js";
import { type Candidate, chooseKernel } from "./choose-kernel.js";
import { binaryReference, broadcastRows, broadcastShape, loopNest, verifyBroadcast } from "./elementwise.js";
import { mveMul, mveWideMul } from "./mul/kernels-mve.js";
import { type MulLayer, portableMul } from "./mul/kernels-portable.js";
import { wideMul } from "./mul/kernels-wide.js";
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

const kernels: readonly Candidate<MulLayer>[] = [portableMul, wideMul, mveMul, mveWideMul];

export const mul = defineOp<MulAttrs>({
  kind: "mul",
  kernels,
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
  perElement: true,
  inPlace: (view) => [0, 1].filter((i) => sameShape(must(view.inputs[i], "operand").shape, view.output.shape)),
  lower(view, context) {
    const outputs = elementCount(view.output.shape);
    const quant = mulQuantOf(view);
    const layer = {
      ...loopNest(view.inputs, view.output),
      quant,
      plan: planMul(context.numerics, quant),
      wide: lazily(() => planWideMul(context.numerics, quant)),
    };
    return chooseKernel(kernels, layer, { macs: 0, outputs, inputs: 2 * outputs, calls: 1 }, context);
  },
});

/** `make` when it is asked for, and once. */
function lazily<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
