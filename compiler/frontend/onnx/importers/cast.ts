/** Cast: free where the numbers stay what they are, a conversion where they are constants, else said to be missing. */
import { type Context, type Importer, malformed, numberAttribute, unsupported } from "../context.js";
import { dtypeName, dtypeOf, type OnnxDType } from "../dtypes.js";
import type { OnnxTensor } from "../onnx-model.js";
import type { Value } from "../values.js";

export const importCast: Importer = (context) => {
  const value = context.input(0) ?? malformed(context, "LWC1101", "input 0 is missing");
  numberAttribute(context, "saturate", 1);
  const code = numberAttribute(context, "to", 0);
  const to = dtypeOf(code);
  return [(to && cast(context, value, to)) ?? refuse(context, dtypeName(code))];
};

function cast(context: Context, value: Value, to: OnnxDType): Value | undefined {
  switch (value.kind) {
    case "constant":
      return { kind: "constant", tensor: convert(value.tensor, to) };
    case "index":
      return to === "int32" || to === "int64" ? { ...value, dtype: to } : undefined;
    case "poolIndices":
      return to === "int32" || to === "int64" ? value : undefined;
    case "tensor":
      return to === (value.real ? "float32" : context.assembler.quantOf(value).storage) ? value : undefined;
    case "weights":
    case "unary":
    case "pending":
    case "floatInput":
      return to === "float32" ? value : undefined;
  }
}

function refuse(context: Context, to: string): never {
  return unsupported(
    context,
    "LWC1164",
    `it casts to ${to}`,
    "lwc casts constants and indices; quantize instead, or leave the cast to the code around the network",
  );
}

/** Floats to integers truncate. */
function convert(tensor: OnnxTensor, to: OnnxDType): OnnxTensor {
  const integers = (): number[] => Array.from(tensor.data, Math.trunc);
  switch (to) {
    case "float32":
      return { ...tensor, dtype: to, data: Float32Array.from(tensor.data) };
    case "float64":
      return { ...tensor, dtype: to, data: Float64Array.from(tensor.data) };
    case "int64":
      return { ...tensor, dtype: to, data: Float64Array.from(integers()) };
    case "int32":
      return { ...tensor, dtype: to, data: Int32Array.from(integers()) };
    case "int8":
      return { ...tensor, dtype: to, data: Int8Array.from(integers()) };
    case "uint8":
      return { ...tensor, dtype: to, data: Uint8Array.from(integers()) };
    case "bool":
      return { ...tensor, dtype: to, data: Uint8Array.from(tensor.data, (x) => (x === 0 ? 0 : 1)) };
  }
}
