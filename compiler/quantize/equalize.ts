/**
 * Equalization across layers (Nagel et al. 2019, "Data-free quantization through weight equalization", section 4): where one
 * layer feeds one other, each channel between them may be divided by a factor in the first and multiplied by it in the second.
 * Channels of like range then share one scale with less loss. The function of the model stays: only positive factors, and only
 * through activations that commute with them (none, Relu, LeakyRelu; not Clip at 6, nor a sigmoid).
 */
import { must } from "../diagnostics.js";
import type { OnnxNode, OnnxTensor } from "../frontend/onnx/onnx-model.js";
import { floatConstant, type Links, linksOf, type PreparedModel, soleConsumer } from "./float-graph.js";
import type { RangeStatistics } from "./observe.js";
import { layoutOf } from "./quantize-product.js";

/** Largest factor, and the inverse of the smallest: beyond it a channel is all but dead. */
const mostFactor = 64;
/** A spread of factors below it changes nothing that matters. */
const leastSpread = 1.2;

/** The model with balanced channels; the same object where no pair of layers can be balanced. */
export function equalize(
  model: PreparedModel,
  statistics: ReadonlyMap<string, Pick<RangeStatistics, "peaks">>,
): PreparedModel {
  const links = linksOf(model);
  const initializers = new Map(model.initializers);
  const replaced = new Map<OnnxNode, OnnxNode>();
  const current = (node: OnnxNode): OnnxNode => replaced.get(node) ?? node;
  for (const first of model.nodes) {
    const pair = pairFrom(first, model, links);
    const peaks = pair && statistics.get(pair.between)?.peaks;
    if (!pair || !peaks) continue;
    const factors = factorsOf(current(pair.second), initializers, peaks);
    if (Math.max(...factors) / Math.min(...factors) < leastSpread) continue;
    replaced.set(first, divideOutputs(current(first), factors, initializers));
    replaced.set(pair.second, multiplyInputs(current(pair.second), factors, initializers));
  }
  return replaced.size === 0 ? model : { ...model, nodes: model.nodes.map(current), initializers };
}

interface Pair {
  /** The value that the second layer reads. */
  readonly between: string;
  readonly second: OnnxNode;
}

function pairFrom(first: OnnxNode, model: PreparedModel, links: Links): Pair | undefined {
  if (!isLayer(first, model)) return undefined;
  let between = first.outputs[0] ?? "";
  let reader = soleConsumer(links, between);
  if (reader && (reader.opType === "Relu" || reader.opType === "LeakyRelu")) {
    between = reader.outputs[0] ?? "";
    reader = soleConsumer(links, between);
  }
  const isSecond = reader && isLayer(reader, model) && reader.inputs[0] === between;
  return reader && isSecond ? { between, second: reader } : undefined;
}

/** Conv and Gemm with weights of their own, outputs along axis 0. */
function isLayer(node: OnnxNode, model: PreparedModel): boolean {
  const isKnown = node.opType === "Conv" || (node.opType === "Gemm" && node.attributes.get("transB") === 1);
  return isKnown && node.inputs.slice(1).every((name) => name === "" || model.initializers.has(name));
}

/** Factor of each channel: its share of the largest peak; halved in the logarithm where the next weights must carry the other half. */
function factorsOf(
  second: OnnxNode,
  initializers: ReadonlyMap<string, OnnxTensor>,
  peaks: Float64Array,
): readonly number[] {
  const weights = must(initializers.get(second.inputs[1] ?? ""), "weights");
  const layout = layoutOf(second, weights);
  const rows = new Float64Array(layout.channels);
  weights.data.forEach((w, i) => {
    const o = layout.channelOf(i);
    rows[o] = Math.max(must(rows[o], "row"), Math.abs(w));
  });
  // Of each weight that reads the channel: its share of the largest in its row, which sets the scale.
  const shares = new Float64Array(peaks.length);
  weights.data.forEach((w, i) => {
    const [c, row] = [layout.inputOf(i), must(rows[layout.channelOf(i)], "row")];
    if (row > 0) shares[c] = Math.max(must(shares[c], "share"), Math.abs(w) / row);
  });
  const isDepthwise = weights.dims[1] === 1;
  const largest = Math.max(...peaks);
  return Array.from(peaks, (peak, c) => {
    const share = must(shares[c], "share");
    if (!(peak > 0) || share === 0) return 1;
    const factor = isDepthwise ? peak / largest : Math.sqrt(peak / largest / share);
    return Math.fround(Math.max(1 / mostFactor, Math.min(mostFactor, factor)));
  });
}

function divideOutputs(node: OnnxNode, factors: readonly number[], initializers: Map<string, OnnxTensor>): OnnxNode {
  const [input = "", weightName = "", biasName = ""] = node.inputs;
  const weights = must(initializers.get(weightName), weightName);
  const layout = layoutOf(node, weights);
  const scaled = Float32Array.from(weights.data, (w, i) => w / must(factors[layout.channelOf(i)], "factor"));
  const inputs = [input, define(`${node.outputs[0]}_divided_weights`, weights.dims, scaled, initializers)];
  const bias = initializers.get(biasName);
  if (bias) {
    const divided = Float32Array.from(bias.data, (b, o) => b / must(factors[o], "factor"));
    inputs.push(define(`${node.outputs[0]}_divided_bias`, bias.dims, divided, initializers));
  }
  return { ...node, inputs };
}

function multiplyInputs(node: OnnxNode, factors: readonly number[], initializers: Map<string, OnnxTensor>): OnnxNode {
  const [input = "", weightName = "", ...rest] = node.inputs;
  const weights = must(initializers.get(weightName), weightName);
  const layout = layoutOf(node, weights);
  const scaled = Float32Array.from(weights.data, (w, i) => w * must(factors[layout.inputOf(i)], "factor"));
  const name = define(`${node.outputs[0]}_multiplied_weights`, weights.dims, scaled, initializers);
  return { ...node, inputs: [input, name, ...rest] };
}

function define(
  name: string,
  dims: readonly number[],
  data: Float32Array,
  initializers: Map<string, OnnxTensor>,
): string {
  initializers.set(name, floatConstant(name, dims, data));
  return name;
}
