/**
 * Order of execution: least peak memory, not file order. Compares the file's own order with a greedy one that always runs
 * the node after which the fewest bytes are alive, and keeps the better.
 */
import { must } from "../diagnostics.js";
import { consumersOf, type Graph, type Node, type TensorId, tensorBytes, tensorOf } from "../ir/graph.js";

export interface Order {
  readonly nodes: readonly Node[];
  readonly why: string;
}

export function orderNodes(graph: Graph): Order {
  const file = graph.nodes;
  const greedy = greedyOrder(graph);
  const filePeak = peakOf(graph, file);
  const greedyPeak = peakOf(graph, greedy);
  if (greedyPeak < filePeak) {
    return {
      nodes: greedy,
      why: `reordered: ${greedyPeak} bytes alive at the peak instead of ${filePeak} in file order`,
    };
  }
  return { nodes: file, why: `file order: ${filePeak} bytes alive at the peak` };
}

function bytesOf(graph: Graph, id: TensorId): number {
  const tensor = tensorOf(graph, id);
  return tensor.data ? 0 : tensorBytes(tensor);
}

function peakOf(graph: Graph, nodes: readonly Node[]): number {
  const uses = countUses(graph);
  let alive = 0;
  let peak = 0;
  for (const node of nodes) {
    alive += bytesOf(graph, node.output);
    peak = Math.max(peak, alive);
    alive -= freedBy(graph, node, uses);
    for (const input of node.inputs) uses.set(input, (uses.get(input) ?? 0) - 1);
  }
  return peak;
}

/** Number of reads left for each tensor; what the caller holds (inputs and outputs) is never freed. */
function countUses(graph: Graph): Map<TensorId, number> {
  const uses = new Map<TensorId, number>();
  for (const [id, consumers] of consumersOf(graph)) uses.set(id, consumers.length);
  for (const port of [...graph.inputs, ...graph.outputs]) uses.set(port.tensor, Number.POSITIVE_INFINITY);
  return uses;
}

function freedBy(graph: Graph, node: Node, uses: ReadonlyMap<TensorId, number>): number {
  let freed = 0;
  for (const input of new Set(node.inputs)) {
    const reads = node.inputs.filter((id) => id === input).length;
    if ((uses.get(input) ?? 0) - reads === 0) freed += bytesOf(graph, input);
  }
  return freed;
}

function greedyOrder(graph: Graph): readonly Node[] {
  const uses = countUses(graph);
  const made = new Set<TensorId>(graph.inputs.map((port) => port.tensor));
  const isReady = (node: Node): boolean =>
    node.inputs.every((id) => made.has(id) || tensorOf(graph, id).data !== undefined);
  const pending = [...graph.nodes];
  const order: Node[] = [];
  while (pending.length > 0) {
    let best = -1;
    let bestGrowth = Number.POSITIVE_INFINITY;
    for (let i = 0; i < pending.length; i++) {
      const node = must(pending[i], "pending node");
      if (!isReady(node)) continue;
      const growth = bytesOf(graph, node.output) - freedBy(graph, node, uses);
      if (growth < bestGrowth) {
        best = i;
        bestGrowth = growth;
      }
    }
    const node = must(pending[best], "a node whose inputs are ready");
    pending.splice(best, 1);
    order.push(node);
    made.add(node.output);
    for (const input of node.inputs) uses.set(input, (uses.get(input) ?? 0) - 1);
  }
  return order;
}
