/** Add, Mul, Sub, Div: of two activations, of an activation and a scalar, or of two functions of the same activation. */
import { must } from "../../../diagnostics.js";
import { elementCount, type Shape } from "../../../ir/shape.js";
import { type Context, type Importer, malformed, originOf, realActivation, unsupported } from "../context.js";
import { identity, memoryShape, samePerm } from "../layout.js";
import type { OnnxTensor } from "../onnx-model.js";
import type { OutputSpec, PendingValue, TensorValue, UnaryValue, Value } from "../values.js";
import { doNotBroadcast } from "./constants.js";
import { dequantizeConstant, zipConstants } from "./fold.js";
import { moveActivation, reshapeTo } from "./reshape.js";
import { applyUnary, joinLabels, limitChain } from "./unary.js";

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
  const { opType } = context.node;
  const apply = must(functions[opType], "binary function");
  const [a, b] = [context.input(0), context.input(1)];
  if (!a || !b || context.node.inputs.length !== 2)
    return unsupported(
      context,
      "LWC1180",
      `${context.node.inputs.length} inputs`,
      "lwc runs element-wise operators of two inputs",
    );
  const [left, right] = [constantTensor(a), constantTensor(b)];
  if (left && right) return [foldConstants(context, left, right)];
  const constantA = scalarOf(a);
  const constantB = scalarOf(b);
  const bias = addConstantBias(context, a, b);
  if (bias) return [bias];
  if (constantB !== undefined) return [applyUnary(context, widened(context, a, b), (x) => apply(x, constantB), false)];
  if (constantA !== undefined) return [applyUnary(context, widened(context, b, a), (x) => apply(constantA, x), false)];
  const joint = sameSource(context, a, b, apply);
  if (joint) return [joint];
  return [combine(context, realActivation(context, a, 0), realActivation(context, b, 1))];
};

/** Arithmetic on shapes is exact, and its division truncates. */
const integerFunctions: Readonly<Record<string, Apply>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => Math.trunc(a / b),
  Min: Math.min,
  Max: Math.max,
};

/** The value with as many dimensions as a constant of one element gives it. */
function widened(context: Context, value: Value, constant: Value): Value {
  const rank = constant.kind === "constant" || constant.kind === "weights" ? constant.tensor.dims.length : 0;
  const dims = value.kind === "tensor" ? value.dims : value.kind === "unary" ? value.source.dims : undefined;
  if (!dims || dims.length >= rank) return value;
  const wide = [...new Array<number>(rank - dims.length).fill(1), ...dims];
  return moveActivation(context, value, (tensor) => reshapeTo(context, tensor, wide));
}

/** The one number of a constant. */
function scalarOf(value: Value): number | undefined {
  if (value.kind === "constant" && elementCount(value.tensor.dims) === 1) return value.tensor.data[0];
  if (value.kind === "weights" && elementCount(value.tensor.dims) === 1) {
    return f32((value.scales[0] ?? 1) * ((value.tensor.data[0] ?? 0) - (value.zeroPoints[0] ?? 0)));
  }
  return undefined;
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

/** A function of two functions of one activation is a function of it: x * HardSigmoid(x), x * Sigmoid(x). */
function sameSource(context: Context, a: Value, b: Value, apply: Apply): UnaryValue | undefined {
  if (a.kind === "tensor" && b.kind === "tensor") return undefined;
  const left = asUnary(context, a);
  const right = asUnary(context, b);
  // A transposed view has the same source and pairs other elements.
  if (!left || !right || left.source.id !== right.source.id) return undefined;
  if (!samePerm(left.source.dims, right.source.dims) || !samePerm(left.source.perm, right.source.perm))
    return undefined;
  const { opType, name } = context.node;
  limitChain(context, left.nodes);
  limitChain(context, right.nodes);
  return {
    kind: "unary",
    source: left.source,
    results: left.results.map((x, i) => apply(x, must(right.results[i], "result"))),
    nodes: [...new Set([...left.nodes, ...right.nodes, name])],
    label: joinLabels(left === right ? [left.label, opType] : [left.label, right.label, opType]),
    integer: false,
  };
}

function asUnary(context: Context, value: Value): UnaryValue | undefined {
  if (value.kind === "unary") return value;
  return value.kind === "tensor" && value.real
    ? {
        kind: "unary",
        source: value,
        results: context.assembler.realValues(value),
        nodes: [],
        label: "",
        integer: true,
      }
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
