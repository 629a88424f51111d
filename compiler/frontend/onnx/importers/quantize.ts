/** QuantizeLinear and DequantizeLinear: where floats become IR tensors, and where they start. */
import { quantize } from "../../../arith/unary.js";
import { must } from "../../../diagnostics.js";
import type { Origin } from "../../../ir/graph.js";
import { type Quant, sameQuant, scaleOf } from "../../../ir/quant.js";
import { elementCount } from "../../../ir/shape.js";
import {
  activationQuant,
  type Context,
  constantInput,
  type Importer,
  malformed,
  nodeName,
  numberAttribute,
  originOf,
  type Parameters,
  quantParameters,
  unsupported,
} from "../context.js";
import { dtypeName, dtypeOf } from "../dtypes.js";
import type { OnnxTensor } from "../onnx-model.js";
import type { PendingValue, TensorValue, UnaryValue, Value, WeightsValue } from "../values.js";
import { indexInMemory } from "./places.js";

export const importDequantizeLinear: Importer = (context) => {
  const value = context.input(0);
  const axis = numberAttribute(context, "axis", 1);
  numberAttribute(context, "block_size", 0);
  if (value?.kind === "constant")
    return [quantizedConstant(context, value.tensor, quantParameters(context, 1, 2, value.tensor.dtype), axis)];
  if (value?.kind !== "tensor" || value.real)
    return unsupported(
      context,
      "LWC1121",
      "its input is no quantized tensor",
      "export with QuantizeLinear in front of DequantizeLinear",
    );
  const { storage } = context.assembler.quantOf(value);
  return [
    dequantizeActivation(
      context,
      value,
      activationQuant(context, quantParameters(context, 1, 2, storage), context.node.inputs[0] ?? ""),
    ),
  ];
};

/** Weights or a bias with their scales, which lie along `axis` where there are several. */
export function quantizedConstant(
  context: Context,
  tensor: OnnxTensor,
  { scales, zeroPoints, dtype }: Parameters,
  axis: number,
): WeightsValue {
  if (dtype !== tensor.dtype)
    malformed(context, "LWC1127", `a constant of type ${tensor.dtype} has a zero point of type ${dtype}`);
  return { kind: "weights", tensor, scales, zeroPoints, axis: channelAxis(context, tensor, scales.length, axis) };
}

/** Axis that scales lie along, counted from the front; 0 where there is one scale. */
function channelAxis(context: Context, tensor: OnnxTensor, scales: number, axis: number): number {
  if (scales === 1) return 0;
  const positive = axis < 0 ? axis + tensor.dims.length : axis;
  return tensor.dims[positive] === scales
    ? positive
    : malformed(
        context,
        "LWC1120",
        `${scales} scales along axis ${axis} of a constant of shape [${tensor.dims.join(",")}]`,
      );
}

/** The real numbers that a quantized activation stands for; other parameters than it was made with change its meaning. */
export function dequantizeActivation(context: Context, value: TensorValue, quant: Quant): TensorValue {
  const { assembler } = context;
  const own = assembler.quantOf(value);
  if (sameQuant(own, quant)) return { ...value, real: true };
  if (own.storage !== quant.storage)
    malformed(
      context,
      "LWC1122",
      `"${value.id}" was quantized to ${own.storage} and is dequantized as ${quant.storage}`,
    );
  // The same bytes under another scale: an identity table carries the new meaning.
  const table = Int8Array.from({ length: 256 }, (_, i) => i - 128);
  const tableId = assembler.constant(`${value.id}_table`, "int8", [256], table, quant);
  const id = assembler.node(
    "lookup",
    [value.id, tableId],
    {},
    { name: `${value.id}_reread`, shape: assembler.tensor(value.id).shape, quant, origin: originOf(context) },
  );
  return { ...value, id, real: true };
}

export const importQuantizeLinear: Importer = (context) => {
  const value = context.input(0);
  const axis = numberAttribute(context, "axis", 1);
  numberAttribute(context, "saturate", 1);
  numberAttribute(context, "block_size", 0);
  numberAttribute(context, "precision", 0);
  const code = numberAttribute(context, "output_dtype", 0);
  if (!value) return malformed(context, "LWC1101", "input 0 is missing");
  const parameters = quantParameters(context, 1, 2, code === 0 ? "uint8" : (dtypeOf(code) ?? dtypeName(code)));
  if (value.kind === "constant")
    return [{ kind: "constant", tensor: quantizeConstant(context, value.tensor, parameters, axis) }];
  const quant = activationQuant(context, parameters, context.node.outputs[0] ?? "");
  return [{ ...quantizeValue(context, value, quant), real: false }];
};

/** Float weights as training tools export them, in front of QuantizeLinear and DequantizeLinear. */
function quantizeConstant(context: Context, tensor: OnnxTensor, parameters: Parameters, axis: number): OnnxTensor {
  const { scales, zeroPoints, dtype } = parameters;
  if (dtype === "int32")
    return unsupported(
      context,
      "LWC1123",
      "quantizes a constant to int32",
      "store a bias as int32, behind DequantizeLinear",
    );
  const at = channelAxis(context, tensor, scales.length, axis);
  const inner = scales.length === 1 ? tensor.data.length : elementCount(tensor.dims.slice(at + 1));
  const shift = dtype === "uint8" ? 128 : 0;
  const values = Array.from(tensor.data, (x, i) => {
    const channel = Math.floor(i / inner) % scales.length;
    const zero = must(zeroPoints[zeroPoints.length === 1 ? 0 : channel], "zero point");
    return quantize(x, must(scales[channel], "scale"), zero - shift) + shift;
  });
  return { ...tensor, dtype, data: dtype === "uint8" ? Uint8Array.from(values) : Int8Array.from(values) };
}

