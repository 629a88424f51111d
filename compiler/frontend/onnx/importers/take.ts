/** Gather, Tile, Expand: elements picked by constant indices, of constants and of activations. */
import { must } from "../../../diagnostics.js";
import type { Shape } from "../../../ir/shape.js";
import {
  activation,
  type Context,
  constantInput,
  constantInts,
  type Importer,
  malformed,
  numberAttribute,
  originOf,
  positiveAxis,
  unsupported,
} from "../context.js";
import { identity, memoryShape } from "../layout.js";
import type { TensorValue, Value } from "../values.js";
import { checkConstantDims, doNotBroadcast } from "./constants.js";
import { broadcastDims, expandConstant, gatherConstant, tileConstant } from "./fold.js";
import { moveActivation, reshapeTo } from "./reshape.js";

/** Picks along an ONNX axis; a run of equal distances is a slice, which may become a view. */
function takeAlong(context: Context, x: TensorValue, axis: number, indices: readonly number[]): TensorValue {
  const length = must(x.dims[axis], "dim");
  if (indices.length === length && indices.every((index, i) => index === i)) return x;
  const { assembler } = context;
  const dims = x.dims.map((dim, i) => (i === axis ? indices.length : dim));
  const shape = memoryShape(dims, x.perm);
  const memoryAxis = must(x.perm[axis], "axis");
  const first = must(indices[0], "index");
  const step = indices.length > 1 ? must(indices[1], "index") - first : 1;
  const isRun = step !== 0 && indices.every((index, i) => index === first + i * step);
  const attrs = isRun
    ? {
        starts: shape.map((_, i) => (i === memoryAxis ? first : 0)),
        ends: shape.map((dim, i) => (i === memoryAxis ? first + step * dim : dim)),
        steps: shape.map((_, i) => (i === memoryAxis ? step : 1)),
      }
    : { axis: memoryAxis, indices };
  const id = assembler.node(isRun ? "slice" : "take", [x.id], attrs, {
    name: context.node.outputs[0] ?? context.node.name,
    shape,
    quant: assembler.quantOf(x),
    origin: originOf(context),
  });
  return { ...x, id, dims };
}

export const importGather: Importer = (context) => {
  const value = context.input(0);
  const given = constantInput(context, 1, "the indices") ?? malformed(context, "LWC1101", "input 1 is missing");
  const wanted = numberAttribute(context, "axis", 0);
  const pick = (dims: Shape): { readonly axis: number; readonly indices: readonly number[] } => {
    const axis = positiveAxis(context, wanted, dims);
    const length = must(dims[axis], "dim");
    const indices = Array.from(given.data, (index) => (index < 0 ? index + length : index));
    const outside = indices.findIndex((index) => !(index >= 0 && index < length));
    if (outside >= 0) malformed(context, "LWC1223", `index ${given.data[outside] ?? 0} of ${length}`);
    if (indices.length === 0) malformed(context, "LWC1225", "it picks nothing: its indices are empty");
    return { axis, indices };
  };
  if (value?.kind === "constant") {
    const { axis, indices } = pick(value.tensor.dims);
    const positive = { ...given, dtype: "int64" as const, data: Float64Array.from(indices) };
    return [{ kind: "constant", tensor: gatherConstant(value.tensor, positive, axis) }];
  }
  if (value?.kind === "weights")
    return unsupported(context, "LWC1222", "it gathers from quantized weights", "fold constants when exporting");
  return [
    moveActivation(context, value, (x) => {
      const { axis, indices } = pick(x.dims);
      const taken = takeAlong(context, x, axis, indices);
      return reshapeTo(context, taken, [...x.dims.slice(0, axis), ...given.dims, ...x.dims.slice(axis + 1)]);
    }),
  ];
};

/** Repeats an activation until its axes have these lengths, each a multiple of what it was. */
export function expandActivation(context: Context, x: TensorValue, dims: Shape): TensorValue {
  const wide = [...new Array<number>(Math.max(0, dims.length - x.dims.length)).fill(1), ...x.dims];
  return identity(wide.length).reduce(
    (current, axis) => {
      const [from, to] = [must(wide[axis], "dim"), must(dims[axis], "dim")];
      if (from === to) return current;
      return takeAlong(
        context,
        current,
        axis,
        Array.from({ length: to }, (_, i) => i % from),
      );
    },
    reshapeTo(context, x, wide),
  );
}

function repeat(context: Context, value: Value | undefined, target: (dims: Shape) => Shape): Value {
  return moveActivation(context, value ?? activation(context, 0), (x) => expandActivation(context, x, target(x.dims)));
}

export const importExpand: Importer = (context) => {
  const value = context.input(0);
  const shape = constantInts(context, 1, "the shape") ?? malformed(context, "LWC1101", "input 1 is missing");
  checkConstantDims(context, shape);
  const target = (dims: Shape): Shape => broadcastDims(dims, shape) ?? doNotBroadcast(context, dims, shape);
  if (value?.kind === "constant")
    return [{ kind: "constant", tensor: expandConstant(value.tensor, target(value.tensor.dims)) }];
  return [repeat(context, value, target)];
};

export const importTile: Importer = (context) => {
  const value = context.input(0);
  const given = constantInts(context, 1, "the repeats") ?? malformed(context, "LWC1101", "input 1 is missing");
  const target = (dims: Shape): Shape => {
    if (given.length !== dims.length || given.some((times) => !Number.isInteger(times) || times < 1))
      malformed(context, "LWC1226", `repeats [${given.join(",")}] of [${dims.join(",")}]`);
    return dims.map((dim, axis) => dim * must(given[axis], "repeats"));
  };
  if (value?.kind === "constant") {
    checkConstantDims(context, target(value.tensor.dims));
    return [{ kind: "constant", tensor: tileConstant(value.tensor, given) }];
  }
  return [repeat(context, value, target)];
};
