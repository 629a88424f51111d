/** Arithmetic and movement of constants of any rank: what exporters leave behind of shapes, grids and masks. */
import { elementCount, type Shape, stridesOf } from "../../../ir/shape.js";
import type { OnnxDType } from "../dtypes.js";
import type { OnnxTensor } from "../onnx-model.js";
import type { ConstantValue, WeightsValue } from "../values.js";

type Data = OnnxTensor["data"];

/** An array of the element type that holds a tensor type in memory: 64-bit integers are doubles. */
export function arrayOf(dtype: OnnxDType, length: number): Data {
  switch (dtype) {
    case "float32":
      return new Float32Array(length);
    case "int8":
      return new Int8Array(length);
    case "uint8":
    case "bool":
      return new Uint8Array(length);
    case "int32":
      return new Int32Array(length);
    case "int64":
    case "float64":
      return new Float64Array(length);
  }
}

export function constantOf(name: string, dtype: OnnxDType, dims: Shape, values: ArrayLike<number>): ConstantValue {
  const data = arrayOf(dtype, values.length);
  data.set(values);
  return { kind: "constant", tensor: { name, dtype, dims, data } };
}

/** The real numbers that a quantized constant stands for, in float32. */
export function dequantizeConstant({ tensor, scales, zeroPoints, axis }: WeightsValue): OnnxTensor {
  const inner = elementCount(tensor.dims.slice(axis + 1));
  const data = Float32Array.from(tensor.data, (q, i) => {
    const channel = scales.length === 1 ? 0 : Math.floor(i / inner) % scales.length;
    const zero = zeroPoints[zeroPoints.length === 1 ? 0 : channel] ?? 0;
    return Math.fround((scales[channel] ?? 1) * (q - zero));
  });
  return { ...tensor, dtype: "float32", data };
}

/** A tensor of these dims whose element at `position` is that of the source at offset + sum of step * position. */
export function strided(tensor: OnnxTensor, dims: Shape, steps: readonly number[], offset = 0): OnnxTensor {
  const data = arrayOf(tensor.dtype, elementCount(dims));
  const position = dims.map(() => 0);
  let from = offset;
  for (let i = 0; i < data.length; i++) {
    data[i] = tensor.data[from] ?? 0;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const [next, dim, step] = [(position[axis] ?? 0) + 1, dims[axis] ?? 1, steps[axis] ?? 0];
      from += step;
      position[axis] = next;
      if (next < dim) break;
      from -= step * dim;
      position[axis] = 0;
    }
  }
  return { ...tensor, dims, data };
}

/** Dims of the result of broadcasting; undefined where the shapes do not fit each other. */
export function broadcastDims(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const at = (shape: Shape, axis: number): number => shape[axis - rank + shape.length] ?? 1;
  const dims: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const [x, y] = [at(a, axis), at(b, axis)];
    if (x !== y && x !== 1 && y !== 1) return undefined;
    dims.push(x === 1 ? y : x);
  }
  return dims;
}

/** Repeats a tensor along its axes of length 1, and in front. */
export function expandConstant(tensor: OnnxTensor, dims: Shape): OnnxTensor {
  const steps = stridesOf(tensor.dims).map((stride, axis) => (tensor.dims[axis] === 1 ? 0 : stride));
  return strided(tensor, dims, [...new Array<number>(dims.length - tensor.dims.length).fill(0), ...steps]);
}

/** Element by element under broadcasting; undefined where the shapes do not fit each other. */
export function zipConstants(
  a: OnnxTensor,
  b: OnnxTensor,
  dtype: OnnxDType,
  apply: (a: number, b: number) => number,
): ConstantValue | undefined {
  const dims = broadcastDims(a.dims, b.dims);
  if (!dims) return undefined;
  const [left, right] = [expandConstant(a, dims).data, expandConstant(b, dims).data];
  const values = Array.from(left, (x, i) => apply(x, right[i] ?? 0));
  return constantOf("", dtype, dims, values);
}

/** result[.., i.., ..] = tensor[.., indices[i..], ..]: the dims of the indices take the place of the axis. Indices are not negative. */
export function gatherConstant(tensor: OnnxTensor, indices: OnnxTensor, axis: number): OnnxTensor {
  const dims = [...tensor.dims.slice(0, axis), ...indices.dims, ...tensor.dims.slice(axis + 1)];
  const data = arrayOf(tensor.dtype, elementCount(dims));
  const inner = elementCount(tensor.dims.slice(axis + 1));
  const length = tensor.dims[axis] ?? 1;
  const count = indices.data.length;
  for (let i = 0; i < data.length; i++) {
    const outer = Math.floor(i / (inner * count));
    const picked = indices.data[Math.floor(i / inner) % count] ?? 0;
    data[i] = tensor.data[(outer * length + picked) * inner + (i % inner)] ?? 0;
  }
  return { ...tensor, dims, data };
}

/** The part that starts at `starts` and takes `counts` elements in steps of `steps`. */
export function sliceConstant(
  tensor: OnnxTensor,
  starts: readonly number[],
  counts: Shape,
  steps: readonly number[],
): OnnxTensor {
  const strides = stridesOf(tensor.dims);
  const offset = strides.reduce((sum, stride, i) => sum + stride * (starts[i] ?? 0), 0);
  return strided(
    tensor,
    counts,
    strides.map((stride, i) => stride * (steps[i] ?? 1)),
    offset,
  );
}

/** Repeats the whole tensor along each axis: along pairs (times, axis), of which the first has step 0. */
export function tileConstant(tensor: OnnxTensor, repeats: readonly number[]): OnnxTensor {
  const strides = stridesOf(tensor.dims);
  const dims = tensor.dims.flatMap((dim, i) => [repeats[i] ?? 1, dim]);
  const steps = strides.flatMap((stride) => [0, stride]);
  const tiled = strided(tensor, dims, steps);
  return { ...tiled, dims: tensor.dims.map((dim, i) => dim * (repeats[i] ?? 1)) };
}

/** Joins tensors of one type and rank, which agree in every other axis. */
export function concatConstants(tensors: readonly OnnxTensor[], axis: number): OnnxTensor | undefined {
  const [first] = tensors;
  if (!first) return undefined;
  const fits = tensors.every(
    ({ dims, dtype }) =>
      dtype === first.dtype &&
      dims.length === first.dims.length &&
      dims.every((dim, i) => i === axis || dim === first.dims[i]),
  );
  if (!fits) return undefined;
  const total = tensors.reduce((sum, { dims }) => sum + (dims[axis] ?? 0), 0);
  const dims = first.dims.map((dim, i) => (i === axis ? total : dim));
  const data = arrayOf(first.dtype, elementCount(dims));
  const inner = elementCount(first.dims.slice(axis + 1));
  const outer = elementCount(first.dims.slice(0, axis));
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (const tensor of tensors) {
      const run = (tensor.dims[axis] ?? 0) * inner;
      data.set(tensor.data.subarray(o * run, (o + 1) * run), at);
      at += run;
    }
  }
  return { ...first, dims, data };
}
