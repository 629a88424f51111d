/** Add, Mul, Sub, Div: of two activations, of an activation and a scalar, or of two functions of the same activation. */
import { must } from "../../../diagnostics.js";
import { elementCount, type Shape } from "../../../ir/shape.js";
import { activation, type Context, type Importer, malformed, originOf, unsupported } from "../context.js";
import { identity, memoryShape } from "../layout.js";
import type { OnnxTensor } from "../onnx-model.js";
import type { OutputSpec, PendingValue, TensorValue, UnaryValue, Value } from "../values.js";
import { reshapeTo } from "./reshape.js";
import { applyUnary } from "./unary.js";

const f32 = Math.fround;

type Apply = (a: number, b: number) => number;

const functions: Readonly<Record<string, Apply>> = {
  Add: (a, b) => f32(a + b),
  Sub: (a, b) => f32(a - b),
  Mul: (a, b) => f32(a * b),
  Div: (a, b) => f32(a / b),
  Min: Math.min,
  Max: Math.max,
};

export const importBinary: Importer = (context) => {
  const apply = must(functions[context.node.opType], "binary function");
  const [a, b] = [context.input(0), context.input(1)];
  if (!a || !b || context.node.inputs.length !== 2)
    return unsupported(
      context,
      "LWC1180",
      `${context.node.inputs.length} inputs`,
      "lwc runs element-wise operators of two inputs",
    );
  const constantA = scalarOf(a);
  const constantB = scalarOf(b);
  if (constantA !== undefined && constantB !== undefined) return [foldConstants(a, apply(constantA, constantB))];
  if (constantB !== undefined) return [withConstant(context, a, b, (x) => apply(x, constantB))];
  if (constantA !== undefined) return [withConstant(context, b, a, (x) => apply(constantA, x))];
  const bias = addConstantBias(context, a, b);
  if (bias) return [bias];
  const joint = sameSource(context, a, b, apply);
  if (joint) return [joint];
  return [combine(context, activation(context, 0), activation(context, 1))];
};

/** The one number of a constant. */
function scalarOf(value: Value): number | undefined {
  if (value.kind === "constant" && elementCount(value.tensor.dims) === 1) return value.tensor.data[0];
  if (value.kind === "weights" && elementCount(value.tensor.dims) === 1) {
    return f32((value.scales[0] ?? 1) * ((value.tensor.data[0] ?? 0) - (value.zeroPoints[0] ?? 0)));
  }
  return undefined;
}

function foldConstants(like: Value, result: number): Value {
  const tensor: OnnxTensor = { name: "", dtype: "float32", dims: [], data: Float32Array.of(result) };
  return like.kind === "constant"
    ? { kind: "constant", tensor: { ...tensor, dims: like.tensor.dims, dtype: like.tensor.dtype } }
    : { kind: "constant", tensor };
}

function withConstant(context: Context, value: Value, constant: Value, apply: (x: number) => number): Value {
  if (value.kind === "pending" && context.node.opType === "Add" && constant.kind === "constant") {
    const added = value.addBias?.(constant.tensor);
    if (added) return added;
  }
  return applyUnary(context, value, apply, false);
}

/** MatMul + Add(constant) is a Gemm; Conv + Add(per channel) likewise. */
function addConstantBias(context: Context, a: Value, b: Value): PendingValue | undefined {
  if (context.node.opType !== "Add") return undefined;
  const [pending, constant] = a.kind === "pending" ? [a, b] : [b, a];
  if (pending.kind !== "pending" || constant.kind !== "constant") return undefined;
  return pending.addBias?.(constant.tensor);
}

/** A function of two functions of one activation is a function of it: x * HardSigmoid(x), x * Sigmoid(x). */
function sameSource(context: Context, a: Value, b: Value, apply: Apply): UnaryValue | undefined {
  const left = asUnary(a);
  const right = asUnary(b);
  if (!left || !right || left.source.id !== right.source.id) return undefined;
  if (a.kind === "tensor" && b.kind === "tensor") return undefined;
  const { opType, name } = context.node;
  const inner = [left.label, right.label].filter((label) => label !== "");
  return {
    kind: "unary",
    source: left.source,
    apply: (x) => apply(left.apply(x), right.apply(x)),
    nodes: [...new Set([...left.nodes, ...right.nodes, name])],
    label: [...inner, opType].join(" + "),
    integer: false,
  };
}

