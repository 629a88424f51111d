/** Reshape, Flatten, Squeeze, Unsqueeze, Transpose, Identity: what moves no byte, or says only how axes are called. */

import { elementCount, type Shape, stridesOf } from "../../../ir/shape.js";
import type { Context, Importer } from "../context.js";
import {
  constantInts,
  intsAttribute,
  malformed,
  numberAttribute,
  originOf,
  positiveAxis,
  unsupported,
} from "../context.js";
import { identity, layoutForReshape, memoryShape, reshapeLayout } from "../layout.js";
import type { OnnxTensor } from "../onnx-model.js";
import type { TensorValue, UnaryValue, Value, WeightsValue } from "../values.js";
import { constantOf, strided } from "./fold.js";
import { moveLater } from "./move-quantized.js";

/** The same elements under other dims; inserts a transpose first where the order in memory does not fit. */
export function reshapeTo(context: Context, value: TensorValue, dims: Shape): TensorValue {
  const { assembler } = context;
  if (value.dims.length === dims.length && value.dims.every((dim, i) => dim === dims[i])) return value;
  const layout = reshapeLayout(value.dims, value.perm, dims);
  if (!layout) {
    if (elementCount(value.dims) !== elementCount(dims))
      malformed(context, "LWC1160", `cannot reshape [${value.dims.join(",")}] to [${dims.join(",")}]`);
    return reshapeTo(
      context,
      assembler.toLayout(value, layoutForReshape(value.dims, value.perm, dims), originOf(context)),
      dims,
    );
  }
  const shape = memoryShape(dims, layout);
  const id = assembler.node(
    "reshape",
    [value.id],
    { shape },
    { name: `${value.id}_as_${dims.length}d`, shape, quant: assembler.quantOf(value), origin: originOf(context) },
  );
  return { ...value, id, dims, perm: layout };
}

/** Applies a movement to an activation, or to the activation below a unary function that is the same everywhere. */
export function moveActivation(
  context: Context,
  value: Value | undefined,
  move: (tensor: TensorValue) => TensorValue,
): Value {
  if (value?.kind === "tensor") return move(value);
  if (value?.kind === "unary" && value.places)
    return moveLater(context, value, (x) => ({ dims: move(x).dims, emit: move }));
  if (value?.kind === "unary") return { ...value, source: move(value.source) } satisfies UnaryValue;
  return unsupported(
    context,
    "LWC1161",
    "it moves a value that is not quantized yet",
    "quantize in front of it: a QuantizeLinear/DequantizeLinear pair belongs there",
  );
}

/** Shape of a value in the model; undefined where there is none. */
export function dimsOf(value: Value | undefined): Shape | undefined {
  switch (value?.kind) {
    case "tensor":
    case "pending":
    case "floatInput":
    case "index":
      return value.dims;
    case "unary":
      return value.source.dims;
    case "constant":
    case "weights":
      return value.tensor.dims;
    default:
      return undefined;
  }
}

/** Longest shape that an ONNX value may have here. */
const maxRank = 8;

/** Reshapes a constant, weights, or an activation. */
function reshapeValue(context: Context, value: Value | undefined, dims: Shape): Value {
  if (dims.length > maxRank)
    unsupported(context, "LWC1165", `a result of ${dims.length} dimensions`, `lwc takes up to ${maxRank}`);
  if (value?.kind === "constant" || value?.kind === "weights") {
    if (elementCount(value.tensor.dims) !== elementCount(dims))
      malformed(context, "LWC1160", `cannot reshape [${value.tensor.dims.join(",")}] to [${dims.join(",")}]`);
    const tensor = { ...value.tensor, dims };
    return value.kind === "constant"
      ? { ...value, tensor }
      : { ...value, tensor, axis: movedAxis(context, value, dims), moved: true };
  }
  return moveActivation(context, value, (tensor) => reshapeTo(context, tensor, dims));
}

/** Where the axis of per-channel scales lies after a reshape: it must keep its length and what is in front of it. */
function movedAxis(context: Context, { tensor, scales, axis }: WeightsValue, dims: Shape): number {
  if (scales.length === 1) return 0;
  const before = elementCount(tensor.dims.slice(0, axis));
  const moved = dims.findIndex((dim, i) => dim === scales.length && elementCount(dims.slice(0, i)) === before);
  return moved >= 0
    ? moved
    : unsupported(
        context,
        "LWC1166",
        `reshapes weights across the axis of their ${scales.length} scales`,
        "store the weights in the shape in which they are used",
      );
}

/** Output axis i is input axis perm[i]. */
function transposeConstant(tensor: OnnxTensor, perm: readonly number[]): OnnxTensor {
  const strides = stridesOf(tensor.dims);
  return strided(
    tensor,
    perm.map((axis) => tensor.dims[axis] ?? 1),
    perm.map((axis) => strides[axis] ?? 0),
  );
}

