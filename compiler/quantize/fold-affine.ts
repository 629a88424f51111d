/**
 * Batch normalization, and sums and products with constants: y = factor * x + offset per channel. Behind a layer with constant
 * weights they fold into those (Jacob et al. 2018, section 3.2); elsewhere they become a depthwise 1x1 convolution, whose
 * per-channel int8 weights are exact.
 */
import { must } from "../diagnostics.js";
import type { OnnxNode, OnnxTensor } from "../frontend/onnx/onnx-model.js";
import type { Shape } from "../ir/shape.js";
import { elementCount } from "../ir/shape.js";
import { floatConstant, linksOf, makeNode, type PreparedModel, soleConsumer } from "./float-graph.js";

interface Affine {
  /** The activation that it reads. */
  readonly input: string;
  /** Per channel (axis 1), or one for all. */
  readonly factor: readonly number[];
  readonly offset: readonly number[];
  /** True where no other operator computes it: batch normalization, and a constant per channel. */
  readonly mustGo: boolean;
}

export function foldAffine(model: PreparedModel): PreparedModel {
  const links = linksOf(model);
  const initializers = new Map(model.initializers);
  /** Layers by the value that they compute now. */
  const layers = new Map<string, OnnxNode>();
  const nodes: OnnxNode[] = [];
  const replace = (old: OnnxNode, next: OnnxNode): void => {
    nodes[nodes.indexOf(old)] = next;
    layers.delete(old.outputs[0] ?? "");
    layers.set(next.outputs[0] ?? "", next);
  };
  for (const node of model.nodes) {
    const affine = affineOf(node, model);
    const output = node.outputs[0] ?? "";
    const layer = affine && soleConsumer(links, affine.input) === node ? layers.get(affine.input) : undefined;
    if (affine && layer) replace(layer, scaleLayer(layer, affine, output, initializers));
    else if (affine?.mustGo && model.shapes.get(affine.input)?.length === 4) {
      const channels = must(model.shapes.get(affine.input)?.[1], "channels");
      const depthwise = asDepthwise(node, affine, channels, initializers);
      nodes.push(depthwise);
      layers.set(output, depthwise);
    } else {
      nodes.push(node);
      if (isLayer(node, initializers)) layers.set(output, node);
    }
  }
  return { ...model, nodes, initializers };
}

/** Layers whose output channels have weights of their own. */
function isLayer(node: OnnxNode, initializers: ReadonlyMap<string, OnnxTensor>): boolean {
  const isKnown = convolutions.has(node.opType) || (node.opType === "Gemm" && node.attributes.get("transB") === 1);
  const bias = node.inputs[2] ?? "";
  return isKnown && initializers.has(node.inputs[1] ?? "") && (bias === "" || initializers.has(bias));
}

const convolutions: ReadonlySet<string> = new Set(["Conv", "ConvTranspose"]);

/** How many output channels a layer has, and which of them element i of its weights belongs to. */
function outputsOf(
  { opType, attributes }: OnnxNode,
  { dims, data }: OnnxTensor,
): { readonly count: number; readonly of: (i: number) => number } {
  const [first = 1, second = 1] = dims;
  const inner = data.length / first;
  if (opType !== "ConvTranspose") return { count: first, of: (i) => Math.floor(i / inner) };
  // [in][out / groups][kernel]
  const groups = Number(attributes.get("group") ?? 1);
  const area = inner / second;
  const groupOf = (i: number): number => Math.floor(i / inner / (first / groups));
  return { count: second * groups, of: (i) => groupOf(i) * second + (Math.floor(i / area) % second) };
}

