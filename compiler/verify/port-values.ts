/**
 * Values at the model's boundary (NCHW, the model's own type) against values of the IR (NHWC, int8): both directions, exact.
 */
import { fail } from "../diagnostics.js";
import { type Graph, type Port, tensorOf } from "../ir/graph.js";
import { scaleOf } from "../ir/quant.js";
import { stridesOf } from "../ir/shape.js";
import type { NpyData } from "./npy.js";
import type { Values } from "./run-harness.js";

/**
 * Values of one case in the model's layout, as the IR has them. float32 is quantized: RNE(clamp(x/s)) + zp (docs/numerics.md,
 * section 3.1); uint8 is shifted by -128; int8 stays.
 */
export function toIr(graph: Graph, port: Port, values: NpyData): Int8Array {
  const tensor = tensorOf(graph, port.tensor);
  const order = irOrder(port, tensor.shape);
  if (values.length !== order.length) {
    return fail({
      code: "LWC6102",
      kind: "error",
      message: `input "${port.name}": expected ${order.length} values [${port.shape.join(",")}], found ${values.length}`,
      where: { tensor: port.name },
    });
  }
  const convert = toInt8(graph, port, values);
  const out = new Int8Array(order.length);
  order.forEach((irIndex, i) => {
    out[irIndex] = convert(Number(values[i]));
  });
  return out;
}

/** What the model itself takes or yields for IR values: its type, its layout. float32 is scale * (q - zp), rounded to float32. */
export function fromIr(
  graph: Graph,
  port: Port,
  values: Values,
): Float32Array | Int8Array | Uint8Array | Int32Array | BigInt64Array {
  const tensor = tensorOf(graph, port.tensor);
  const order = irOrder(port, tensor.shape);
  const at = (i: number): number => values[order[i] ?? 0] ?? 0;
  const indices = order.keys();
  switch (port.dtype) {
    case "float32": {
      const quant = tensor.quant;
      if (quant === undefined) return Float32Array.from(indices, at);
      const scale = scaleOf(quant);
      return Float32Array.from(indices, (i) => Math.fround(scale * (at(i) - quant.zeroPoint)));
    }
    case "int8":
      return Int8Array.from(indices, at);
    case "uint8":
      return Uint8Array.from(indices, (i) => at(i) + 128);
    case "int32":
      return Int32Array.from(indices, at);
    case "int64":
      return BigInt64Array.from(indices, (i) => BigInt(at(i)));
  }
}

/**
 * Model values as IR values for a comparison in LSB; float32 off the quantization grid goes to the nearest point without
 * clamping, so that a large error stays visible.
 */
export function toIrUnclamped(graph: Graph, port: Port, values: NpyData): Int32Array {
  const tensor = tensorOf(graph, port.tensor);
  const order = irOrder(port, tensor.shape);
  const quant = tensor.quant;
  const scale = port.dtype === "float32" && quant !== undefined ? scaleOf(quant) : 1;
  const shift = port.dtype === "uint8" ? -128 : port.dtype === "float32" ? (quant?.zeroPoint ?? 0) : 0;
  const out = new Int32Array(order.length);
  order.forEach((irIndex, i) => {
    out[irIndex] = Math.round(Number(values[i] ?? 0) / scale) + shift;
  });
  return out;
}

/** `order[i]` is the IR index of the i-th value in the model's layout. */
function irOrder(port: Port, irShape: readonly number[]): readonly number[] {
  const irStrides = stridesOf(irShape);
  const strides = port.perm.map((axis) => irStrides[axis] ?? 1);
  let order: number[] = [0];
  port.shape.forEach((dim, axis) => {
    const stride = strides[axis] ?? 1;
    order = order.flatMap((base) => Array.from({ length: dim }, (_, i) => base + i * stride));
  });
  return order;
}

function toInt8(graph: Graph, port: Port, values: NpyData): (value: number) => number {
  if (values instanceof Float32Array) {
    const quant = tensorOf(graph, port.tensor).quant;
    if (quant === undefined) {
      return fail({
        code: "LWC6103",
        kind: "error",
        message: `input "${port.name}" is not quantized: give it as integers`,
      });
    }
    const scale = scaleOf(quant);
    const zeroPoint = quant.zeroPoint;
    return (value) =>
      roundHalfEven(Math.min(127 - zeroPoint, Math.max(-128 - zeroPoint, Math.fround(value / scale)))) + zeroPoint;
  }
  if (values instanceof Uint8Array) return (value) => value - 128;
  return (value) => value;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