/** An IR tensor with the given quantization from whatever float value there is. */
export function quantizeValue(context: Context, value: Value, quant: Quant): TensorValue {
  const name = context.node.outputs[0] ?? context.node.name;
  switch (value.kind) {
    case "floatInput":
      return context.quantizeInput(value.index, quant);
    case "tensor":
      return requantizeTensor(context, value, quant, name);
    case "unary":
      return finishUnary(context, value, quant, name);
    case "pending":
      return finishPending(value, quant, name);
    case "constant":
    case "weights":
    case "index":
    case "poolIndices":
      return unsupported(context, "LWC1124", "its input is no activation", "fold constants when exporting");
  }
}

function requantizeTensor(context: Context, value: TensorValue, quant: Quant, name: string): TensorValue {
  if (!value.real) return malformed(context, "LWC1125", "its input is quantized already");
  if (sameQuant(context.assembler.quantOf(value), quant)) return value;
  return finishUnary(
    context,
    {
      kind: "unary",
      source: value,
      results: context.assembler.realValues(value),
      nodes: [context.node.name],
      label: "Rescale",
      integer: true,
    },
    quant,
    name,
  );
}

/** Exact tables for a chain of unary functions: one, or one for each that differs. */
export function finishUnary(context: Context, value: UnaryValue, quant: Quant, name: string): TensorValue {
  const { assembler } = context;
  const undefinedAt = value.results.findIndex((result) => Number.isNaN(result));
  if (undefinedAt >= 0) {
    context.warnings.push({
      code: "LWC1173",
      kind: "warning",
      message: `${nodeName(context.node)}: ${value.label} is undefined for some inputs, as for ${assembler.realValues(value.source)[undefinedAt % 256] ?? 0}; there the result is the lowest value, as ONNX Runtime has it on x64`,
      where: { node: nodeName(context.node) },
    });
  }
  const exact = value.exact?.(quant);
  const table =
    exact ??
    Int8Array.from(value.results, (result) =>
      Number.isNaN(result) ? -128 : quantize(result, scaleOf(quant), quant.zeroPoint),
    );
  const { tables, index } = distinctTables(table, value.places?.index);
  const origin: Origin = {
    nodes: value.nodes,
    label: value.label,
    ...(value.integer || exact
      ? {}
      : { island: `ONNX Runtime computes ${value.label} in float on x64; the table holds the same results, exactly` }),
  };
  const { shape } = assembler.tensor(value.source.id);
  const output = { name, shape, quant, origin };
  const count = tables.length / 256;
  if (!value.places || count === 1) {
    const tableId = assembler.constant(`${name}_table`, "int8", [256], tables, quant);
    return { ...value.source, id: assembler.node("lookup", [value.source.id, tableId], {}, output), real: true };
  }
  const tablesId = assembler.constant(`${name}_tables`, "int8", [count, 256], tables, quant);
  const which = indexInMemory(value.source, { dims: value.places.dims, index }, shape);
  const indexId = assembler.constant(`${name}_index`, "int32", which.shape, which.index);
  const id = assembler.node("lookup_each", [value.source.id, tablesId, indexId], {}, output);
  return { ...value.source, id, real: true };
}

/** Functions that quantization makes equal share a table. */
function distinctTables(
  tables: Int8Array,
  index: Int32Array | undefined,
): { readonly tables: Int8Array; readonly index: Int32Array } {
  if (!index) return { tables, index: new Int32Array(1) };
  const numbers = new Map<string, number>();
  const rows: Int8Array[] = [];
  const renamed = Int32Array.from({ length: tables.length / 256 }, (_, i) => {
    const row = tables.subarray(i * 256, (i + 1) * 256);
    const key = String.fromCharCode(...new Uint8Array(row.buffer, row.byteOffset, row.length));
    const number = numbers.get(key) ?? rows.push(row) - 1;
    numbers.set(key, number);
    return number;
  });
  const kept = new Int8Array(rows.length * 256);
  rows.forEach((row, i) => {
    kept.set(row, i * 256);
  });
  return { tables: kept, index: index.map((i) => must(renamed[i], "table")) };
}

/** Smallest rounding slack that ONNX Runtime allows before a Clip counts as narrower than the quantized range. */
const clipSlack = 2 ** -23;

export function finishPending(value: PendingValue, quant: Quant, name: string): TensorValue {
  const scale = scaleOf(quant);
  const lowest = Math.fround(scale * (-128 - quant.zeroPoint));
  const highest = Math.fround(scale * (127 - quant.zeroPoint));
  const isNarrow = value.low > lowest + clipSlack || value.high + clipSlack < highest;
  const reason = isNarrow
    ? {
        island:
          value.origin.island ??
          `ONNX Runtime computes ${value.origin.label} in float on x64: the activation is narrower than the quantized range`,
      }
    : {};
  const clampMin = value.low === Number.NEGATIVE_INFINITY ? -128 : quantize(value.low, scale, quant.zeroPoint);
  const clampMax = value.high === Number.POSITIVE_INFINITY ? 127 : quantize(value.high, scale, quant.zeroPoint);
  return { ...value.finish({ quant, clampMin, clampMax, origin: { ...value.origin, ...reason }, name }), real: true };
}

/** Constants as plain numbers where a node wants one scalar. */
export function scalarInput(context: Context, i: number, what: string): number | undefined {
  const tensor = constantInput(context, i, what);
  if (!tensor) return undefined;
  return elementCount(tensor.dims) === 1
    ? tensor.data[0]
    : malformed(context, "LWC1126", `${what} has shape [${tensor.dims.join(",")}], expected a scalar`);
}
