/**
 * Element-wise operators of two or more values: functions of one activation where the others are constants, or functions of it
 * too; operators of several activations otherwise.
 */
import { must } from "../../../diagnostics.js";
import { elementCount } from "../../../ir/shape.js";
import { type Context, floatIsland, type Importer, malformed, realActivation, unsupported } from "../context.js";
import type { OnnxTensor } from "../onnx-model.js";
import type { PendingValue, Value } from "../values.js";
import { averageOf, combine, extremumOf, sumOf } from "./combine.js";
import { doNotBroadcast } from "./constants.js";
import { dequantizeConstant, zipConstants } from "./fold.js";
import { type Apply, sameSource, withConstant } from "./places.js";
import { exactly } from "./quantized-constant.js";
import { moveActivation, reshapeTo } from "./reshape.js";
import { applyUnary, clampPending, joinLabels } from "./unary.js";

const f32 = Math.fround;

/** ONNX Runtime multiplies where the exponent is 2 or 3. */
function power(x: number, exponent: number): number {
  if (exponent === 2) return f32(x * x);
  return exponent === 3 ? f32(f32(x * x) * x) : f32(x ** exponent);
}

const functions: Readonly<Record<string, Apply>> = {
  Add: (a, b) => f32(a + b),
  Sub: (a, b) => f32(a - b),
  Mul: (a, b) => f32(a * b),
  Div: (a, b) => f32(a / b),
  Min: Math.min,
  Max: Math.max,
  Sum: (a, b) => f32(a + b),
  Pow: power,
  PRelu: (x, slope) => (x > 0 ? x : f32(x * slope)),
};

/** Arithmetic on shapes is exact, and its division truncates. */
const integerFunctions: Readonly<Record<string, Apply>> = {
  ...functions,
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => Math.trunc(a / b),
  Sum: (a, b) => a + b,
  Pow: (a, b) => a ** b,
};

/** Add, Sub, Mul, Div, Pow. */
export const importBinary: Importer = (context) => {
  const [a, b] = pairOf(context);
  return [functionOf(context, a, b) ?? combine(context, realActivation(context, a, 0), realActivation(context, b, 1))];
};

function pairOf(context: Context): readonly [Value, Value] {
  const [a, b] = [context.input(0), context.input(1)];
  if (!a || !b || context.node.inputs.length !== 2)
    return malformed(context, "LWC1180", `${context.node.inputs.length} inputs, expected two`);
  return [a, b];
}

/** The result where it is a constant or a function of one activation. */
function functionOf(context: Context, a: Value, b: Value): Value | undefined {
  const { opType } = context.node;
  const apply = must(functions[opType], "binary function");
  const [left, right] = [constantTensor(a), constantTensor(b)];
  if (left && right) return foldConstants(context, left, right);
  const bias = addConstantBias(context, a, b);
  if (bias) return bias;
  if (right) return exactly(context, a, b, behindConstant(context, a, right, apply));
  if (left)
    return exactly(
      context,
      b,
      a,
      behindConstant(context, b, left, (x, constant) => apply(constant, x)),
    );
  return sameSource(context, a, b, apply);
}

/** apply(value, constant); one table where the constant is one number. */
function behindConstant(context: Context, value: Value, constant: OnnxTensor, apply: Apply): Value {
  if (elementCount(constant.dims) !== 1) return withConstant(context, value, constant, apply);
  const number = must(constant.data[0], "constant");
  const { opType } = context.node;
  if (value.kind === "pending" && (opType === "Min" || opType === "Max")) return bounded(context, value, number);
  return applyUnary(context, widened(context, value, constant.dims.length), (x) => apply(x, number), false);
}

/** Min or Max of a number and a result that is not quantized yet. */
function bounded(context: Context, value: PendingValue, number: number): PendingValue {
  return context.node.opType === "Min"
    ? clampPending(context, value, Number.NEGATIVE_INFINITY, number)
    : clampPending(context, value, number, Number.POSITIVE_INFINITY);
}

/** The value with as many dimensions as a constant of one element gives it. */
function widened(context: Context, value: Value, rank: number): Value {
  const dims = value.kind === "tensor" ? value.dims : value.kind === "unary" ? value.source.dims : undefined;
  if (!dims || dims.length >= rank) return value;
  const wide = [...new Array<number>(rank - dims.length).fill(1), ...dims];
  return moveActivation(context, value, (tensor) => reshapeTo(context, tensor, wide));
}

