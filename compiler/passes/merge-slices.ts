/** A slice of a slice is one slice: exporters cut height and width in turn. */
import { must } from "../diagnostics.js";
import { type Graph, type Node, producersOf, type TensorId, tensorOf } from "../ir/graph.js";
import { type SliceAttrs, slice } from "../ops/slice.js";
import { dropUnusedTensors } from "./drop-unused-tensors.js";
import { joinOrigins } from "./join-origins.js";
import type { Pass } from "./pass.js";

export const mergeSlices: Pass = {
  name: "merge-slices",
  why: "what the first of two slices copies, the second leaves out in part",
  run(graph) {
    const notes: string[] = [];
    // In order, so that the one in front of a slice is merged already.
    const producers = new Map<TensorId, Node>(producersOf(graph));
    const nodes = graph.nodes.map((node): Node => {
      const merged = slice.is(node) ? merge(graph, producers, node) : undefined;
      if (!merged) return node;
      notes.push(`%${node.id} cuts from %${merged.inputs[0]} itself`);
      producers.set(node.output, merged);
      return merged;
    });
    return notes.length === 0 ? { graph, notes } : { graph: dropUnusedTensors({ ...graph, nodes }), notes };
  },
};

function merge(
  graph: Graph,
  producers: ReadonlyMap<TensorId, Node>,
  node: Node<SliceAttrs>,
): Node<SliceAttrs> | undefined {
  const before = producers.get(must(node.inputs[0], "input"));
  if (!before || !slice.is(before)) return undefined;
  const at = (list: readonly number[], axis: number): number => must(list[axis], "axis");
  const { shape } = tensorOf(graph, node.output);
  const [outer, inner] = [before.attrs, node.attrs];
  const starts = shape.map((_, axis) => at(outer.starts, axis) + at(outer.steps, axis) * at(inner.starts, axis));
  const steps = shape.map((_, axis) => at(outer.steps, axis) * at(inner.steps, axis));
  const ends = shape.map((count, axis) => at(starts, axis) + at(steps, axis) * count);
  return { ...node, inputs: before.inputs, attrs: { starts, ends, steps }, origin: joinOrigins([before, node]) };
}
