/** Writes ONNX models in tests: nodes and constants by name, and the QDQ idioms of the exporters. */
import proto from "onnx-proto";

type Attribute = number | readonly number[] | string | { readonly float: number };

export interface NodeSpec {
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

const { TensorProto, AttributeProto } = proto.onnx;

const codes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;
export type ElementType = keyof typeof codes;

export class OnnxBuilder {
  private readonly nodes: proto.onnx.INodeProto[] = [];
  private readonly initializers: proto.onnx.ITensorProto[] = [];
  private readonly inputs: proto.onnx.IValueInfoProto[] = [];
  private readonly outputs: proto.onnx.IValueInfoProto[] = [];
  private count = 0;

  constructor(private readonly opset = 13) {}

  input(name: string, dtype: ElementType, dims: readonly (number | string)[]): string {
    this.inputs.push(valueInfo(name, dtype, dims));
    return name;
  }

  output(name: string, dtype: ElementType, dims: readonly (number | string)[] = []): this {
    this.outputs.push(valueInfo(name, dtype, dims));
    return this;
  }

  constant(dtype: ElementType, dims: readonly number[], values: ArrayLike<number>, name = this.fresh("c")): string {
    const bytes = encode(dtype, values);
    this.initializers.push(TensorProto.create({ name, dataType: codes[dtype], dims: [...dims], rawData: bytes }));
    return name;
  }

  /** A constant whose bytes lie in another file. */
  external(dtype: ElementType, dims: readonly number[], entries: Readonly<Record<string, string>>): string {
    const name = this.fresh("c");
    const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
    this.initializers.push(
      TensorProto.create({ name, dataType: codes[dtype], dims: [...dims], dataLocation: 1, externalData }),
    );
    return name;
  }

  /** A constant that declares dimensions and brings no data. */
  declare(dtype: ElementType, dims: readonly number[]): void {
    this.initializers.push(TensorProto.create({ name: this.fresh("c"), dataType: codes[dtype], dims: [...dims] }));
  }

  /** Adds a node with one output and returns the output's name. */
  node(opType: string, inputs: readonly string[], spec: NodeSpec = {}): string {
    const output = this.fresh(opType);
    this.add(opType, inputs, [output], spec);
    return output;
  }

  add(opType: string, inputs: readonly string[], outputs: readonly string[], spec: NodeSpec = {}): void {
    const attribute = Object.entries(spec.attributes ?? {}).map(([name, value]) => attributeOf(name, value));
    this.nodes.push({
      name: spec.name ?? outputs[0] ?? "",
      opType,
      domain: spec.domain ?? "",
      input: [...inputs],
      output: [...outputs],
      attribute,
    });
  }

  /** QuantizeLinear then DequantizeLinear. */
  qdq(value: string, scale: number, zero: number, dtype: "int8" | "uint8" = "int8"): string {
    return this.dequantize(this.quantize(value, scale, zero, dtype), scale, zero, dtype);
  }

  quantize(value: string, scale: number, zero: number, dtype: "int8" | "uint8" = "int8"): string {
    return this.node("QuantizeLinear", [
      value,
      this.constant("float32", [], [scale]),
      this.constant(dtype, [], [zero]),
    ]);
  }

  dequantize(value: string, scale: number, zero: number, dtype: "int8" | "uint8" = "int8"): string {
    return this.node("DequantizeLinear", [
      value,
      this.constant("float32", [], [scale]),
      this.constant(dtype, [], [zero]),
    ]);
  }

  /** DequantizeLinear of constant weights, one scale or one per slice along `axis`. */
  weights(
    dims: readonly number[],
    values: ArrayLike<number>,
    scales: readonly number[],
    axis = 0,
    dtype: "int8" | "uint8" = "int8",
    zero = 0,
  ): string {
    const perChannel = scales.length > 1;
    const shape = perChannel ? [scales.length] : [];
    const inputs = [
      this.constant(dtype, dims, values),
      this.constant("float32", shape, scales),
      this.constant(
        dtype,
        shape,
        scales.map(() => zero),
      ),
    ];
    return this.node("DequantizeLinear", inputs, perChannel ? { attributes: { axis } } : {});
  }

  bias(values: ArrayLike<number>, scales: readonly number[]): string {
    const perChannel = scales.length > 1;
    const inputs = [
      this.constant("int32", [values.length], values),
      this.constant("float32", perChannel ? [scales.length] : [], scales),
    ];
    return this.node("DequantizeLinear", inputs, perChannel ? { attributes: { axis: 0 } } : {});
  }

  build(): Uint8Array {
    const opsetImport = [
      { domain: "", version: this.opset },
      { domain: "com.microsoft", version: 1 },
    ];
    const graph = {
      name: "test",
      node: this.nodes,
      initializer: this.initializers,
      input: this.inputs,
      output: this.outputs,
    };
    return proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport, graph }).finish();
  }

  private fresh(stem: string): string {
    return `${stem}_${this.count++}`;
  }
}

/** A model changed in ways that the builder does not offer. */
export function editModel(bytes: Uint8Array, change: (graph: proto.onnx.IGraphProto) => void): Uint8Array {
  const model = proto.onnx.ModelProto.decode(bytes);
  change(model.graph!);
  return proto.onnx.ModelProto.encode(model).finish();
}

function valueInfo(name: string, dtype: ElementType, dims: readonly (number | string)[]): proto.onnx.IValueInfoProto {
  const dim = dims.map((d) => (typeof d === "number" ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: codes[dtype], ...(dims.length > 0 ? { shape: { dim } } : {}) } } };
}

function attributeOf(name: string, value: Attribute): proto.onnx.IAttributeProto {
  const { AttributeType } = AttributeProto;
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if (typeof value === "number") return { name, type: AttributeType.INT, i: value };
  if ("float" in value) return { name, type: AttributeType.FLOAT, f: value.float };
  return { name, type: AttributeType.INTS, ints: [...value] };
}

function encode(dtype: ElementType, values: ArrayLike<number>): Uint8Array {
  if (dtype === "float32" && values instanceof Float32Array) {
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
  const list = Array.from(values);
  switch (dtype) {
    case "float32":
      return new Uint8Array(Float32Array.from(list).buffer);
    case "uint8":
      return Uint8Array.from(list);
    case "int8":
      return new Uint8Array(Int8Array.from(list).buffer);
    case "int32":
      return new Uint8Array(Int32Array.from(list).buffer);
    case "int64":
      return new Uint8Array(BigInt64Array.from(list, BigInt).buffer);
  }
}