function asUnary(value: Value): UnaryValue | undefined {
  if (value.kind === "unary") return value;
  return value.kind === "tensor" && value.real
    ? { kind: "unary", source: value, apply: (x) => x, nodes: [], label: "", integer: true }
    : undefined;
}

/** Add or Mul of two activations, waiting for its quantization. */
export function combine(context: Context, a: TensorValue, b: TensorValue): PendingValue {
  const { opType } = context.node;
  const isAdd = opType.endsWith("Add");
  if (!isAdd && !opType.endsWith("Mul")) {
    unsupported(
      context,
      "LWC1181",
      `${opType} of two activations`,
      "lwc runs Add and Mul of two activations, and any of them with a constant",
    );
  }
  const rank = Math.max(a.dims.length, b.dims.length);
  const widen = (dims: Shape): Shape => [...new Array<number>(rank - dims.length).fill(1), ...dims];
  const dims = widen(a.dims).map((dim, axis) => {
    const other = must(widen(b.dims)[axis], "dim");
    return dim === 1
      ? other
      : other === 1 || other === dim
        ? dim
        : malformed(context, "LWC1182", `[${a.dims.join(",")}] and [${b.dims.join(",")}] do not broadcast`);
  });
  const origin = originOf(context);
  const finish = (output: OutputSpec): TensorValue => {
    const { assembler } = context;
    const big =
      elementCount(a.dims) >= elementCount(b.dims)
        ? reshapeTo(context, a, widen(a.dims))
        : reshapeTo(context, b, widen(b.dims));
    const perm = big.perm.length === rank ? big.perm : identity(rank);
    const place = (value: TensorValue): TensorValue =>
      assembler.toLayout(reshapeTo(context, value, widen(value.dims)), perm, origin);
    const [left, right] = [place(a), place(b)];
    const shape = memoryShape(dims, perm);
    checkBroadcast(context, [left, right], dims, perm);
    const clamps = { clampMin: output.clampMin, clampMax: output.clampMax };
    const attrs = isAdd ? { ...clamps, spanScalar: spanScalar(a.dims, b.dims, dims) } : clamps;
    const id = assembler.node(isAdd ? "add" : "mul", [left.id, right.id], attrs, {
      name: output.name,
      shape,
      quant: output.quant,
      origin: output.origin,
    });
    return { kind: "tensor", id, dims, perm, real: true };
  };
  return { kind: "pending", dims, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, origin, finish };
}

/** IR operands are full, one value per innermost axis, or one value. */
function checkBroadcast(
  context: Context,
  operands: readonly TensorValue[],
  dims: Shape,
  perm: readonly number[],
): void {
  const innermost = perm.indexOf(dims.length - 1);
  for (const operand of operands) {
    const count = elementCount(operand.dims);
    const isFull = count === elementCount(dims);
    const isPerChannel = count === dims[innermost] && operand.dims[innermost] === count;
    if (!isFull && !isPerChannel && count !== 1) {
      unsupported(
        context,
        "LWC1183",
        `broadcasting [${operand.dims.join(",")}] to [${dims.join(",")}]`,
        "lwc broadcasts single values and one value per channel",
      );
    }
  }
}

/** Which operand ONNX Runtime's kernel sees as the scalar of each contiguous span (docs/numerics.md, "Add"). */
function spanScalar(a: Shape, b: Shape, dims: Shape): string {
  const isScalar = (shape: Shape): boolean => (shape.at(-1) ?? 1) === 1 && elementCount(shape) < elementCount(dims);
  if (isScalar(a)) return "a";
  return isScalar(b) ? "b" : "none";
}