export const importReshape: Importer = (context) => {
  const value = context.input(0);
  const from = dimsOf(value) ?? [];
  const wanted =
    constantInts(context, 1, "the shape") ??
    intsAttribute(context, "shape") ??
    malformed(context, "LWC1162", "its shape is missing");
  const keepZero = numberAttribute(context, "allowzero", 0) !== 0;
  const dims = wanted.map((dim, i) => (dim === 0 && !keepZero ? (from[i] ?? 1) : dim));
  const unknown = dims.indexOf(-1);
  const known = dims.filter((dim) => dim !== -1).reduce((product, dim) => product * dim, 1);
  const filled = dims.map((dim, i) => (i === unknown ? elementCount(from) / known : dim));
  if (filled.some((dim) => !Number.isInteger(dim) || dim < 1))
    malformed(context, "LWC1160", `cannot reshape [${from.join(",")}] to [${wanted.join(",")}]`);
  return [reshapeValue(context, value, filled)];
};

export const importFlatten: Importer = (context) => {
  const value = context.input(0);
  const from = dimsOf(value) ?? [];
  const given = numberAttribute(context, "axis", 1);
  const axis = given < 0 ? given + from.length : given;
  if (axis < 0 || axis > from.length)
    malformed(context, "LWC1110", `axis ${given} does not exist in [${from.join(",")}]`);
  return [reshapeValue(context, value, [elementCount(from.slice(0, axis)), elementCount(from.slice(axis))])];
};

export const importSqueeze: Importer = (context) => {
  const value = context.input(0);
  const from = dimsOf(value) ?? [];
  const axes = (constantInts(context, 1, "the axes") ?? intsAttribute(context, "axes"))?.map((axis) =>
    positiveAxis(context, axis, from),
  );
  return [
    reshapeValue(
      context,
      value,
      from.filter((dim, axis) => (axes ? !axes.includes(axis) : dim !== 1)),
    ),
  ];
};

export const importUnsqueeze: Importer = (context) => {
  const value = context.input(0);
  const from = dimsOf(value) ?? [];
  const given = constantInts(context, 1, "the axes") ?? intsAttribute(context, "axes") ?? [];
  const rank = from.length + given.length;
  const axes = new Set(given.map((axis) => (axis < 0 ? axis + rank : axis)));
  if (axes.size !== given.length || [...axes].some((axis) => axis < 0 || axis >= rank))
    malformed(context, "LWC1110", `axes [${given.join(",")}] do not fit a result of ${rank} dimensions`);
  const rest = from.slice();
  const dims = Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : (rest.shift() ?? 1)));
  return [reshapeValue(context, value, dims)];
};

export const importTranspose: Importer = (context) => {
  const value = context.input(0);
  const from = dimsOf(value) ?? [];
  const perm = intsAttribute(context, "perm") ?? identity(from.length).slice().reverse();
  if (perm.length !== from.length || !identity(from.length).every((axis) => perm.includes(axis)))
    malformed(context, "LWC1163", `perm [${perm.join(",")}] is no permutation of ${from.length} axes`);
  if (value?.kind === "constant") return [{ ...value, tensor: transposeConstant(value.tensor, perm) }];
  if (value?.kind === "weights") {
    const axis = value.scales.length > 1 ? perm.indexOf(value.axis) : 0;
    return [{ ...value, tensor: transposeConstant(value.tensor, perm), axis, moved: true }];
  }
  return [
    moveActivation(context, value, (tensor) => ({
      ...tensor,
      dims: perm.map((axis) => tensor.dims[axis] ?? 1),
      perm: perm.map((axis) => tensor.perm[axis] ?? 0),
    })),
  ];
};

export const importIdentity: Importer = (context) => {
  const value = context.input(0);
  for (const name of ["ratio", "seed"]) context.seen.add(name);
  return [value ?? malformed(context, "LWC1101", "input 0 is missing")];
};

/** Shape of a value with static dims: a constant. */
export const importShape: Importer = (context) => {
  const dims = dimsOf(context.input(0)) ?? malformed(context, "LWC1101", "input 0 is missing");
  const start = numberAttribute(context, "start", 0);
  const end = numberAttribute(context, "end", dims.length);
  const part = dims.slice(start, end);
  return [constantOf(context.node.name, "int64", [part.length], part)];
};

/** Number of elements of a value with static dims: a constant. */
export const importSize: Importer = (context) => {
  const dims = dimsOf(context.input(0)) ?? malformed(context, "LWC1101", "input 0 is missing");
  return [constantOf(context.node.name, "int64", [], [elementCount(dims)])];
};