function affineOf(node: OnnxNode, model: PreparedModel): Affine | undefined {
  if (node.domain !== "") return undefined;
  if (node.opType === "BatchNormalization") return ofBatchNormalization(node, model);
  if (!["Add", "Sub", "Mul", "Div"].includes(node.opType) || node.inputs.length !== 2) return undefined;
  const [a = "", b = ""] = node.inputs;
  const isSecond = model.initializers.has(b);
  const input = isSecond ? a : b;
  const constant = perChannel(model.initializers.get(isSecond ? b : a), model.shapes.get(input));
  if (!constant) return undefined;
  const base = { input, mustGo: constant.length > 1 };
  switch (node.opType) {
    case "Add":
      return { ...base, factor: [1], offset: constant };
    case "Sub":
      return isSecond
        ? { ...base, factor: [1], offset: constant.map((c) => -c) }
        : { ...base, factor: [-1], offset: constant };
    case "Mul":
      return { ...base, factor: constant, offset: [0] };
    default:
      return isSecond ? { ...base, factor: constant.map((c) => 1 / c), offset: [0] } : undefined;
  }
}

function ofBatchNormalization(node: OnnxNode, model: PreparedModel): Affine | undefined {
  const [scale, shift, mean, variance] = node.inputs.slice(1).map((name) => model.initializers.get(name));
  if (!scale || !shift || !mean || !variance) return undefined;
  const epsilon = Number(node.attributes.get("epsilon") ?? 1e-5);
  const factor = Array.from(scale.data, (s, c) => s / Math.sqrt(must(variance.data[c], "variance") + epsilon));
  const offset = factor.map((f, c) => must(shift.data[c], "shift") - f * must(mean.data[c], "mean"));
  return { input: node.inputs[0] ?? "", factor, offset, mustGo: true };
}

/** A constant that broadcasts along axis 1 alone, or one number. */
function perChannel(constant: OnnxTensor | undefined, shape: Shape | undefined): readonly number[] | undefined {
  if (constant?.dtype !== "float32" || !shape || constant.dims.length > shape.length) return undefined;
  const count = elementCount(constant.dims);
  const lead = shape.length - constant.dims.length;
  const fits = constant.dims.every((dim, i) => dim === 1 || (i + lead === 1 && dim === shape[1]));
  return fits && count > 0 ? Array.from(constant.data) : undefined;
}

function at(list: readonly number[], channel: number): number {
  return must(list[list.length === 1 ? 0 : channel], "value per channel");
}

function scaleLayer(
  layer: OnnxNode,
  { factor, offset }: Affine,
  output: string,
  initializers: Map<string, OnnxTensor>,
): OnnxNode {
  const [input = "", weightName = "", biasName = ""] = layer.inputs;
  const weights = must(initializers.get(weightName), weightName);
  const bias = initializers.get(biasName);
  const outputs = outputsOf(layer, weights);
  const scaled = Float32Array.from(weights.data, (w, i) => w * at(factor, outputs.of(i)));
  const shifted = Float32Array.from(
    { length: outputs.count },
    (_, o) => (bias?.data[o] ?? 0) * at(factor, o) + at(offset, o),
  );
  const names = [`${output}_folded_weights`, `${output}_folded_bias`] as const;
  initializers.set(names[0], floatConstant(names[0], weights.dims, scaled));
  initializers.set(names[1], floatConstant(names[1], [outputs.count], shifted));
  return { ...layer, inputs: [input, ...names], outputs: [output] };
}

function asDepthwise(
  node: OnnxNode,
  { input, factor, offset }: Affine,
  channels: number,
  initializers: Map<string, OnnxTensor>,
): OnnxNode {
  const output = node.outputs[0] ?? "";
  const names = [`${output}_factors`, `${output}_offsets`] as const;
  const spread = (list: readonly number[]): Float32Array =>
    Float32Array.from({ length: channels }, (_, c) => at(list, c));
  initializers.set(names[0], floatConstant(names[0], [channels, 1, 1, 1], spread(factor)));
  initializers.set(names[1], floatConstant(names[1], [channels], spread(offset)));
  return makeNode(node.name, "Conv", [input, ...names], [output], { group: channels, kernel_shape: [1, 1] });
}
