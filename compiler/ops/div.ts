/**
 * Quotient of two activations, c = clamp(a / b), int8, each with its own scale and zero point.
 *
 *   a, b  equal shapes, or one of them [1,..,1,C], or one value per pixel, or a single value        c  the larger shape
 *
 * ONNX Runtime has no integer kernel: the arithmetic is that of its float32 operator between DequantizeLinear and QuantizeLinear
 * (docs/numerics.md, "Sums"). A number divided by zero is infinite and saturates; 0 / 0 yields the lowest value, as on x64.
 */
import { type DivPlan, makeDiv, planDiv } from "../arith/div.js";
import { must } from "../diagnostics.js";
import { scaleOf } from "../ir/quant.js";
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
import type { KernelCall, PackedConstant } from "./kernel.js";
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

interface DivLayer {
  readonly view: NodeView<DivAttrs>;
  readonly plan: DivPlan;
}

/** What both kernels have: one loop nest, and the scales. */
function callOf({ view }: DivLayer, kernel: string, tables: readonly PackedConstant[], why: string): KernelCall {
  const q = quantsOf(view);
  return {
    kernel,
    header: `${kernel}.h`,
    geometry: "div",
    params: {
      type: "lwc_div_params",
      fields: {
        ...loopFields(loopNest(view.inputs, view.output)),
        zero_a: q.a.zeroPoint,
        zero_b: q.b.zeroPoint,
        zero_point: q.c.zeroPoint,
        min: q.min,
        max: q.max,
      },
    },
    drive: { kind: "flat" },
    constants: [
      ...tables,
      {
        name: "scales",
        data: Float32Array.of(q.a.scale, q.b.scale, q.c.scale),
        align: 4,
        comment: "scales of the dividend, the divisor and the quotient",
        role: "table",
      },
    ],
    scratchBytes: 0,
    why,
  };
}

const dividing: Candidate<DivLayer> = {
  kernel: "lwc_div_s8",
  call: (layer) =>
    callOf(layer, "lwc_div_s8", [], "float32 as ONNX Runtime has it: one division per value, one more to quantize"),
};

/** Beyond it most values would divide all the same. */
const MOST_DIVIDED = 128;

/** For fewer quotients 1.3 KB of tables are too much. */
const FEWEST_QUOTIENTS = 256;

const byLines: Candidate<DivLayer> = {
  kernel: "lwc_div_line_s8",
  fits: ({ view, plan }) => plan.divided <= MOST_DIVIDED && elementCount(view.output.shape) >= FEWEST_QUOTIENTS,
  call(layer) {
    const { mults, shifts, divided } = layer.plan;
    const tables: readonly PackedConstant[] = [
      { name: "mults", data: mults, align: 4, comment: "[256] multiplier of each divisor", role: "table" },
      { name: "shifts", data: shifts, align: 4, comment: "[256] its shift; 0: divide", role: "table" },
    ];
    const why = `one multiplication by what stands for the divisor, verified over all 65536 pairs; ${divided} of 256 divisors divide`;
    return callOf(layer, "lwc_div_line_s8", tables, why);
  },
};

const kernels: readonly Candidate<DivLayer>[] = [byLines, dividing];

export const div = defineOp<DivAttrs>({
  kind: "div",
  kernels,
  summary: "quotient of two activations",
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
    return chooseKernel(
      kernels,
      { view, plan: planDiv(quantsOf(view)) },
      { macs: 0, outputs, inputs: 2 * outputs, calls: 1 },
      context,
    );
  },
});
