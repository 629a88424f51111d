/** Element types of ONNX tensors by their number in TensorProto.DataType; onnx-proto has no names past BFLOAT16. */
const names: readonly string[] = [
  "UNDEFINED",
  "FLOAT",
  "UINT8",
  "INT8",
  "UINT16",
  "INT16",
  "INT32",
  "INT64",
  "STRING",
  "BOOL",
  "FLOAT16",
  "DOUBLE",
  "UINT32",
  "UINT64",
  "COMPLEX64",
  "COMPLEX128",
  "BFLOAT16",
  "FLOAT8E4M3FN",
  "FLOAT8E4M3FNUZ",
  "FLOAT8E5M2",
  "FLOAT8E5M2FNUZ",
  "UINT4",
  "INT4",
  "FLOAT4E2M1",
  "FLOAT8E8M0",
  "UINT2",
  "INT2",
];

/** Types that lwc reads. */
export type OnnxDType = "float32" | "uint8" | "int8" | "int32" | "int64" | "bool" | "float64";

const supported: ReadonlyMap<number, OnnxDType> = new Map([
  [1, "float32"],
  [2, "uint8"],
  [3, "int8"],
  [6, "int32"],
  [7, "int64"],
  [9, "bool"],
  [11, "float64"],
]);

export function dtypeName(code: number): string {
  return names[code] ?? `type ${code}`;
}

export function dtypeOf(code: number): OnnxDType | undefined {
  return supported.get(code);
}

/** Number of a type in TensorProto.DataType. */
export function dtypeCode(dtype: OnnxDType): number {
  return names.indexOf(typeNames[dtype]);
}

const typeNames: Readonly<Record<OnnxDType, string>> = {
  float32: "FLOAT",
  uint8: "UINT8",
  int8: "INT8",
  int32: "INT32",
  int64: "INT64",
  bool: "BOOL",
  float64: "DOUBLE",
};

export const bytesPerElement: Readonly<Record<OnnxDType, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  int32: 4,
  int64: 8,
  bool: 1,
  float64: 8,
};
