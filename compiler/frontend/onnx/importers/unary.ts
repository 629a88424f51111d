/** Element-wise functions of one value: tables where the value is quantized, clamps where an operator is still pending. */
import { roundHalfEven } from "../../../arith/saturate.js";
import {
  celu,
  elu,
  erf,
  gelu,
  geluTanh,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  mish,
  selu,
  shrink,
  sigmoid,
  softplus,
  swish,
  type Unary,
} from "../../../arith/unary.js";
import {
  type Context,
  floatIsland,
  type Importer,
  malformed,
  numberAttribute,
  ofIntegers,
  textAttribute,
  unsupported,
} from "../context.js";
import type { OnnxTensor } from "../onnx-model.js";
import type { PendingValue, TensorValue, UnaryValue, Value } from "../values.js";
import { constantOf } from "./fold.js";
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
        ...withoutExact(value),
        results: value.results.map(apply),
        nodes: [...value.nodes, name],
        label: joinLabels([value.label, opType]),
        integer: false,
      };
    case "pending":
      return floatIsland(context, value);
    case "constant":
      return { kind: "constant", tensor: applyToConstant(value.tensor, apply) };
    default:
      return unsupported(context, "LWC1171", "its input is not quantized", "quantize in front of it");
  }
}

/** A function of the result is another function. */
function withoutExact({ exact: _exact, ...rest }: UnaryValue): UnaryValue {
  return rest;
}

/** Integers, as of shapes, stay integers. */
function applyToConstant(tensor: OnnxTensor, apply: Unary): OnnxTensor {
  const isFloat = tensor.dtype === "float32" || tensor.dtype === "float64";
  return isFloat
    ? { ...tensor, dtype: "float32", data: Float32Array.from(tensor.data, apply) }
    : constantOf(tensor.name, tensor.dtype, tensor.dims, Array.from(tensor.data, apply)).tensor;
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
function clampValue(context: Context, value: Value | undefined, low: number, high: number): Value {
  if (!(low <= high)) malformed(context, "LWC1172", `its bounds are [${low}, ${high}]`);
  if (value?.kind === "pending") return clampPending(context, value, low, high);
  if (value?.kind === "tensor" && !value.real) return clampIntegers(context, value, low, high);
  return applyUnary(context, value, (x) => Math.min(high, Math.max(low, x)), false);
}

/** Tightens the bounds of an operator whose result is not quantized yet. */
export function clampPending(context: Context, value: PendingValue, low: number, high: number): PendingValue {
  // A bias or a factor behind the activation would be another function: neither folds into the product any more.
  const { addBias: _addBias, applyAffine: _applyAffine, ...rest } = value;
  return {
    ...rest,
    low: Math.min(high, Math.max(low, value.low)),
    high: Math.max(low, Math.min(high, value.high)),
    origin: {
      ...value.origin,
      nodes: [...value.origin.nodes, context.node.name],
      label: joinLabels([value.origin.label, context.node.opType]),
    },
  };
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

export const importRelu: Importer = (context) => [clampValue(context, context.input(0), 0, Number.POSITIVE_INFINITY)];

/** Bounds are inputs since opset 11, attributes before. */
export const importClip: Importer = (context) => {
  const bound = (i: number, name: string, fallback: number): number =>
    context.opset < 11
      ? numberAttribute(context, name, fallback)
      : (scalarInput(context, i, `the bound "${name}"`) ?? fallback);
  const low = bound(1, "min", Number.NEGATIVE_INFINITY);
  const high = bound(2, "max", Number.POSITIVE_INFINITY);
  return [clampValue(context, context.input(0), low, high)];
};

/** Math functions of doubles, rounded to float32. */
const rounded =
  (apply: Unary): (() => Unary) =>
  () =>
  (x) =>
    f32(apply(x));

/** Gelu in both forms; ONNX Runtime's own operators of the name have one each. */
const importGelu: Importer = (context) => {
  const approximate = textAttribute(context, "approximate", "none");
  const forms: Readonly<Record<string, Unary>> = { none: gelu, tanh: geluTanh };
  const form =
    forms[approximate] ??
    malformed(context, "LWC1175", `approximate "${approximate}"`, 'ONNX knows "none" and "tanh" (operator set 20)');
  return [applyUnary(context, context.input(0), form, false)];
};

const importFastGelu: Importer = (context) => {
  if (context.input(1))
    unsupported(context, "LWC1176", "it adds a bias", "add the bias in front of it, as an Add of its own");
  return [applyUnary(context, context.input(0), geluTanh, false)];
};

/** Functions of one value, element by element: tables. */
export const unaryImporters: Readonly<Record<string, Importer>> = {
  Relu: importRelu,
  Clip: importClip,
  Abs: unary(() => Math.abs),
  Acos: unary(rounded(Math.acos)),
  Acosh: unary(rounded(Math.acosh)),
  Asin: unary(rounded(Math.asin)),
  Asinh: unary(rounded(Math.asinh)),
  Atan: unary(rounded(Math.atan)),
  Atanh: unary(rounded(Math.atanh)),
  Ceil: unary(() => Math.ceil),
  Celu: unary((c) => celu(numberAttribute(c, "alpha", 1))),
  Cos: unary(rounded(Math.cos)),
  Cosh: unary(rounded(Math.cosh)),
  Elu: unary((c) => elu(numberAttribute(c, "alpha", 1))),
  Erf: unary(rounded(erf)),
  Exp: unary(rounded(Math.exp)),
  FastGelu: importFastGelu,
  Floor: unary(() => Math.floor),
  Gelu: importGelu,
  HardSigmoid: unary((c) => hardSigmoid(numberAttribute(c, "alpha", 0.2), numberAttribute(c, "beta", 0.5))),
  HardSwish: unary(() => hardSwish),
  LeakyRelu: unary((c) => leakyRelu(numberAttribute(c, "alpha", 0.01)), true),
  Log: unary(rounded(Math.log)),
  Mish: unary(() => mish),
  Neg: unary(() => (x) => -x),
  QuickGelu: unary((c) => swish(numberAttribute(c, "alpha", 1.702))),
  Reciprocal: unary(() => (x) => f32(1 / x)),
  Round: unary(() => roundHalfEven),
  Selu: unary((c) =>
    selu(numberAttribute(c, "alpha", 1.6732632423543772), numberAttribute(c, "gamma", 1.0507009873554805)),
  ),
  Shrink: unary((c) => shrink(numberAttribute(c, "lambd", 0.5), numberAttribute(c, "bias", 0))),
  Sigmoid: unary(() => sigmoid, true),
  Sign: unary(() => Math.sign),
  Sin: unary(rounded(Math.sin)),
  Sinh: unary(rounded(Math.sinh)),
  Softplus: unary(() => softplus),
  Softsign: unary(() => (x) => f32(x / f32(1 + Math.abs(x)))),
  Sqrt: unary(rounded(Math.sqrt)),
  Swish: unary((c) => swish(numberAttribute(c, "alpha", 1))),
  Tan: unary(rounded(Math.tan)),
  Tanh: unary(rounded(Math.tanh)),
  ThresholdedRelu: unary((c) => {
    const alpha = f32(numberAttribute(c, "alpha", 1));
    return (x) => (x > alpha ? x : 0);
  }),
};
