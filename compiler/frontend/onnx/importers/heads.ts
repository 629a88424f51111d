/** Softmax, LogSoftmax, ArgMax, ArgMin: what usually ends a network. */
import { must } from "../../../diagnostics.js";
import { elementCount } from "../../../ir/shape.js";
import {
  activation,
  type Context,
  type Importer,
  numberAttribute,
  originOf,
  positiveAxis,
  realActivation,
} from "../context.js";
import { identity, memoryShape } from "../layout.js";
import type { OutputSpec, PendingValue, TensorValue, Value } from "../values.js";
import { clampTable } from "./parts.js";
import { reshapeTo } from "./reshape.js";

export const importSoftmax: Importer = (context) => [
  softmaxOf(context, context.input(0), numberAttribute(context, "axis", context.opset >= 13 ? -1 : 1), context.opset),
];

export const importLogSoftmax: Importer = (context) => {
  const axis = numberAttribute(context, "axis", context.opset >= 13 ? -1 : 1);
  const pending = softmaxOf(context, context.input(0), axis, context.opset, "log_softmax");
  const island = "ONNX Runtime computes LogSoftmax in float, with exponentials of its own";
  return [{ ...pending, origin: { ...pending.origin, island } }];
};

/** Softmax along an ONNX axis; before opset 13 over all axes from `axis` on. */
export function softmaxOf(
  context: Context,
  value: Value | undefined,
  given: number,
  opset: number,
  kind: "softmax" | "log_softmax" = "softmax",
): PendingValue {
  const x = realActivation(context, value, 0);
  const axis = positiveAxis(context, given, x.dims);
  const behind = elementCount(x.dims.slice(axis));
  if (opset < 13 && behind > must(x.dims[axis], "dim")) {
    const flat = reshapeTo(context, x, [elementCount(x.dims) / behind, behind]);
    const pending = softmaxOf(context, flat, 1, 13, kind);
    const finish = (output: OutputSpec): TensorValue => reshapeTo(context, pending.finish(output), x.dims);
    return { ...pending, dims: x.dims, finish };
  }
  const origin = originOf(context);
  const finish = (output: OutputSpec): TensorValue => {
    const { assembler } = context;
    // The axis comes last in memory; of the rest the order stays.
    const rank = x.dims.length;
    const others = identity(rank).filter((i) => i !== axis);
    const inMemory = others.slice().sort((a, b) => (x.perm[a] ?? 0) - (x.perm[b] ?? 0));
    const isLast = identity(rank).every((i) => i === axis || x.dims[i] === 1 || (x.perm[i] ?? 0) < (x.perm[axis] ?? 0));
    const perm = isLast ? x.perm : identity(rank).map((i) => (i === axis ? rank - 1 : inMemory.indexOf(i)));
    const moved = assembler.toLayout(x, perm, origin);
    const source =
      moved.perm[axis] === rank - 1
        ? moved
        : assembler.toLayout(
            moved,
            identity(rank).map((i) => (i === axis ? rank - 1 : inMemory.indexOf(i))),
            origin,
          );
    const shape = memoryShape(source.dims, source.perm);
    const id = assembler.node(
      kind,
      [source.id],
      {},
      { name: output.name, shape, quant: output.quant, origin: output.origin },
    );
    return clampTable(context, { ...source, id, real: true }, output);
  };
  return {
    kind: "pending",
    dims: x.dims,
    low: Number.NEGATIVE_INFINITY,
    high: Number.POSITIVE_INFINITY,
    origin,
    finish,
  };
}

/** ArgMax, and ArgMin: the same of the values in reverse order. */
export const importArgExtreme: Importer = (context) => {
  const given = activation(context, 0);
  const x = context.node.opType === "ArgMin" ? reversed(context, given) : given;
  const { assembler } = context;
  const axis = positiveAxis(context, numberAttribute(context, "axis", 0), x.dims);
  const keepDims = numberAttribute(context, "keepdims", 1) !== 0;
  const selectLast = numberAttribute(context, "select_last_index", 0) !== 0;
  const memoryAxis = x.perm[axis] ?? 0;
  const shape = assembler.tensor(x.id).shape;
  const outShape = keepDims
    ? shape.map((dim, i) => (i === memoryAxis ? 1 : dim))
    : shape.filter((_, i) => i !== memoryAxis);
  const id = assembler.tensorId(context.node.outputs[0] ?? context.node.name);
  assembler.tensors.set(id, { id, dtype: "int32", shape: outShape, source: context.node.outputs[0] ?? "" });
  assembler.push("argmax", [x.id], { axis: memoryAxis, keepDims, selectLast }, id, originOf(context));
  const dims = keepDims ? x.dims.map((dim, i) => (i === axis ? 1 : dim)) : x.dims.filter((_, i) => i !== axis);
  const kept = x.perm.filter((_, i) => keepDims || i !== axis);
  const perm = keepDims ? kept : kept.map((memory) => (memory > memoryAxis ? memory - 1 : memory));
  return [{ kind: "index", id, dtype: "int64", dims, perm }];
};

/** -1 - q for every value q: the smallest becomes the largest. */
function reversed(context: Context, x: TensorValue): TensorValue {
  const { assembler } = context;
  const quant = assembler.quantOf(x);
  const table = Int8Array.from({ length: 256 }, (_, i) => 127 - i);
  const tableId = assembler.constant(`${x.id}_reversed_table`, "int8", [256], table, quant);
  const { shape } = assembler.tensor(x.id);
  const output = { name: `${x.id}_reversed`, shape, quant, origin: originOf(context) };
  return { ...x, id: assembler.node("lookup", [x.id, tableId], {}, output) };
}
