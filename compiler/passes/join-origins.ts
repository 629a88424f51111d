/** Where a node comes from that stands for several. */
import type { Node, Origin } from "../ir/graph.js";

/** One origin for nodes that became one. */
export function joinOrigins(nodes: readonly Node[]): Origin {
  const names = [...new Set(nodes.flatMap((node) => node.origin.nodes))];
  const labels = [...new Set(nodes.map((node) => node.origin.label))];
  const island = nodes.find((node) => node.origin.island !== undefined)?.origin.island;
  return { nodes: names, label: labels.join(" + "), ...(island === undefined ? {} : { island }) };
}
