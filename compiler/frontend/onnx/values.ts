/**
 * What an ONNX value is while a model is imported. Floats are lazy: a value between DequantizeLinear and QuantizeLinear
 * waits for the quantization of its result, because only then is it an integer operator of the IR.
 */
import type { Origin, TensorId } from "../../ir/graph.js";
import type { Quant } from "../../ir/quant.js";
import type { Shape } from "../../ir/shape.js";
import type { Affine } from "./importers/batch-normalization.js";
import type { MaxWindow } from "./importers/max-pool.js";
import type { OnnxTensor } from "./onnx-model.js";

/** A constant of the file, or one computed from such. */
export interface ConstantValue {
  readonly kind: "constant";
  readonly tensor: OnnxTensor;
}

/** DequantizeLinear of a constant: weights or a bias. */
export interface WeightsValue {
  readonly kind: "weights";
  readonly tensor: OnnxTensor;
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
  /** ONNX axis of per-channel parameters; 0 where there is one scale. */
  readonly axis: number;
  /** Set behind a Transpose or Reshape: ONNX Runtime then multiplies in float. */
  readonly moved?: true;
}

/** An activation of the IR. */
export interface TensorValue {
  readonly kind: "tensor";
  readonly id: TensorId;
  /** Shape in the model. */
  readonly dims: Shape;
  /** perm[i] is the IR axis of ONNX axis i. */
  readonly perm: readonly number[];
  /** True behind DequantizeLinear: the model means real numbers. */
  readonly real: boolean;
}

/** Which function each element goes through, where constants differ from channel to channel or from element to element. */
export interface Places {
  /** As many dims as the source has; each is that of the source, or 1. */
  readonly dims: Shape;
  /** Number of the function of each place, in the order of `dims`. */
  readonly index: Int32Array;
}

/** A function of one activation, element by element: becomes a lookup table, or several. */
export interface UnaryValue {
  readonly kind: "unary";
  readonly source: TensorValue;
  /** The result for each value of the source, entry 256 * f + i for i - 128 in function f; every step rounded to float32. */
  readonly results: Float32Array;
  /** Absent where one function is that of every element. */
  readonly places?: Places;
  /** The tables for a quantization of the result, where ONNX Runtime has integer arithmetic of its own: x + c, x * c of a quantized c. */
  readonly exact?: (quant: Quant) => Int8Array | undefined;
  readonly nodes: readonly string[];
  readonly label: string;
  /** True while ONNX Runtime has an integer kernel for it. */
  readonly integer: boolean;
}

/** Where the result of a pending operator goes. */
export interface OutputSpec {
  readonly quant: Quant;
  readonly clampMin: number;
  readonly clampMax: number;
  readonly origin: Origin;
  /** Wish for the name of the output tensor. */
  readonly name: string;
}

/** A float operator on dequantized activations that waits for its QuantizeLinear. */
export interface PendingValue {
  readonly kind: "pending";
  readonly dims: Shape;
  /** Clamp of a fused activation, in real numbers. */
  readonly low: number;
  readonly high: number;
  readonly origin: Origin;
  readonly finish: (output: OutputSpec) => TensorValue;
  /** A constant added directly behind a product becomes its bias; absent where that cannot be, as behind an activation. */
  readonly addBias?: (bias: OnnxTensor) => PendingValue | undefined;
  /** A factor and an offset per output channel directly behind a product, folded into constant weights; absent likewise. */
  readonly applyAffine?: (affine: Affine) => PendingValue;
}

/** A float graph input before its QuantizeLinear. */
export interface FloatInputValue {
  readonly kind: "floatInput";
  readonly index: number;
  readonly dims: Shape;
}

/** Indices from ArgMax. */
export interface IndexValue {
  readonly kind: "index";
  readonly id: TensorId;
  /** Element type that the model gives them; 32 bits hold them either way. */
  readonly dtype: "int32" | "int64";
  readonly dims: Shape;
  readonly perm: readonly number[];
}

/** Indices from MaxPool: they name elements of `source`, the largest of each window. Only MaxUnpool reads them. */
export interface PoolIndicesValue {
  readonly kind: "poolIndices";
  readonly source: TensorValue;
  readonly window: MaxWindow;
}

export type Value =
  | ConstantValue
  | WeightsValue
  | TensorValue
  | UnaryValue
  | PendingValue
  | FloatInputValue
  | IndexValue
  | PoolIndicesValue;
