/** Pad: borders of a constant value, and cuts where its amounts are negative. */
import { dequantize, quantize } from "../../../arith/unary.js";
import { must } from "../../../diagnostics.js";
import { scaleOf } from "../../../ir/quant.js";
import type { Shape } from "../../../ir/shape.js";
import {
  type Context,
  constantInput,
  constantInts,
  type Importer,
  intsAttribute,
  malformed,
  numberAttribute,
  originOf,
  positiveAxis,
  textAttribute,
  unsupported,
} from "../context.js";
import { memoryShape } from "../layout.js";
import type { TensorValue } from "../values.js";
import { moveLater, moveQuantized, type PlanMove } from "./move-quantized.js";
import { cut } from "./parts.js";

export const importPad: Importer = (context) => {
  const mode = textAttribute(context, "mode", "constant");
  if (mode !== "constant") unsupported(context, "LWC1205", `mode "${mode}"`, "use constant padding");
  const pads =
    constantInts(context, 1, "the pads") ??
    intsAttribute(context, "pads") ??
    malformed(context, "LWC1206", "its pads are missing");
  const constant = constantInput(context, 2, "the padding value");
  const axes = constantInts(context, 3, "the axes");
  const raw = constant?.data[0] ?? numberAttribute(context, "value", 0);
  if (!Number.isFinite(raw)) malformed(context, "LWC1209", `its padding value is ${raw}`);
  const plan: PlanMove = (x) => {
    const padded = axes?.map((axis) => positiveAxis(context, axis, x.dims)) ?? x.dims.map((_, axis) => axis);
    if (pads.length !== 2 * padded.length)
      malformed(context, "LWC1206", `${pads.length} pads for ${padded.length} axes`);
    const amount = (offset: number): readonly number[] =>
      x.dims.map((_, axis) => (padded.includes(axis) ? must(pads[padded.indexOf(axis) + offset], "pad") : 0));
    const [before, after] = [amount(0), amount(padded.length)];
    const padding = { before, after, raw };
    return {
      dims: dimsOf(context, x.dims, padding),
      emit: (source, name) => cutAndPad(context, source, name, padding),
    };
  };
  const input = context.input(0);
  // A value that the scale of the input would round is rounded once only, to the scale of the result.
  const isExact = input?.kind !== "tensor" || pads.every((amount) => amount <= 0) || keepsExactly(context, input, raw);
  return [isExact ? moveQuantized(context, input, plan) : moveLater(context, input, plan)];
};

/** What comes on at each end of each axis; negative amounts are cut off. */
interface Padding {
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** As the model has it: a real number, or a quantized one where it pads integers. */
  readonly raw: number;
}

/** Dimensions of the result. */
function dimsOf(context: Context, dims: Shape, { before, after }: Padding): Shape {
  const inside = insideOf(dims, { before, after });
  if (inside.some((count) => count < 1))
    malformed(
      context,
      "LWC1207",
      `pads [${[...before, ...after].join(",")}] cut off all of [${dims.join(",")}]`,
      "negative pads cut: leave at least one element",
    );
  const [front, back] = [grown(before), grown(after)];
  return inside.map((count, axis) => count + must(front[axis], "pad") + must(back[axis], "pad"));
}

const grown = (amounts: readonly number[]): readonly number[] => amounts.map((amount) => Math.max(0, amount));

/** How much of each axis negative amounts leave. */
function insideOf(dims: Shape, { before, after }: Pick<Padding, "before" | "after">): Shape {
  return dims.map((dim, axis) => dim + Math.min(0, must(before[axis], "pad")) + Math.min(0, must(after[axis], "pad")));
}

/** Cuts, then pads. */
function cutAndPad(context: Context, x: TensorValue, name: string, padding: Padding): TensorValue {
  const { before, after } = padding;
  const amounts = [...before, ...after];
  if (amounts.every((amount) => amount >= 0)) return padActivation(context, x, name, padding);
  const starts = before.map((amount) => Math.max(0, -amount));
  const isCutOnly = amounts.every((amount) => amount <= 0);
  const inside = insideOf(x.dims, padding);
  const part = cut(
    context,
    x,
    starts,
    inside,
    x.dims.map(() => 1),
    isCutOnly ? name : `${name}_cut`,
  );
  return isCutOnly ? part : padActivation(context, part, name, padding);
}

function padActivation(context: Context, x: TensorValue, name: string, padding: Padding): TensorValue {
  const { assembler } = context;
  const { raw } = padding;
  const [before, after] = [grown(padding.before), grown(padding.after)];
  const dims = x.dims.map((dim, axis) => dim + must(before[axis], "pad") + must(after[axis], "pad"));
  const quant = assembler.quantOf(x);
  const value = x.real ? quantize(raw, scaleOf(quant), quant.zeroPoint) : raw - (quant.storage === "uint8" ? 128 : 0);
  if (!Number.isInteger(value) || value < -128 || value > 127)
    malformed(context, "LWC1209", `its padding value is ${raw}, expected one of type ${quant.storage}`);
  const attrs = { before: memoryShape(before, x.perm), after: memoryShape(after, x.perm), value };
  const shape = memoryShape(dims, x.perm);
  const id = assembler.node("pad", [x.id], attrs, { name, shape, quant, origin: originOf(context) });
  return { ...x, id, dims };
}

/** Whether the scale of an activation holds a padding value without rounding it. */
function keepsExactly(context: Context, x: TensorValue, value: number): boolean {
  if (!x.real) return true;
  const quant = context.assembler.quantOf(x);
  const q = quantize(value, scaleOf(quant), quant.zeroPoint);
  return dequantize(q, scaleOf(quant), quant.zeroPoint) === Math.fround(value);
}
