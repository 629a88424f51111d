/** What an importer works with: the values so far, the node's attributes, the graph under construction, and its diagnostics. */
import { type Diagnostic, fail, must } from "../../diagnostics.js";
import type { Origin } from "../../ir/graph.js";
import { makeScale, makeZeroPoint, type Quant } from "../../ir/quant.js";
import type { Shape } from "../../ir/shape.js";
import type { Assembler } from "./assembler.js";
import type { OnnxNode, OnnxTensor } from "./onnx-model.js";
import type { PendingValue, TensorValue, UnaryValue, Value } from "./values.js";

export interface Context {
  readonly node: OnnxNode;
  /** Version of the ai.onnx operator set. */
  readonly opset: number;
  readonly assembler: Assembler;
  readonly warnings: Diagnostic[];
  /** The value of input i; undefined when it is omitted. */
  input(i: number): Value | undefined;
  /** Turns a float graph input into an activation. */
  quantizeInput(index: number, quant: Quant): TensorValue;
  /** Names of attributes that an importer asked for, so that the rest can be warned about. */
  readonly seen: Set<string>;
}

export type Importer = (context: Context) => readonly Value[];

/** `Conv "features.3.conv"`, for messages. */
export function nodeName(node: OnnxNode): string {
  return `${node.opType} "${node.name}"`;
}

/** Stops: lwc cannot do what the node asks for. */
export function unsupported(context: Context, code: string, message: string, hint: string): never {
  return fail({
    code,
    kind: "unsupported",
    message: `${nodeName(context.node)}: ${message}`,
    where: { node: nodeName(context.node) },
    hint,
  });
}

/** Stops: the node is not well-formed. */
export function malformed(
  context: Context,
  code: string,
  message: string,
  hint = "the exporter wrote an inconsistent model",
): never {
  return fail({
    code,
    kind: "error",
    message: `${nodeName(context.node)}: ${message}`,
    where: { node: nodeName(context.node) },
    hint,
  });
}

export function originOf(context: Context): Origin {
  return { nodes: [context.node.name], label: context.node.opType };
}

export function numberAttribute(context: Context, name: string, fallback: number): number {
  context.seen.add(name);
  const value = context.node.attributes.get(name) ?? fallback;
  return typeof value === "number" ? value : wrongType(context, name, "a number");
}

export function textAttribute(context: Context, name: string, fallback: string): string {
  context.seen.add(name);
  const value = context.node.attributes.get(name) ?? fallback;
  return typeof value === "string" ? value : wrongType(context, name, "text");
}

export function intsAttribute(context: Context, name: string): readonly number[] | undefined {
  context.seen.add(name);
  const value = context.node.attributes.get(name);
  if (value === undefined) return undefined;
  const items: readonly unknown[] = Array.isArray(value) ? value : [undefined];
  return items.every((item) => Number.isSafeInteger(item)) ? items.map(Number) : wrongType(context, name, "integers");
}

function wrongType(context: Context, name: string, expected: string): never {
  return malformed(context, "LWC1111", `attribute "${name}" is of another type than ${expected}`);
}

/** A constant input as a tensor. */
export function constantInput(context: Context, i: number, what: string): OnnxTensor | undefined {
  const value = context.input(i);
  if (!value) return undefined;
  if (value.kind === "constant") return value.tensor;
  return unsupported(
    context,
    "LWC1104",
    `${what} is computed at run time`,
    "export the model with constant shapes and parameters",
  );
}

export function constantInts(context: Context, i: number, what: string): readonly number[] | undefined {
  const tensor = constantInput(context, i, what);
  return tensor ? Array.from(tensor.data) : undefined;
}

/** A dequantized activation: what arithmetic reads. */
export function realActivation(context: Context, value: Value | undefined, i: number): TensorValue {
  const x = asActivation(context, value, i);
  return x.real ? x : ofIntegers(context);
}

/** Stops: the node computes on the integers themselves, as if they were the numbers that they stand for. */
export function ofIntegers(context: Context): never {
  return unsupported(
    context,
    "LWC1170",
    `${context.node.opType} of integers`,
    "put it between DequantizeLinear and QuantizeLinear",
  );
}

/** A dequantized or quantized activation; everything else is explained. */
export function activation(context: Context, i: number): TensorValue {
  return asActivation(context, context.input(i), i);
}

