/**
 * What is computed element by element from one tensor alone is a table: x * HardSigmoid(x), as exporters spell h-swish, with a
 * quantization between the two; x * Sigmoid(x); x + x. The table holds what the operators say for all 256 values, so it is
 * exact by construction. It takes the place of the arithmetic, and the tensor in between is never in memory.
 */
import type { Numerics } from "../arith/numerics.js";
import { must } from "../diagnostics.js";
import { freshTensorId } from "../ir/fresh-id.js";
import { type Graph, type Node, producersOf, type Tensor, type TensorId, tensorOf } from "../ir/graph.js";
import { sameShape } from "../ir/shape.js";
import { opOf } from "../ops/index.js";
import { lookup, tableOfLookup } from "../ops/lookup.js";
import { type NodeView, viewOf } from "../ops/op.js";
import { dropUnusedTensors } from "./drop-unused-tensors.js";
import { joinOrigins } from "./join-origins.js";
import type { Pass } from "./pass.js";

export const tabulateFunctions: Pass = {
  name: "tabulate-functions",
  why: "an element-wise operator whose operands are one tensor, or functions of it, is one table",
  run(graph, { numerics }) {
    const notes: string[] = [];
    let current = graph;
    for (const node of graph.nodes) {
      const base = baseOf(current, node);
      if (base === undefined) continue;
      notes.push(`%${node.id}: a function of %${base} alone`);
      current = tabulate(current, node, base, numerics);
    }
    return { graph: notes.length > 0 ? dropUnusedTensors(current) : graph, notes };
  },
};

/** The tensor that all operands are, or are tables of; the nearest one. */
function baseOf(graph: Graph, node: Node): TensorId | undefined {
  const view = viewOf(graph, node);
  const isFunction = (tensor: Tensor): boolean =>
    tensor.dtype === "int8" && tensor.data === undefined && sameShape(tensor.shape, view.output.shape);
  if (opOf(node).perElement !== true || lookup.is(node) || ![...view.inputs, view.output].every(isFunction))
    return undefined;
  const producers = producersOf(graph);
  const chains = node.inputs.map((id) => lookupChain(producers, id));
  return chains[0]?.find((id) => chains.every((chain) => chain.includes(id)));
}

/** A tensor, what it is a table of, what that is a table of, and so on. */
function lookupChain(producers: ReadonlyMap<TensorId, Node>, id: TensorId): readonly TensorId[] {
  const producer = producers.get(id);
  if (!producer || !lookup.is(producer)) return [id];
  return [id, ...lookupChain(producers, must(producer.inputs[0], "lookup input"))];
}

function tabulate(graph: Graph, node: Node, base: TensorId, numerics: Numerics): Graph {
  const values = Int8Array.from({ length: 256 }, (_, i) => i - 128);
  const producers = producersOf(graph);
  const origins: Node[] = [];
  const valuesOf = (id: TensorId): Int8Array => {
    if (id === base) return values;
    const producer = must(producers.get(id), "lookup");
    const table = tableOfLookup(viewOf(graph, producer));
    if (!origins.includes(producer)) origins.unshift(producer);
    return valuesOf(must(producer.inputs[0], "lookup input")).map((value) => must(table[value + 128], "table entry"));
  };
  const operands = node.inputs.map(valuesOf);
  const data = new Int8Array(256);
  opOf(node).reference(asRowOf256(viewOf(graph, node)), numerics)((input) => must(operands[input], "operand"), data, 0);
  const id = freshTensorId(graph.tensors, `${node.output}_table`);
  const table: Tensor = { ...tensorOf(graph, node.output), id, shape: [256], data };
  const all = [...origins, node];
  // Two tables in a row are two in the label.
  const origin = { ...joinOrigins(all), label: all.map((one) => one.origin.label).join(" + ") };
  const made: Node = { ...node, kind: lookup.kind, inputs: [base, id], attrs: {}, origin };
  const nodes = graph.nodes.map((one) => (one === node ? made : one));
  return { ...graph, nodes, tensors: new Map([...graph.tensors, [id, table]]) };
}

/** The view of a node as if every tensor of it were one row of 256 elements. */
function asRowOf256(view: NodeView): NodeView {
  const row = (tensor: Tensor): Tensor => ({ ...tensor, shape: [1, 1, 1, 256] });
  return { ...view, inputs: view.inputs.map(row), output: row(view.output) };
}
