/** A Pad of zero points over height and width in front of a convolution becomes the convolution's own padding. */
import { must } from "../diagnostics.js";
import { type Graph, type Node, producersOf, tensorOf } from "../ir/graph.js";
import { conv2d } from "../ops/conv2d.js";
import { pad } from "../ops/pad.js";
import { dropUnusedTensors } from "./drop-unused-tensors.js";
import type { Pass } from "./pass.js";

export const foldPads: Pass = {
  name: "fold-pads",
  why: "padding inside a convolution costs no memory and no copy",
  run(graph) {
    const producers = producersOf(graph);
    const notes: string[] = [];
    const nodes = graph.nodes.map((node): Node => {
      const source = node.inputs[0];
      const producer = source === undefined ? undefined : producers.get(source);
      if (!conv2d.is(node) || !producer || !pad.is(producer) || !isPlain(graph, producer)) return node;
      const { before, after } = producer.attrs;
      const pads = node.attrs.pads.map(
        (own, i) => own + must([before[1], before[2], after[1], after[2]][i], "pad amount"),
      );
      notes.push(`%${producer.id} became padding of %${node.id}`);
      const origin = {
        ...node.origin,
        nodes: [...producer.origin.nodes, ...node.origin.nodes],
        label: `${producer.origin.label} + ${node.origin.label}`,
      };
      return {
        ...node,
        inputs: [must(producer.inputs[0], "pad input"), ...node.inputs.slice(1)],
        attrs: { ...node.attrs, pads },
        origin,
      };
    });
    return notes.length === 0 ? { graph, notes } : { graph: dropUnusedTensors({ ...graph, nodes }), notes };
  },
};

/** Pads height and width only, and with the zero point, which adds nothing to an accumulator. */
function isPlain(graph: Graph, node: Node): boolean {
  if (!pad.is(node)) return false;
  const { before, after, value } = node.attrs;
  const outer = [before[0], before[3], after[0], after[3]];
  const source = tensorOf(graph, must(node.inputs[0], "pad input"));
  return source.shape.length === 4 && outer.every((amount) => amount === 0) && value === source.quant?.zeroPoint;
}
