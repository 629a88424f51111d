/**
 * Max pooling and padding: on quantized values, whichever way those come about. They commute with a quantization, but not
 * with every function: max(f(x)) is no f(max(x)) where f falls, and f(0) is rarely 0. So a function is quantized first.
 */
import type { Shape } from "../../../ir/shape.js";
import { type Context, originOf } from "../context.js";
import type { OutputSpec, PendingValue, TensorValue, UnaryValue, Value } from "../values.js";
import { clampTable } from "./parts.js";
import { quantizeValue } from "./quantize.js";
import { moveActivation } from "./reshape.js";

/** Checks the node against an input of this shape, and says how to emit it. */
export type PlanMove = (x: TensorValue) => {
  readonly dims: Shape;
  readonly emit: (x: TensorValue, name: string) => TensorValue;
};

/** The movement of an activation at once; that of a function of one when its quantization is known. */
export function moveQuantized(context: Context, value: Value | undefined, plan: PlanMove): Value {
  if (value?.kind === "unary") return moveLater(context, value, plan);
  return moveActivation(context, value, (x) => plan(x).emit(x, context.node.outputs[0] ?? context.node.name));
}

/** The movement behind the quantization of its result. */
export function moveLater(context: Context, value: TensorValue | UnaryValue, plan: PlanMove): PendingValue {
  const { dims, emit } = plan(value.kind === "unary" ? value.source : value);
  const finish = (output: OutputSpec): TensorValue =>
    clampTable(context, emit(quantizeValue(context, value, output.quant), output.name), output);
  const unbounded = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  return { kind: "pending", dims, ...unbounded, origin: originOf(context), finish };
}
