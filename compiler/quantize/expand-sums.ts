/** Sum of several values as a chain of Add. */
import type { OnnxNode } from "../frontend/onnx/onnx-model.js";
import { makeNode, type PreparedModel } from "./float-graph.js";

export function expandSums(model: PreparedModel): PreparedModel {
  return { ...model, nodes: model.nodes.flatMap((node) => (node.opType === "Sum" ? expand(node) : [node])) };
}

function expand(node: OnnxNode): readonly OnnxNode[] {
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