export function asActivation(context: Context, value: Value | undefined, i: number): TensorValue {
  if (!value) return malformed(context, "LWC1101", `input ${i} is missing`);
  switch (value.kind) {
    case "tensor":
      return value;
    case "pending":
    case "unary":
      return floatIsland(context, value);
    case "floatInput":
      return unsupported(
        context,
        "LWC1105",
        "it reads a graph input in float",
        "quantize the model: a QuantizeLinear/DequantizeLinear pair belongs behind every float input",
      );
    case "constant":
    case "weights":
      return unsupported(
        context,
        "LWC1106",
        `input ${i} is a constant where an activation is expected`,
        "fold constants when exporting (torch.onnx.export does it by default)",
      );
    case "poolIndices":
      return unsupported(
        context,
        "LWC1117",
        "it reads the indices of a MaxPool",
        "only MaxUnpool reads them: remove that output when exporting",
      );
    case "index":
      return unsupported(
        context,
        "LWC1107",
        "it reads the indices of an ArgMax",
        "make the ArgMax the last node of the model",
      );
  }
}

/** A float value that no QuantizeLinear took. */
export function floatIsland(context: Context, value: PendingValue | UnaryValue): never {
  const producer = value.kind === "pending" ? value.origin.label : value.label;
  const name = (value.kind === "pending" ? value.origin.nodes : value.nodes).at(-1) ?? "";
  return unsupported(
    context,
    "LWC1108",
    `it reads the result of ${producer} "${name}" in float: a float island in a quantized model`,
    `quantize the output of "${name}": a QuantizeLinear/DequantizeLinear pair belongs between the two`,
  );
}

export interface Parameters {
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
  readonly dtype: "int8" | "uint8" | "int32";
}

/** Scale and zero point from two constant inputs. A missing zero point is 0 of the type that is quantized to. */
export function quantParameters(context: Context, scaleInput: number, zeroInput: number, dtype?: string): Parameters {
  const scale = constantInput(context, scaleInput, "the scale");
  if (!scale) return malformed(context, "LWC1102", "its scale is missing");
  if (scale.dtype !== "float32") malformed(context, "LWC1112", `its scale is ${scale.dtype}, expected float32`);
  const zero = constantInput(context, zeroInput, "the zero point");
  const zeroType = zero?.dtype ?? dtype ?? "uint8";
  if (zeroType !== "int8" && zeroType !== "uint8" && zeroType !== "int32") {
    return unsupported(
      context,
      "LWC1103",
      `quantizes to ${zeroType}`,
      "lwc runs 8-bit activations: quantize to int8 or uint8",
    );
  }
  const scales = Array.from(scale.data);
  const zeroPoints = zero ? Array.from(zero.data) : [0];
  if (zeroPoints.length !== 1 && zeroPoints.length !== scales.length)
    malformed(context, "LWC1113", `${zeroPoints.length} zero points for ${scales.length} scales`);
  return { scales, zeroPoints, dtype: zeroType };
}

/** Quantization of an activation: one scale, one zero point, int8 values. */
export function activationQuant(context: Context, parameters: Parameters, tensor: string): Quant {
  const { scales, zeroPoints, dtype: storage } = parameters;
  if (storage === "int32") {
    return unsupported(
      context,
      "LWC1103",
      "quantizes to int32",
      "lwc runs 8-bit activations: quantize to int8 or uint8",
    );
  }
  if (scales.length !== 1 || zeroPoints.length !== 1) {
    unsupported(
      context,
      "LWC1109",
      `activation "${tensor}" has ${scales.length} scales`,
      "quantize activations per tensor; per-channel is for weights",
    );
  }
  const shift = storage === "uint8" ? 128 : 0;
  return {
    scales: [makeScale(must(scales[0], "scale"), tensor)],
    zeroPoint: makeZeroPoint(must(zeroPoints[0], "zero point") - shift, tensor),
    storage,
  };
}

/** Axis counted from the front. */
export function positiveAxis(context: Context, axis: number, dims: Shape): number {
  const positive = axis < 0 ? axis + dims.length : axis;
  return positive >= 0 && positive < dims.length
    ? positive
    : malformed(context, "LWC1110", `axis ${axis} does not exist in [${dims.join(",")}]`);
}
