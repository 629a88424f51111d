/** ReduceMean, ReduceSum, ReduceMax, ReduceMin, ReduceL1, ReduceL2, ReduceSumSquare over any axes; ReduceProd of constants. */
import { terms } from "../../../arith/reduce.js";
import { must } from "../../../diagnostics.js";
import { elementCount, type Shape } from "../../../ir/shape.js";
import {
  type Context,
  constantInts,
  type Importer,
  intsAttribute,
  malformed,
  numberAttribute,
  originOf,
  positiveAxis,
  realActivation,
  unsupported,
} from "../context.js";
import { memoryShape, withNeighbours } from "../layout.js";
import type { OnnxTensor } from "../onnx-model.js";
import type { OutputSpec, PendingValue, TensorValue, Value } from "../values.js";
import { constantOf } from "./fold.js";
import { moveQuantized, type PlanMove } from "./move-quantized.js";
import { globalAverage } from "./pools.js";
import { dimsOf } from "./reshape.js";

/** Function of the operator `reduce`, by ONNX name. */
const functions: Readonly<Record<string, "max" | "min" | "sum" | "l1" | "l2" | "sum_square">> = {
  ReduceMax: "max",
  ReduceMin: "min",
  ReduceSum: "sum",
  ReduceL1: "l1",
  ReduceL2: "l2",
  ReduceSumSquare: "sum_square",
};

interface Reduction {
  /** ONNX axes, counted from the front. */
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** Axes are an input since opset 18 (ReduceSum: 13), an attribute before; none are all, or, where the node says so, none. */
function reductionOf(context: Context, dims: Shape): Reduction {
  const noop = numberAttribute(context, "noop_with_empty_axes", 0) !== 0;
  const given = constantInts(context, 1, "the axes") ?? intsAttribute(context, "axes") ?? [];
  const all = noop ? [] : dims.map((_, axis) => axis);
  const axes = given.length === 0 ? all : given.map((axis) => positiveAxis(context, axis, dims));
  return { axes, keepDims: numberAttribute(context, "keepdims", 1) !== 0 };
}

export const importReduce: Importer = (context) => {
  const value = context.input(0) ?? malformed(context, "LWC1101", "input 0 is missing");
  if (value.kind === "constant") return [foldReduction(context, value.tensor)];
  const reduction = reductionOf(context, dimsOf(value) ?? []);
  if (reduction.axes.length === 0) return [value];
  const { opType } = context.node;
  if (opType === "ReduceMean") return [mean(context, value, reduction)];
  const kind = functions[opType];
  switch (kind) {
    case "max":
    case "min":
      return [extreme(context, value, reduction, kind)];
    case undefined:
      return unsupported(
        context,
        "LWC1198",
        `${opType} of an activation`,
        "lwc runs ReduceMean, ReduceSum, ReduceMax, ReduceMin, ReduceL1, ReduceL2 and ReduceSumSquare",
      );
    default:
      return [sum(context, value, reduction, kind)];
  }
};

function mean(context: Context, value: Value, { axes, keepDims }: Reduction): PendingValue {
  const pending = globalAverage(context, value, axes, keepDims);
  const island = "ONNX Runtime computes ReduceMean in float on x64; lwc uses the arithmetic of its global average pool";
  return { ...pending, origin: { ...pending.origin, island } };
}

function dimsBehind(dims: Shape, { axes, keepDims }: Reduction): Shape {
  return keepDims
    ? dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
    : dims.filter((_, axis) => !axes.includes(axis));
}

/** Order survives quantization, so the integers are compared. */
function extreme(context: Context, value: Value, reduction: Reduction, kind: "max" | "min"): Value {
  const plan: PlanMove = (x) => ({
    dims: dimsBehind(x.dims, reduction),
    emit: (source, name) => {
      const quant = context.assembler.quantOf(source);
      const output = { name, quant, clampMin: -128, clampMax: 127, origin: originOf(context) };
      return { ...emit(context, source, reduction, kind, output), real: source.real };
    },
  });
  return moveQuantized(context, value, plan);
}

function sum(
  context: Context,
  value: Value,
  reduction: Reduction,
  kind: "sum" | "l1" | "l2" | "sum_square",
): PendingValue {
  const x = realActivation(context, value, 0);
  const count = reduction.axes.reduce((product, axis) => product * must(x.dims[axis], "dim"), 1);
  if (terms[kind].reach * count >= 2 ** 31)
    unsupported(context, "LWC1199", `a sum of ${count} values leaves 32 bits`, "pool in front of it");
  const origin = {
    ...originOf(context),
    island: `ONNX Runtime computes ${context.node.opType} in float; lwc adds integers and rounds once`,
  };
  return {
    kind: "pending",
    dims: dimsBehind(x.dims, reduction),
    low: Number.NEGATIVE_INFINITY,
    high: Number.POSITIVE_INFINITY,
    origin,
    finish: (output) => emit(context, x, reduction, kind, output),
  };
}

function emit(
  context: Context,
  value: TensorValue,
  reduction: Reduction,
  kind: string,
  output: OutputSpec,
): TensorValue {
  const { assembler } = context;
  const { axes, keepDims } = reduction;
  const x = assembler.toLayout(value, withNeighbours(value.perm, axes), originOf(context));
  const memory = axes.map((axis) => must(x.perm[axis], "axis")).sort((a, b) => a - b);
  const dims = dimsBehind(x.dims, reduction);
  const kept = x.perm.filter((_, axis) => keepDims || !axes.includes(axis));
  const perm = keepDims ? kept : kept.map((at) => at - memory.filter((axis) => axis < at).length);
  const attrs = {
    function: kind,
    axes: memory,
    keepDims,
    clampMin: output.clampMin,
    clampMax: output.clampMax,
  };
  const id = assembler.node("reduce", [x.id], attrs, {
    name: output.name,
    shape: memoryShape(dims, perm),
    quant: output.quant,
    origin: output.origin,
  });
  return { kind: "tensor", id, dims, perm, real: true };
}

/** From an empty list on, with one more value. */
const folds: Readonly<Record<string, (values: readonly number[]) => number>> = {
  ReduceProd: (values) => values.reduce((a, b) => a * b, 1),
  ReduceSum: (values) => values.reduce((a, b) => a + b, 0),
  ReduceMean: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  ReduceMax: (values) => Math.max(...values),
  ReduceMin: (values) => Math.min(...values),
};

/** Arithmetic on shapes: the number of elements, the longest side. */
function foldReduction(context: Context, tensor: OnnxTensor): Value {
  const { opType, outputs } = context.node;
  const reduction = reductionOf(context, tensor.dims);
  const fold = folds[opType];
  if (!fold) return unsupported(context, "LWC1198", `${opType} of a constant`, "fold constants when exporting");
  const kept = tensor.dims.map((dim, axis) => (reduction.axes.includes(axis) ? 1 : dim));
  const groups = Array.from({ length: elementCount(kept) }, (): number[] => []);
  tensor.data.forEach((value, at) => {
    let [rest, group, stride] = [at, 0, 1];
    for (let axis = tensor.dims.length - 1; axis >= 0; axis--) {
      const dim = tensor.dims[axis] ?? 1;
      if (!reduction.axes.includes(axis)) {
        group += (rest % dim) * stride;
        stride *= dim;
      }
      rest = Math.floor(rest / dim);
    }
    must(groups[group], "group").push(value);
  });
  return constantOf(outputs[0] ?? "", tensor.dtype, dimsBehind(tensor.dims, reduction), groups.map(fold));
}
