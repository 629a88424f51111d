/** Constants inside the graph, and the arithmetic on shapes and grids that exporters leave behind. */
import { must } from "../../../diagnostics.js";
import { elementCount } from "../../../ir/shape.js";
import {
  type Context,
  constantInput,
  constantInts,
  type Importer,
  malformed,
  numberAttribute,
  unsupported,
} from "../context.js";
import type { OnnxTensor } from "../onnx-model.js";
import { constantOf, expandConstant, zipConstants } from "./fold.js";

function isTensor(value: unknown): value is OnnxTensor {
  return typeof value === "object" && value !== null && "dims" in value && "data" in value;
}

export const importConstant: Importer = (context) => {
  for (const name of ["value", "value_float", "value_int", "value_floats", "value_ints"]) {
    context.seen.add(name);
    const value = context.node.attributes.get(name);
    if (isTensor(value)) return [{ kind: "constant", tensor: value }];
    const dtype = name.startsWith("value_int") ? "int64" : "float32";
    if (typeof value === "number") return [constantOf(nameOf(context), dtype, [], [value])];
    if (Array.isArray(value)) {
      const list: readonly unknown[] = value;
      return [constantOf(nameOf(context), dtype, [list.length], list.map(Number))];
    }
  }
  return unsupported(context, "LWC1220", "it holds neither a tensor nor numbers", "fold constants when exporting");
};

function nameOf(context: Context): string {
  return context.node.outputs[0] ?? context.node.name;
}

/** More than the weights of any network that fits a microcontroller. */
const maxFilled = 1 << 26;

/** Stops where a node asks for a constant that no file could hold. */
export function checkConstantDims(context: Context, dims: readonly number[]): void {
  if (dims.some((dim) => !Number.isSafeInteger(dim) || dim < 0) || elementCount(dims) > maxFilled)
    malformed(context, "LWC1221", `it asks for a constant of shape [${dims.slice(0, 8).join(",")}]`);
}

export const importConstantOfShape: Importer = (context) => {
  const dims = constantInts(context, 0, "the shape") ?? malformed(context, "LWC1101", "input 0 is missing");
  context.seen.add("value");
  const value = context.node.attributes.get("value");
  checkConstantDims(context, dims);
  const fill = isTensor(value) ? value : constantOf("", "float32", [1], [0]).tensor;
  const data = new Float64Array(elementCount(dims)).fill(fill.data[0] ?? 0);
  return [constantOf(nameOf(context), fill.dtype, dims, data)];
};

export const importRange: Importer = (context) => {
  const [start, limit, delta] = ["the start", "the limit", "the step"].map((what, i) => {
    const tensor = constantInput(context, i, what);
    return tensor && tensor.data.length === 1 ? tensor : malformed(context, "LWC1126", `${what} is no scalar`);
  });
  const dtype = must(start, "start").dtype;
  const [from, to, step] = [start, limit, delta].map((tensor) => must(tensor?.data[0], "scalar"));
  const count = Math.max(0, Math.ceil((must(to, "limit") - must(from, "start")) / must(step, "step")));
  checkConstantDims(context, [count]);
  const values = Array.from({ length: count }, (_, i) => must(from, "start") + i * must(step, "step"));
  return [constantOf(nameOf(context), dtype, [count], values)];
};

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  Equal: (a, b) => a === b,
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
  And: (a, b) => a !== 0 && b !== 0,
  Or: (a, b) => a !== 0 || b !== 0,
};

/** Both operands of a node that folds; anything else is computed at run time, which lwc does not do for it. */
function constantPair(context: Context): readonly [OnnxTensor, OnnxTensor] {
  return [
    constantInput(context, 0, "its first operand") ?? malformed(context, "LWC1101", "input 0 is missing"),
    constantInput(context, 1, "its second operand") ?? malformed(context, "LWC1101", "input 1 is missing"),
  ];
}

