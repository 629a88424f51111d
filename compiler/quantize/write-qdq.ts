/**
 * A prepared float model, a plan and parameters, as a model in QDQ form: QuantizeLinear and DequantizeLinear behind every planned
 * value, DequantizeLinear behind int8 weights and int32 biases.
 */
import { must } from "../diagnostics.js";
import type { OnnxModel, OnnxNode, OnnxTensor } from "../frontend/onnx/onnx-model.js";
import { dropUnused, makeNode, type PreparedModel } from "./float-graph.js";
import { classOf } from "./operators.js";
import type { ActivationParameters } from "./parameters.js";
import type { QuantPlan } from "./plan.js";
import { type QuantizedProduct, quantizeProduct } from "./quantize-product.js";

export interface QdqModel {
  readonly model: OnnxModel;
  /** The int8 value of each planned one, by the name in the float model. */
  readonly quantized: ReadonlyMap<string, string>;
  /** Layers by the name of their weights. */
  readonly products: ReadonlyMap<string, QuantizedProduct>;
}

/** Means of the input channels of a layer, by the value that it reads; none: without bias correction. */
export type InputMeans = ReadonlyMap<string, ArrayLike<number>>;

export function writeQdq(
  prepared: PreparedModel,
  plan: QuantPlan,
  parameters: ReadonlyMap<string, ActivationParameters>,
  means: InputMeans,
): QdqModel {
  const writer = new Writer(prepared, plan, parameters);
  for (const { name } of prepared.inputs) if (plan.owners.has(name)) writer.quantizeValue(name, name);
  for (const node of prepared.nodes) writer.addNode(node, means);
  const model = dropUnused({ ...prepared, nodes: writer.nodes, initializers: writer.initializers });
  return { model, quantized: writer.quantized, products: writer.products };
}

/** Grows the model node by node. */
class Writer {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: Map<string, OnnxTensor>;
  readonly quantized = new Map<string, string>();
  readonly products = new Map<string, QuantizedProduct>();
  private readonly dequantized = new Map<string, string>();
  private readonly names: Set<string>;
  private readonly parameterNames = new Map<string, readonly [scale: string, zeroPoint: string]>();
  private readonly outputs: ReadonlySet<string>;

  constructor(
    prepared: PreparedModel,
    private readonly plan: QuantPlan,
    private readonly parameters: ReadonlyMap<string, ActivationParameters>,
  ) {
    this.initializers = new Map(prepared.initializers);
    this.names = new Set([
      ...prepared.initializers.keys(),
      ...prepared.inputs.map((info) => info.name),
      ...prepared.nodes.flatMap((node) => node.outputs),
    ]);
    this.outputs = new Set(prepared.outputs.map((info) => info.name));
  }

  addNode(node: OnnxNode, means: InputMeans): void {
    const inputs = node.inputs.map((name) => this.dequantized.get(name) ?? name);
    const isProduct = node.domain === "" && classOf(node.opType) === "product";
    const outputs = node.outputs.map((name) =>
      this.plan.owners.has(name) && this.outputs.has(name) ? this.fresh(`${name}_float`) : name,
    );
    this.nodes.push({ ...node, inputs: isProduct ? this.addProduct(node, inputs, means) : inputs, outputs });
    node.outputs.forEach((name, i) => {
      if (this.plan.owners.has(name)) this.quantizeValue(name, outputs[i] ?? name);
    });
  }

  /** Behind the value `name`, which the node calls `source`. A graph output has a DequantizeLinear of its own. */
  quantizeValue(name: string, source: string): void {
    const owner = must(this.plan.owners.get(name), name);
    const { scale, zeroPoint } = must(this.parameters.get(owner), owner);
    const [scaleName, zeroName] = this.parameterNames.get(owner) ?? [
      this.constant(this.fresh(`${owner}_scale`), "float32", [], Float32Array.of(scale)),
      this.constant(this.fresh(`${owner}_zero_point`), "int8", [], Int8Array.of(zeroPoint)),
    ];
    this.parameterNames.set(owner, [scaleName, zeroName]);
    const quantized = this.fresh(`${name}_quantized`);
    const dequantized = this.fresh(`${name}_dequantized`);
    this.nodes.push(
      makeNode(this.fresh(`${name}_QuantizeLinear`), "QuantizeLinear", [source, scaleName, zeroName], [quantized]),
    );
    this.dequantize(`${name}_DequantizeLinear`, quantized, scaleName, zeroName, dequantized);
    if (this.outputs.has(name) && source !== name)
      this.dequantize(`${name}_Output`, quantized, scaleName, zeroName, name);
    this.quantized.set(name, quantized);
    this.dequantized.set(name, dequantized);
  }

  private dequantize(name: string, from: string, scale: string, zero: string, to: string): void {
    this.nodes.push(makeNode(this.fresh(name), "DequantizeLinear", [from, scale, zero], [to]));
  }

  /** Weights and bias of a layer; its inputs now. */
  private addProduct(node: OnnxNode, inputs: readonly string[], means: InputMeans): readonly string[] {
    const [source = "", weightName = "", biasName = ""] = node.inputs;
    const weights = must(this.initializers.get(weightName), weightName);
    const owner = must(this.plan.owners.get(source), source);
    const inputScale = must(this.parameters.get(owner), owner).scale;
    const inputMeans = means.get(source);
    const bias = this.initializers.get(biasName);
    const product = quantizeProduct(node, { weights, bias, inputScale, ...(inputMeans ? { inputMeans } : {}) });
    this.products.set(node.outputs[0] ?? "", product);
    const stem = this.names.has(`${weightName}_quantized`) ? `${node.outputs[0]}_weights` : weightName;
    const channels = product.scales.length;
    const data = this.constant(this.fresh(`${stem}_quantized`), "int8", weights.dims, product.weights);
    const scale = this.constant(this.fresh(`${stem}_scale`), "float32", [channels], product.scales);
    const zero = this.constant(this.fresh(`${stem}_zero_point`), "int8", [channels], new Int8Array(channels));
    const real = this.perChannel(stem, [data, scale, zero], product.axis);
    if (!product.bias) return [inputs[0] ?? "", real];
    const biasStem = `${node.outputs[0]}_bias`;
    const outputs = product.bias.length;
    const biasData = this.constant(this.fresh(`${biasStem}_quantized`), "int32", [outputs], product.bias);
    const biasScale = this.constant(this.fresh(`${biasStem}_scale`), "float32", [outputs], product.biasScales);
    const biasZero = this.constant(this.fresh(`${biasStem}_zero_point`), "int32", [outputs], new Int32Array(outputs));
    return [inputs[0] ?? "", real, this.perChannel(biasStem, [biasData, biasScale, biasZero], 0)];
  }

  private perChannel(stem: string, inputs: readonly string[], axis: number): string {
    const output = this.fresh(`${stem}_dequantized`);
    this.nodes.push(makeNode(this.fresh(`${stem}_DequantizeLinear`), "DequantizeLinear", inputs, [output], { axis }));
    return output;
  }

  private constant(
    name: string,
    dtype: OnnxTensor["dtype"],
    dims: readonly number[],
    data: OnnxTensor["data"],
  ): string {
    this.initializers.set(name, { name, dtype, dims, data });
    return name;
  }

  private fresh(wish: string): string {
    let name = wish;
    for (let i = 1; this.names.has(name); i++) name = `${wish}_${i}`;
    this.names.add(name);
    return name;
  }
}
