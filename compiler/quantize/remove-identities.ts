/** Removes what hands its input through: Identity, Dropout outside of training. */
import type { OnnxModel, OnnxNode } from "../frontend/onnx/onnx-model.js";
import { makeNode } from "./float-graph.js";

export function removeIdentities(model: OnnxModel): OnnxModel {
  const source = new Map<string, string>();
  const resolve = (name: string): string => source.get(name) ?? name;
  const outputs = new Set(model.outputs.map((info) => info.name));
  const nodes: OnnxNode[] = [];
  for (const node of model.nodes) {
    const inputs = node.inputs.map(resolve);
    const [input = "", output = ""] = [inputs[0], node.outputs[0]];
    if (!isIdentity(node)) nodes.push({ ...node, inputs });
    else if (outputs.has(output)) nodes.push(makeNode(node.name, "Identity", [input], [output]));
    else source.set(output, input);
  }
  return { ...model, nodes };
}

function isIdentity(node: OnnxNode): boolean {
  return node.domain === "" && (node.opType === "Identity" || node.opType === "Dropout");
}
