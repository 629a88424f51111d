/**
 * Gives every graph output a buffer of its own: a tensor that is two outputs, or an input handed through, gets a copy (a
 * reshape to its own shape, which the schedule turns into a copy where both ends are the caller's buffers).
 */
import {
  type Graph,
  makeNodeId,
  makeTensorId,
  type Node,
  type Port,
  type Tensor,
  type TensorId,
  tensorOf,
} from "../ir/graph.js";
import { reshape } from "../ops/reshape.js";
import type { Pass } from "./pass.js";

export const separateOutputs: Pass = {
  name: "separate-outputs",
  why: "the caller passes one buffer per output, so no two outputs may be the same tensor",
  run(graph) {
    const taken = new Set<TensorId>(graph.inputs.map((port) => port.tensor));
    const tensors = new Map(graph.tensors);
    const nodes: Node[] = [...graph.nodes];
    const notes: string[] = [];
    const outputs = graph.outputs.map((port, i): Port => {
      if (!taken.has(port.tensor)) {
        taken.add(port.tensor);
        return port;
      }
      const copy = copyOf(graph, port, i);
      tensors.set(copy.tensor.id, copy.tensor);
      nodes.push(copy.node);
      notes.push(`output ${i} copies %${port.tensor}`);
      return { ...port, tensor: copy.tensor.id };
    });
    return notes.length === 0 ? { graph, notes } : { graph: { ...graph, tensors, nodes, outputs }, notes };
  },
};

function copyOf(graph: Graph, port: Port, index: number): { tensor: Tensor; node: Node } {
  const source = tensorOf(graph, port.tensor);
  const id = makeTensorId(`${port.tensor}_output${index}`);
  const node: Node = {
    id: makeNodeId(id),
    kind: reshape.kind,
    inputs: [source.id],
    output: id,
    attrs: { shape: source.shape },
    origin: { nodes: [], label: "copy to output" },
  };
  return { tensor: { ...source, id }, node };
}
