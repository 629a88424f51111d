/** Two lookups in a row become one: a table of a table is a table. */
import { must } from "../diagnostics.js";
import { freshTensorId } from "../ir/fresh-id.js";
import { consumersOf, type Graph, type Node, producersOf, type Tensor, tensorOf } from "../ir/graph.js";
import { lookup, tableOfLookup } from "../ops/lookup.js";
import { viewOf } from "../ops/op.js";
import { dropUnusedTensors } from "./drop-unused-tensors.js";
import type { Pass } from "./pass.js";

export const mergeLookups: Pass = {
  name: "merge-lookups",
  why: "a chain of unary functions of one quantized tensor is one table",
  run(graph) {
    const notes: string[] = [];
    let current = graph;
    for (;;) {
      const pair = findPair(current);
      if (!pair) break;
      notes.push(`%${pair.first.id} and %${pair.second.id} share one table`);
      current = merge(current, pair.first, pair.second);
    }
    return { graph: current, notes };
  },
};

function findPair(graph: Graph): { first: Node; second: Node } | undefined {
  const producers = producersOf(graph);
  const consumers = consumersOf(graph);
  const outputs = new Set(graph.outputs.map((port) => port.tensor));
  for (const second of graph.nodes) {
    const source = second.inputs[0];
    if (!lookup.is(second) || source === undefined) continue;
    const first = producers.get(source);
    if (first && lookup.is(first) && consumers.get(source)?.length === 1 && !outputs.has(source))
      return { first, second };
  }
  return undefined;
}

function merge(graph: Graph, first: Node, second: Node): Graph {
  const inner = tableOfLookup(viewOf(graph, first));
  const outer = tableOfLookup(viewOf(graph, second));
  const data = inner.map((value) => must(outer[value + 128], "table entry"));
  const id = freshTensorId(graph.tensors, `${second.output}_table`);
  const table: Tensor = { ...tensorOf(graph, must(second.inputs[1], "table")), id, data };
  const merged: Node = {
    ...second,
    inputs: [must(first.inputs[0], "lookup input"), id],
    origin: {
      nodes: [...first.origin.nodes, ...second.origin.nodes],
      label: `${first.origin.label} + ${second.origin.label}`,
      ...((first.origin.island ?? second.origin.island)
        ? { island: first.origin.island ?? second.origin.island ?? "" }
        : {}),
    },
  };
  const nodes = graph.nodes.filter((node) => node !== first).map((node) => (node === second ? merged : node));
  return dropUnusedTensors({ ...graph, nodes, tensors: new Map([...graph.tensors, [id, table]]) });
}
