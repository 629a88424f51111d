/** Element-wise operators of several activations, waiting for the quantization of their result. */
import { must } from "../../../diagnostics.js";
import { elementCount, type Shape, sameShape } from "../../../ir/shape.js";
import { broadcastOf } from "../../../ops/elementwise.js";
import { type Context, malformed, originOf, realActivation, unsupported } from "../context.js";
import { identity, memoryShape } from "../layout.js";
import type { OutputSpec, PendingValue, TensorValue, UnaryValue, Value } from "../values.js";
import { broadcastDims } from "./fold.js";
import { clampTable } from "./parts.js";
import { quantizeValue } from "./quantize.js";
import { reshapeTo } from "./reshape.js";
import { expandActivation } from "./take.js";

const unbounded = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY } as const;

/** Reasons why a node is listed in the report. */
const inFloat = (opType: string): string =>
  `ONNX Runtime computes ${opType} in float on x64; lwc computes the same float steps, exactly`;

/** Add, Mul, Sub or Div of two activations. */
export function combine(context: Context, a: TensorValue, b: TensorValue): PendingValue {
  const { opType } = context.node;
  switch (opType.replace("QLinear", "")) {
    case "Add":
      return pair(context, a, b, "add", (dims) => ({ spanScalar: spanScalar(a.dims, b.dims, dims) }));
    case "Mul":
      return pair(context, a, b, "mul", () => ({}));
    case "Sub":
      return sumOf(context, [a, b], [1, -1]);
    case "Div": {
      const pending = pair(context, a, b, "div", () => ({}));
      return { ...pending, origin: { ...pending.origin, island: inFloat(opType) } };
    }
    default:
      return unsupported(
        context,
        "LWC1181",
        `${opType} of two activations`,
        "lwc runs it with a constant; of two activations Add, Sub, Mul, Div, Min, Max",
      );
  }
}

function pair(
  context: Context,
  a: TensorValue,
  b: TensorValue,
  kind: string,
  attrsFor: (dims: Shape) => Readonly<Record<string, string>>,
): PendingValue {
  const dims = dimsOfResult(context, [a.dims, b.dims]);
  const finish = (output: OutputSpec): TensorValue => {
    const placed = placeOperands(context, [a, b], dims);
    const attrs = { clampMin: output.clampMin, clampMax: output.clampMax, ...attrsFor(dims) };
    return emit(context, kind, placed, dims, attrs, output);
  };
  return { kind: "pending", dims, ...unbounded, origin: originOf(context), finish };
}

/** Signed sum of activations, in float as ONNX Runtime has it. */
export function sumOf(
  context: Context,
  terms: readonly TensorValue[],
  signs: readonly number[],
  divisor = 1,
): PendingValue {
  const dims = dimsOfResult(
    context,
    terms.map((term) => term.dims),
  );
  const finish = (output: OutputSpec): TensorValue => {
    const placed = placeOperands(context, terms, dims);
    const attrs = { signs, divisor, clampMin: output.clampMin, clampMax: output.clampMax };
    return emit(context, "sum", placed, dims, attrs, output);
  };
  const origin = { ...originOf(context), island: inFloat(context.node.opType) };
  return { kind: "pending", dims, ...unbounded, origin, finish };
}

/** Mean of activations, element by element. */
export function averageOf(context: Context, terms: readonly TensorValue[]): PendingValue {
  return sumOf(
    context,
    terms,
    terms.map(() => 1),
    terms.length,
  );
}

/** Smallest or largest of several values: each quantized as the result is, then compared as integers. */
export function extremumOf(context: Context, values: readonly Value[], of: "min" | "max"): PendingValue {
  const operands = values.map((value, i): TensorValue | UnaryValue =>
    value.kind === "unary" ? value : realActivation(context, value, i),
  );
  const dims = dimsOfResult(
    context,
    operands.map((operand) => (operand.kind === "unary" ? operand.source.dims : operand.dims)),
  );
  const finish = (output: OutputSpec): TensorValue => {
    const tensors = operands.map((operand) => quantizeValue(context, operand, output.quant));
    const result = tensors.slice(1).reduce(
      (left, right) => {
        const both = dimsOfResult(context, [left.dims, right.dims]);
        return emit(context, "extremum", placeOperands(context, [left, right], both), both, { of }, output);
      },
      must(tensors[0], "operand"),
    );
    return clampTable(context, result, output);
  };
  const origin = { ...originOf(context), island: inFloat(context.node.opType) };
  return { kind: "pending", dims, ...unbounded, origin, finish };
}

function dimsOfResult(context: Context, shapes: readonly Shape[]): Shape {
  return shapes.reduce(
    (a, b) =>
      broadcastDims(a, b) ?? malformed(context, "LWC1182", `[${a.join(",")}] and [${b.join(",")}] do not broadcast`),
  );
}

interface Placed {
  readonly operands: readonly TensorValue[];
  readonly perm: readonly number[];
}

/**
 * Operands in one layout, that of the largest. The kernels repeat single values, one value per channel and one per pixel; what
 * broadcasts in another way is repeated in memory first.
 */
function placeOperands(context: Context, operands: readonly TensorValue[], dims: Shape): Placed {
  const rank = dims.length;
  const widen = (value: TensorValue): TensorValue =>
    reshapeTo(context, value, [...new Array<number>(rank - value.dims.length).fill(1), ...value.dims]);
  const largest = operands.reduce((a, b) => (elementCount(b.dims) > elementCount(a.dims) ? b : a));
  const wide = widen(largest);
  const perm = wide.perm.length === rank ? wide.perm : identity(rank);
  const shape = memoryShape(dims, perm);
  const isFull = sameShape(wide.dims, dims);
  const place = (value: TensorValue): TensorValue => {
    const placed = context.assembler.toLayout(value === largest ? wide : widen(value), perm, originOf(context));
    const mode = broadcastOf(memoryShape(placed.dims, perm), shape);
    return mode === undefined || (value === largest && !isFull) ? expandActivation(context, placed, dims) : placed;
  };
  return { operands: operands.map(place), perm };
}

function emit(
  context: Context,
  kind: string,
  { operands, perm }: Placed,
  dims: Shape,
  attrs: Readonly<Record<string, number | string | readonly number[]>>,
  output: OutputSpec,
): TensorValue {
  const id = context.assembler.node(
    kind,
    operands.map((operand) => operand.id),
    attrs,
    { name: output.name, shape: memoryShape(dims, perm), quant: output.quant, origin: output.origin },
  );
  return { kind: "tensor", id, dims, perm, real: true };
}

/**
 * Which operand ONNX Runtime's kernel sees as the scalar of each contiguous span (docs/numerics.md, "Add"): that of length 1 along
 * the innermost axis that is longer than 1.
 */
export function spanScalar(a: Shape, b: Shape, dims: Shape): "none" | "a" | "b" {
  const fromEnd = dims.length - 1 - dims.findLastIndex((dim) => dim > 1);
  if (fromEnd >= dims.length) return "none";
  const isScalar = (shape: Shape): boolean => (shape.at(-1 - fromEnd) ?? 1) === 1;
  if (isScalar(a)) return "a";
  return isScalar(b) ? "b" : "none";
}
