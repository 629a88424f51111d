/** OnnxModel to the bytes of an ONNX file. The same model gives the same bytes. */
import { dtypeCode, type OnnxDType } from "./dtypes.js";
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from "./onnx-model.js";
import { type AttributeProto, encodeModel, type NodeFields, type TensorProto, type ValueInfoProto } from "./proto.js";

/** Version of the file format that goes with an operator set: the first that knows it. */
function irVersion(opset: number): number {
  if (opset >= 21) return 10;
  return opset >= 19 ? 9 : 8;
}

export function writeOnnx(model: OnnxModel, producer: string): Uint8Array {
  return encodeModel({
    irVersion: irVersion(model.opsets.get("") ?? 0),
    producerName: producer,
    opsetImport: [...model.opsets].map(([domain, version]) => ({ domain, version })),
    graph: {
      name: model.name === "" ? "graph" : model.name,
      node: model.nodes.map(nodeProto),
      initializer: [...model.initializers].map(([name, tensor]) => tensorProto({ ...tensor, name })),
      input: model.inputs.map(valueInfoProto),
      output: model.outputs.map(valueInfoProto),
    },
  });
}

function nodeProto(node: OnnxNode): NodeFields {
  return {
    name: node.name,
    opType: node.opType,
    domain: node.domain,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: [...node.attributes].map(([name, value]) => attributeProto(name, value)),
  };
}

/** Attributes that the ONNX operators declare as float or floats; a number with another name is an integer. */
const floatAttributes: ReadonlySet<string> = new Set([
  "alpha",
  "beta",
  "bias",
  "clip",
  "cubic_coeff_a",
  "epsilon",
  "extrapolation_value",
  "gamma",
  "high",
  "lambd",
  "low",
  "max",
  "mean",
  "min",
  "momentum",
  "ratio",
  "scale",
  "scales",
  "seed",
  "spatial_scale",
  "threshold",
  "value_float",
  "value_floats",
]);

function attributeProto(name: string, value: OnnxAttribute): AttributeProto {
  const isFloat = floatAttributes.has(name);
  if (typeof value === "number") return isFloat ? { name, type: 1, f: value } : { name, type: 2, i: value };
  if (typeof value === "string") return { name, type: 3, s: new TextEncoder().encode(value) };
  if ("data" in value) return { name, type: 4, t: tensorProto(value) };
  const numbers: number[] = [];
  const texts: string[] = [];
  for (const item of value) {
    if (typeof item === "number") numbers.push(item);
    else texts.push(item);
  }
  if (texts.length > 0) return { name, type: 8, strings: texts.map((text) => new TextEncoder().encode(text)) };
  return isFloat ? { name, type: 6, floats: numbers } : { name, type: 7, ints: numbers };
}

function tensorProto(tensor: OnnxTensor): TensorProto {
  return {
    name: tensor.name,
    dataType: dtypeCode(tensor.dtype),
    dims: [...tensor.dims],
    rawData: littleEndian(tensor.dtype, tensor.data),
  };
}

function littleEndian(dtype: OnnxDType, data: OnnxTensor["data"]): Uint8Array {
  const typed = dtype === "int64" ? BigInt64Array.from(data, asInt64) : data;
  return new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
}

/** Largest int64: exporters write it as the end of a slice that goes to the end; as a double it is one too many. */
const largest = 2n ** 63n - 1n;

function asInt64(value: number): bigint {
  const exact = BigInt(value);
  return exact > largest ? largest : exact;
}

/** A value of unknown type is named only: whoever reads the file infers the rest. */
function valueInfoProto(info: OnnxValueInfo): ValueInfoProto {
  if (info.dtype === undefined) return { name: info.name };
  const elemType = dtypeCode(info.dtype);
  const dim = info.dims?.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size }));
  return { name: info.name, type: { tensorType: { elemType, ...(dim ? { shape: { dim } } : {}) } } };
}
