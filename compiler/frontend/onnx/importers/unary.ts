/** Element-wise functions of one value: tables where the value is quantized, clamps where an operator is still pending. */
import { elu, erf, hardSigmoid, hardSwish, leakyRelu, sigmoid, type Unary } from "../../../arith/unary.js";
import {
  type Context,
  floatIsland,
  type Importer,
  malformed,
  numberAttribute,
  ofIntegers,
  unsupported,
} from "../context.js";
import type { TensorValue, UnaryValue, Value } from "../values.js";
import { scalarInput } from "./quantize.js";

const f32 = Math.fround;

/** Extends an activation, or a function of one, by another function. */
export function applyUnary(context: Context, value: Value | undefined, apply: Unary, integer: boolean): Value {
  const { opType, name } = context.node;
  switch (value?.kind) {
    case "tensor": {
      if (!value.real) return ofIntegers(context);
      const results = context.assembler.realValues(value).map(apply);
      return { kind: "unary", source: value, results, nodes: [name], label: opType, integer } satisfies UnaryValue;
    }
    case "unary":
      limitChain(context, value.nodes);
      return {
        ...value,
        results: value.results.map(apply),
        nodes: [...value.nodes, name],
        label: joinLabels([value.label, opType]),
        integer: false,
      };
    case "pending":
      return floatIsland(context, value);
    case "constant":
      return {
        kind: "constant",
        tensor: { ...value.tensor, dtype: "float32", data: Float32Array.from(value.tensor.data, (x) => f32(apply(x))) },
      };
    default:
      return unsupported(context, "LWC1171", "its input is not quantized", "quantize in front of it");
  }
}

/** Far beyond what exporters write: HardSwish in parts is five nodes. */
const maxChain = 1000;

export function limitChain(context: Context, nodes: readonly string[]): void {
  if (nodes.length >= maxChain)
    unsupported(context, "LWC1174", `a chain of more than ${maxChain} functions`, "quantize in between");
}

/** Longest label: a chain of thousands is told by its ends. */
const maxLabelLength = 120;

/** "HardSigmoid + Mul". */
export function joinLabels(parts: readonly string[]): string {
  const label = parts.filter((part) => part !== "").join(" + ");
  if (label.length <= maxLabelLength) return label;
  return `${label.slice(0, label.indexOf(" + "))} + ... + ${parts.at(-1) ?? ""}`;
}

function unary(build: (context: Context) => Unary, integer = false): Importer {
  return (context) => [applyUnary(context, context.input(0), build(context), integer)];
}

/** Clamp of real numbers: tightens a pending operator, clamps integers directly, else a table. */
function clampValue(context: Context, low: number, high: number): Value {
  const value = context.input(0);
  if (!(low <= high)) malformed(context, "LWC1172", `its bounds are [${low}, ${high}]`);
  if (value?.kind === "pending") {
    // A bias or a factor behind the activation would be another function: neither folds into the product any more.
    const { addBias: _addBias, applyAffine: _applyAffine, ...rest } = value;
    return {
      ...rest,
      low: Math.min(high, Math.max(low, value.low)),
      high: Math.max(low, Math.min(high, value.high)),
      origin: {
        ...value.origin,
        nodes: [...value.origin.nodes, context.node.name],
        label: `${value.origin.label} + ${context.node.opType}`,
      },
    };
  }
  if (value?.kind === "tensor" && !value.real) return clampIntegers(context, value, low, high);
  return applyUnary(context, value, (x) => Math.min(high, Math.max(low, x)), false);
}

/** Clip of int8 or uint8 values: bounds are quantized numbers. */
function clampIntegers(context: Context, value: TensorValue, low: number, high: number): TensorValue {
  const { assembler } = context;
  const quant = assembler.quantOf(value);
  const shift = quant.storage === "uint8" ? 128 : 0;
  const table = Int8Array.from({ length: 256 }, (_, i) =>
    Math.max(-128, Math.min(127, Math.min(high - shift, Math.max(low - shift, i - 128)))),
  );
  const tableId = assembler.constant(`${context.node.outputs[0] ?? "clip"}_table`, "int8", [256], table, quant);
  const origin = { nodes: [context.node.name], label: context.node.opType };
  const id = assembler.node(
    "lookup",
    [value.id, tableId],
    {},
    { name: context.node.outputs[0] ?? context.node.name, shape: assembler.tensor(value.id).shape, quant, origin },
  );
  return { ...value, id };
}

export const importRelu: Importer = (context) => [clampValue(context, 0, Number.POSITIVE_INFINITY)];

/** Bounds are inputs since opset 11, attributes before. */
export const importClip: Importer = (context) => {
  const bound = (i: number, name: string, fallback: number): number =>
    context.opset < 11
      ? numberAttribute(context, name, fallback)
      : (scalarInput(context, i, `the bound "${name}"`) ?? fallback);
  const low = bound(1, "min", Number.NEGATIVE_INFINITY);
  const high = bound(2, "max", Number.POSITIVE_INFINITY);
  return [clampValue(context, low, high)];
};

/** x for the functions that also multiply by their argument is exact: both read the same table entry. */
export const unaryImporters: Readonly<Record<string, Importer>> = {
  Relu: importRelu,
  Clip: importClip,
  Sigmoid: unary(() => sigmoid, true),
  LeakyRelu: unary((c) => leakyRelu(numberAttribute(c, "alpha", 0.01)), true),
  HardSigmoid: unary((c) => hardSigmoid(numberAttribute(c, "alpha", 0.2), numberAttribute(c, "beta", 0.5))),
  HardSwish: unary(() => hardSwish),
  Tanh: unary(() => (x) => f32(Math.tanh(x))),
  Exp: unary(() => (x) => f32(Math.exp(x))),
  Elu: unary((c) => elu(numberAttribute(c, "alpha", 1))),
  Sqrt: unary(() => (x) => f32(Math.sqrt(x))),
  Neg: unary(() => (x) => -x),
  Abs: unary(() => Math.abs),
  Erf: unary(() => (x) => f32(erf(x))),
  Softplus: unary(() => (x) => f32(Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0))),
  Softsign: unary(() => (x) => f32(x / f32(1 + Math.abs(x)))),
  ThresholdedRelu: unary((c) => {
    const alpha = numberAttribute(c, "alpha", 1);
    return (x) => (x > alpha ? x : 0);
  }),
};
