/** Drops nodes whose results nobody reads, and tensors that no node or port mentions. */
import type { Graph, Node, TensorId } from "../ir/graph.js";

export function dropUnusedTensors(graph: Graph): Graph {
  const used = new Set<TensorId>([...graph.inputs, ...graph.outputs].map((port) => port.tensor));
  const nodes: Node[] = [];
  for (const node of graph.nodes.slice().reverse()) {
    if (!used.has(node.output)) continue;
    nodes.unshift(node);
    for (const id of node.inputs) used.add(id);
  }
  return { ...graph, nodes, tensors: new Map([...graph.tensors].filter(([id]) => used.has(id))) };
}
