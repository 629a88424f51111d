/** Sum of several values as a chain of Add; constants among the terms of a Mean as what they add to the mean of the others. */
import type { OnnxNode, OnnxTensor } from "../frontend/onnx/onnx-model.js";
import { floatConstant, makeNode, type PreparedModel } from "./float-graph.js";

export function expandSums(model: PreparedModel): PreparedModel {
  const initializers = new Map(model.initializers);
  const nodes = model.nodes.flatMap((node): readonly OnnxNode[] => {
    if (node.domain !== "") return [node];
    if (node.opType === "Sum") return expandSum(node);
    return node.opType === "Mean" ? expandMean(node, initializers) : [node];
  });
  return { ...model, nodes, initializers };
}

function expandSum(node: OnnxNode): readonly OnnxNode[] {
  const [first = "", ...rest] = node.inputs;
  const output = node.outputs[0] ?? "";
  if (rest.length === 0) return [makeNode(node.name, "Identity", [first], [output])];
  let sum = first;
  return rest.map((term, i) => {
    const isLast = i === rest.length - 1;
    const name = isLast ? output : `${output}_partial_${i}`;
    const add = makeNode(isLast ? node.name : `${node.name}_${i}`, "Add", [sum, term], [name]);
    sum = name;
    return add;
  });
}

/** The mean of k activations and n - k constants: their own mean times k / n, and each constant divided by n. */
function expandMean(node: OnnxNode, initializers: Map<string, OnnxTensor>): readonly OnnxNode[] {
  const constants = node.inputs.flatMap((name) => initializers.get(name) ?? []);
  const activations = node.inputs.filter((name) => !initializers.has(name));
  if (constants.length === 0 || activations.length === 0) return [node];
  const total = node.inputs.length;
  const output = node.outputs[0] ?? "";
  const constant = (part: string, dims: readonly number[], data: Float32Array): string => {
    const name = `${output}_${part}`;
    initializers.set(name, floatConstant(name, dims, data));
    return name;
  };
  const share = constant("share", [], Float32Array.of(activations.length / total));
  const terms = constants.map(({ dims, data }, i) =>
    constant(
      `term_${i}`,
      dims,
      Float32Array.from(data, (value) => value / total),
    ),
  );
  const [first = ""] = activations;
  const own = activations.length === 1 ? first : `${output}_own_mean`;
  const mean = activations.length === 1 ? [] : [makeNode(`${node.name}_mean`, "Mean", activations, [own])];
  const scaled = `${output}_scaled`;
  const sum = makeNode(node.name, "Sum", [scaled, ...terms], [output]);
  return [...mean, makeNode(`${node.name}_share`, "Mul", [own, share], [scaled]), ...expandSum(sum)];
}