/** A constant, dequantized where it is. */
function constantTensor(value: Value): OnnxTensor | undefined {
  if (value.kind === "constant") return value.tensor;
  return value.kind === "weights" ? dequantizeConstant(value) : undefined;
}

/** Arithmetic of constants: exact on integers, which shapes are, in float32 otherwise. */
function foldConstants(context: Context, a: OnnxTensor, b: OnnxTensor): Value {
  const { opType } = context.node;
  const isInteger = [a, b].every(({ dtype }) => dtype === "int64" || dtype === "int32");
  const apply = must((isInteger ? integerFunctions : functions)[opType], "binary function");
  const dtype = isInteger ? a.dtype : "float32";
  return zipConstants(a, b, dtype, apply) ?? doNotBroadcast(context, a.dims, b.dims);
}

/** MatMul + Add(constant) is a Gemm; Conv + Add(per channel) likewise. */
function addConstantBias(context: Context, a: Value, b: Value): PendingValue | undefined {
  if (context.node.opType !== "Add") return undefined;
  const [pending, constant] = a.kind === "pending" ? [a, b] : [b, a];
  if (pending.kind !== "pending" || constant.kind !== "constant") return undefined;
  const added = pending.addBias?.(constant.tensor);
  if (!added) return undefined;
  const { origin } = added;
  const nodes = [...origin.nodes, context.node.name];
  return { ...added, origin: { ...origin, nodes, label: joinLabels([origin.label, "Add"]) } };
}

/** x where it is positive, slope * x elsewhere; the slope broadcasts to x, not the other way around. */
export const importPRelu: Importer = (context) => {
  const [x, slope] = pairOf(context);
  const constant = constantTensor(slope);
  if (!constant)
    return unsupported(context, "LWC1187", "its slope is computed at run time", "export the slope as a constant");
  return [must(functionOf(context, x, slope), "function of its input")];
};

/** Min, Max, Sum, Mean of any number of values. */
export const importVariadic: Importer = (context) => {
  const values = context.node.inputs.map(
    (_, i) => context.input(i) ?? malformed(context, "LWC1101", `input ${i} is missing`),
  );
  const [first, ...rest] = values;
  if (!first) return malformed(context, "LWC1101", "input 0 is missing");
  if (rest.length === 0) return [first];
  const folded = context.node.opType === "Mean" ? undefined : foldFunctions(context, values);
  const [value, ...others] = folded ?? values;
  if (value && others.length === 0) return [value];
  return [severalActivations(context, folded ?? values)];
};

/** Values with the constants among them applied to one of them, and functions of one activation joined. */
function foldFunctions(context: Context, values: readonly Value[]): readonly Value[] {
  const constants = values.filter((value) => constantTensor(value) !== undefined);
  const activations = values.filter((value) => constantTensor(value) === undefined);
  const joined: Value[] = [];
  for (const value of [...activations, ...constants]) {
    const last = joined.at(-1);
    const isConstantOfSeveral = joined.length > 1 && constantTensor(value) !== undefined;
    const both = last && !isConstantOfSeveral ? functionOf(context, last, value) : undefined;
    if (both) joined.pop();
    joined.push(both ?? value);
  }
  return joined;
}

function severalActivations(context: Context, values: readonly Value[]): PendingValue {
  const { opType } = context.node;
  if (opType === "Min" || opType === "Max") {
    const activations = values.filter((value) => constantTensor(value) === undefined);
    const constants = values.flatMap((value) => constantTensor(value) ?? []);
    const pending = extremumOf(context, activations, opType === "Max" ? "max" : "min");
    return constants.reduce((current, { dims, data }) => {
      if (elementCount(dims) !== 1) floatIsland(context, current);
      return bounded(context, current, must(data[0], "constant"));
    }, pending);
  }
  const tensors = values.map((value, i) => realActivation(context, value, i));
  return opType === "Mean"
    ? averageOf(context, tensors)
    : sumOf(
        context,
        tensors,
        tensors.map(() => 1),
      );
}