/** Stops: two constants do not broadcast. */
export function doNotBroadcast(context: Context, a: readonly number[], b: readonly number[]): never {
  return malformed(context, "LWC1182", `[${a.join(",")}] and [${b.join(",")}] do not broadcast`);
}

const importComparison: Importer = (context) => {
  const compare = must(comparisons[context.node.opType], "comparison");
  const [a, b] = constantPair(context);
  const result = zipConstants(a, b, "bool", (x, y) => (compare(x, y) ? 1 : 0));
  return [result ?? doNotBroadcast(context, a.dims, b.dims)];
};

const importNot: Importer = (context) => {
  const tensor = constantInput(context, 0, "its input") ?? malformed(context, "LWC1101", "input 0 is missing");
  return [
    constantOf(
      nameOf(context),
      "bool",
      tensor.dims,
      Array.from(tensor.data, (x) => (x === 0 ? 1 : 0)),
    ),
  ];
};

/** Where(condition, a, b) on constants: how exporters replace -1 in shapes. */
const importWhere: Importer = (context) => {
  const [condition, a] = constantPair(context);
  const b = constantInput(context, 2, "its third operand") ?? malformed(context, "LWC1101", "input 2 is missing");
  const shape = zipConstants(condition, a, "bool", () => 0);
  const wide = shape && zipConstants(shape.tensor, b, "bool", () => 0);
  if (!wide) return doNotBroadcast(context, a.dims, b.dims);
  const { dims } = wide.tensor;
  const [choose, left, right] = [condition, a, b].map((tensor) => expandConstant(tensor, dims).data);
  const values = Array.from(must(choose, "condition"), (c, i) =>
    must((c !== 0 ? left : right)?.[i], "element of the operand"),
  );
  return [constantOf(nameOf(context), a.dtype, dims, values)];
};

const importNonZero: Importer = (context) => {
  const tensor = constantInput(context, 0, "its input") ?? malformed(context, "LWC1101", "input 0 is missing");
  const rank = Math.max(1, tensor.dims.length);
  const found = Array.from(tensor.data.keys()).filter((i) => tensor.data[i] !== 0);
  const strides = tensor.dims.map((_, axis) => elementCount(tensor.dims.slice(axis + 1)));
  const rows = Array.from({ length: rank }, (_, axis) =>
    found.map((i) => Math.floor(i / (strides[axis] ?? 1)) % (tensor.dims[axis] ?? 1)),
  );
  return [constantOf(nameOf(context), "int64", [rank, found.length], rows.flat())];
};

const importCumSum: Importer = (context) => {
  const tensor = constantInput(context, 0, "its input") ?? malformed(context, "LWC1101", "input 0 is missing");
  const given = constantInts(context, 1, "the axis")?.[0] ?? 0;
  const exclusive = numberAttribute(context, "exclusive", 0) !== 0;
  if (numberAttribute(context, "reverse", 0) !== 0)
    unsupported(context, "LWC1224", "it sums from the end", "fold constants when exporting");
  const axis = given < 0 ? given + tensor.dims.length : given;
  const inner = elementCount(tensor.dims.slice(axis + 1));
  const length = tensor.dims[axis] ?? malformed(context, "LWC1110", `axis ${given} does not exist`);
  const sums = tensor.data.slice();
  for (let i = 0; i < sums.length; i++) {
    const isFirst = Math.floor(i / inner) % length === 0;
    const term = exclusive ? (isFirst ? 0 : must(tensor.data[i - inner], "term")) : must(tensor.data[i], "term");
    sums[i] = isFirst ? term : must(sums[i - inner], "sum") + term;
  }
  return [{ kind: "constant", tensor: { ...tensor, data: sums } }];
};

/** Operators that lwc folds where every input is constant, and refuses elsewhere. */
export const foldingImporters: Readonly<Record<string, Importer>> = {
  ...Object.fromEntries(Object.keys(comparisons).map((name) => [name, importComparison])),
  CumSum: importCumSum,
  NonZero: importNonZero,
  Not: importNot,
  Range: importRange,
  Where: importWhere,
};
