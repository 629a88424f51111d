/** Removes what hands its input through: Identity, Dropout outside of training, Cast of a float to float32. */
import type { OnnxModel, OnnxNode } from "../frontend/onnx/onnx-model.js";
import { makeNode } from "./float-graph.js";

export function removeIdentities(model: OnnxModel): OnnxModel {
  const source = new Map<string, string>();
  const resolve = (name: string): string => source.get(name) ?? name;
  const outputs = new Set(model.outputs.map((info) => info.name));
  const integers = integerValues(model);
  const nodes: OnnxNode[] = [];
  for (const node of model.nodes) {
    const inputs = node.inputs.map(resolve);
    const [input = "", output = ""] = [inputs[0], node.outputs[0]];
    if (!isIdentity(node, integers)) nodes.push({ ...node, inputs });
    else if (outputs.has(output)) nodes.push(makeNode(node.name, "Identity", [input], [output]));
    else source.set(output, input);
  }
  return { ...model, nodes };
}

/** FLOAT of onnx.TensorProto. */
const float32Code = 1;

function isIdentity(node: OnnxNode, integers: ReadonlySet<string>): boolean {
  if (node.domain !== "") return false;
  if (node.opType === "Cast") return node.attributes.get("to") === float32Code && !integers.has(node.inputs[0] ?? "");
  return node.opType === "Identity" || node.opType === "Dropout";
}

/** Operators whose results are integers or truth values, and those that hand such on. */
const integerOperators = /^(ArgM|Shape$|Size$|NonZero$|Equal$|Greater|Less|Not$|And$|Or$|ConstantOfShape$|Range$)/;

/** What depends on integers may be one: shapes and what is computed from them, indices, constants. */
function integerValues(model: OnnxModel): ReadonlySet<string> {
  const constants = [...model.initializers.values()].filter(({ dtype }) => dtype !== "float32");
  const integers = new Set(constants.map(({ name }) => name));
  for (const node of model.nodes) {
    const [first = ""] = node.inputs;
    if (integerOperators.test(node.opType) || integers.has(first) || node.opType === "Constant")
      for (const name of node.outputs) integers.add(name);
  }
  return integers;
}
