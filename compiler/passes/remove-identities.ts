/** Removes nodes whose output is, byte for byte and in meaning, their input. */
import { must } from "../diagnostics.js";
import { type Graph, type TensorId, tensorOf } from "../ir/graph.js";
import { sameQuant } from "../ir/quant.js";
import { sameShape } from "../ir/shape.js";
import { opOf } from "../ops/index.js";
import { viewOf } from "../ops/op.js";
import { dropUnusedTensors } from "./drop-unused-tensors.js";
import type { Pass } from "./pass.js";

export const removeIdentities: Pass = {
  name: "remove-identities",
  why: "exporters leave nodes that do nothing once layouts and quantization are settled",
  run(graph) {
    const replaced = new Map<TensorId, TensorId>();
    const resolve = (id: TensorId): TensorId => replaced.get(id) ?? id;
    const graphInputs = new Set(graph.inputs.map((port) => port.tensor));
    const graphOutputs = new Set(graph.outputs.map((port) => port.tensor));
    const nodes = [];
    for (const node of graph.nodes) {
      const inputs = node.inputs.map(resolve);
      const source = must(inputs[0], `input of %${node.id}`);
      const endToEnd = graphOutputs.has(node.output) && (graphInputs.has(source) || graphOutputs.has(source));
      if (isIdentity(graph, node) && !endToEnd) replaced.set(node.output, source);
      else nodes.push(inputs.every((id, i) => id === node.inputs[i]) ? node : { ...node, inputs });
    }
    if (replaced.size === 0) return { graph, notes: [] };
    const outputs = graph.outputs.map((port) => ({ ...port, tensor: resolve(port.tensor) }));
    return {
      graph: dropUnusedTensors({ ...graph, nodes, outputs }),
      notes: [`${replaced.size} nodes removed: ${[...replaced.keys()].map((id) => `%${id}`).join(", ")}`],
    };
  },
};

function isIdentity(graph: Graph, node: Graph["nodes"][number]): boolean {
  const view = viewOf(graph, node);
  const op = opOf(node);
  const source = view.inputs[0];
  if (!source?.quant || !view.output.quant) return false;
  const same =
    sameShape(source.shape, view.output.shape) &&
    sameQuant(source.quant, tensorOf(graph, node.output).quant ?? source.quant);
  return same && (op.isView?.(view) === true || op.isIdentity?.(view) === true);
}
