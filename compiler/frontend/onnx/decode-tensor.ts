/** Constants of an ONNX file as typed arrays, whichever of the four ways the file stored them. */
import { fail } from "../../diagnostics.js";
import { elementCount, type Shape } from "../../ir/shape.js";
import { bytesPerElement, dtypeName, dtypeOf, type OnnxDType } from "./dtypes.js";
import type { TensorProto } from "./proto.js";

export interface OnnxTensor {
  readonly name: string;
  readonly dtype: OnnxDType;
  readonly dims: Shape;
  /** int64 as doubles: exact up to 2^53, which shapes and indices never leave. */
  readonly data: Float32Array | Float64Array | Int8Array | Uint8Array | Int32Array;
}

/** Reads external data that the model refers to by a relative path. */
export type ReadExternal = (location: string) => Uint8Array;

const maxRank = 8;

export function decodeTensor(proto: TensorProto, readExternal: ReadExternal | undefined): OnnxTensor {
  const name = proto.name ?? "";
  const code = proto.dataType ?? 0;
  const dtype = dtypeOf(code);
  const where = { tensor: name };
  if (!dtype) {
    return fail({
      code: "LWC1020",
      kind: "unsupported",
      message: `tensor "${name}" has element type ${dtypeName(code)}`,
      where,
      hint: "lwc reads float32, int8, uint8, int32 and int64 constants: quantize to 8 bits",
    });
  }
  const dims = (proto.dims ?? []).map(Number);
  if (dims.length > maxRank) {
    return fail({
      code: "LWC1021",
      kind: "unsupported",
      message: `tensor "${name}" has ${dims.length} dimensions, lwc reads up to ${maxRank}`,
      where,
    });
  }
  if (dims.some((dim) => !Number.isSafeInteger(dim) || dim < 0)) {
    return fail({
      code: "LWC1022",
      kind: "error",
      message: `tensor "${name}" has dimensions [${dims.join(",")}]: expected integers of at least 0`,
      where,
      hint: "the file is damaged",
    });
  }
  const count = elementCount(dims);
  const data = readValues(proto, dtype, readExternal, name);
  if (data.length !== count) {
    return fail({
      code: "LWC1023",
      kind: "error",
      message: `tensor "${name}" declares [${dims.join(",")}] = ${count} elements, found data for ${data.length}`,
      where,
      hint: "the file is damaged or truncated",
    });
  }
  return { name, dtype, dims, data };
}

function readValues(
  proto: TensorProto,
  dtype: OnnxDType,
  readExternal: ReadExternal | undefined,
  name: string,
): OnnxTensor["data"] {
  if (Number(proto.dataLocation ?? 0) === 1) return fromBytes(externalBytes(proto, readExternal, name), dtype, name);
  if (proto.rawData && proto.rawData.length > 0) return fromBytes(proto.rawData, dtype, name);
  switch (dtype) {
    case "float32":
      return Float32Array.from(proto.floatData ?? []);
    case "float64":
      return Float64Array.from(proto.doubleData ?? []);
    case "int64":
      return Float64Array.from(proto.int64Data ?? [], Number);
    case "int32":
      return Int32Array.from(proto.int32Data ?? []);
    case "int8":
      return Int8Array.from(proto.int32Data ?? []);
    case "uint8":
    case "bool":
      return Uint8Array.from(proto.int32Data ?? []);
  }
}

/** Little-endian bytes, at any alignment. */
function fromBytes(bytes: Uint8Array, dtype: OnnxDType, name: string): OnnxTensor["data"] {
  const size = bytesPerElement[dtype];
  if (bytes.length % size !== 0) {
    return fail({
      code: "LWC1024",
      kind: "error",
      message: `tensor "${name}": ${bytes.length} bytes are no whole number of ${dtype} values`,
      where: { tensor: name },
      hint: "the file is damaged or truncated",
    });
  }
  // A copy of its own: Buffer.slice would share memory at any alignment.
  const copy = new Uint8Array(bytes);
  switch (dtype) {
    case "float32":
      return new Float32Array(copy.buffer);
    case "float64":
      return new Float64Array(copy.buffer);
    case "int32":
      return new Int32Array(copy.buffer);
    case "int64":
      return Float64Array.from(new BigInt64Array(copy.buffer), Number);
    case "int8":
      return new Int8Array(copy.buffer);
    case "uint8":
    case "bool":
      return copy;
  }
}

function externalBytes(proto: TensorProto, readExternal: ReadExternal | undefined, name: string): Uint8Array {
  const entries = new Map((proto.externalData ?? []).map((entry) => [entry.key ?? "", entry.value ?? ""]));
  const location = entries.get("location") ?? "";
  const where = { tensor: name };
  if (!readExternal || location === "") {
    return fail({
      code: "LWC1025",
      kind: "error",
      message: `tensor "${name}" lies in external file "${location}", which cannot be read here`,
      where,
      hint: "keep the data file beside the model",
    });
  }
  const file = readExternal(location);
  const offset = Number(entries.get("offset") ?? 0);
  const length = Number(entries.get("length") ?? file.length - offset);
  if (!(offset >= 0 && length >= 0 && offset + length <= file.length)) {
    return fail({
      code: "LWC1026",
      kind: "error",
      message: `tensor "${name}": bytes ${offset} to ${offset + length} of "${location}", which has ${file.length}`,
      where,
      hint: "the data file does not belong to this model",
    });
  }
  return file.subarray(offset, offset + length);
}
