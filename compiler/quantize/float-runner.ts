/** Float inference, which quantize/ asks for and cli/ brings: loading a native library is no work for pure code. */
import type { Shape } from "../ir/shape.js";

export interface RunTensor {
  readonly dims: Shape;
  /** Integers and booleans come as doubles. */
  readonly data: Float32Array | Float64Array;
  readonly isFloat: boolean;
}

/** A loaded model. */
export interface RunSession {
  /** Values of the graph outputs, by name. */
  readonly run: (inputs: ReadonlyMap<string, RunTensor>) => Promise<ReadonlyMap<string, RunTensor>>;
  readonly release: () => Promise<void>;
}

/** Loads the bytes of an ONNX model: float ones, and quantized ones in QDQ form. */
export type LoadModel = (model: Uint8Array) => Promise<RunSession>;
