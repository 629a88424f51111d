/**
 * A Pad over height and width in front of a window becomes the window's own padding, where its value is what that stands for:
 * the zero point for a convolution, which adds nothing, the least of all values for a max pool; an average pool that counts
 * padding takes zero points, where it had no padding of its own.
 */
import { must } from "../diagnostics.js";
import { type Graph, type Node, producersOf, type Tensor, tensorOf } from "../ir/graph.js";
import { avgPool2d } from "../ops/avg_pool2d.js";
import { conv2d } from "../ops/conv2d.js";
import { maxPool2d } from "../ops/max_pool2d.js";
import { type PadAttrs, pad } from "../ops/pad.js";
import { dropUnusedTensors } from "./drop-unused-tensors.js";
import { joinOrigins } from "./join-origins.js";
import type { Pass } from "./pass.js";

export const foldPads: Pass = {
  name: "fold-pads",
  why: "padding inside a window costs no memory and no copy",
  run(graph) {
    const producers = producersOf(graph);
    const notes: string[] = [];
    const fold = (node: Node): Node => {
      const source = node.inputs[0];
      const producer = source === undefined ? undefined : producers.get(source);
      if (!producer || !pad.is(producer) || !isSpatial(graph, producer)) return node;
      const { before, after } = producer.attrs;
      const amounts = [before[1], before[2], after[1], after[2]].map((amount) => must(amount, "pad amount"));
      const attrs = padWindow(node, producer.attrs, amounts, tensorOf(graph, must(producer.inputs[0], "pad input")));
      if (!attrs) return node;
      notes.push(`%${producer.id} became padding of %${node.id}`);
      return {
        ...node,
        inputs: [must(producer.inputs[0], "pad input"), ...node.inputs.slice(1)],
        attrs,
        origin: joinOrigins([producer, node]),
      };
    };
    // A window may stand behind several pads.
    let nodes: readonly Node[] = graph.nodes;
    for (let before = -1; before < notes.length; ) {
      before = notes.length;
      nodes = nodes.map(fold);
    }
    return notes.length === 0 ? { graph, notes } : { graph: dropUnusedTensors({ ...graph, nodes }), notes };
  },
};

/** Pads height and width only. */
function isSpatial(graph: Graph, node: Node<PadAttrs>): boolean {
  const { before, after } = node.attrs;
  const outer = [before[0], before[3], after[0], after[3]];
  return tensorOf(graph, node.output).shape.length === 4 && outer.every((amount) => amount === 0);
}

/** The attributes of a window with the border as its own padding; undefined where that is another result. */
function padWindow(
  node: Node,
  { value }: PadAttrs,
  amounts: readonly number[],
  source: Tensor,
): Node["attrs"] | undefined {
  const isZero = value === source.quant?.zeroPoint;
  const add = (own: readonly number[]): readonly number[] => own.map((n, i) => n + must(amounts[i], "pad amount"));
  if (conv2d.is(node)) return isZero ? { ...node.attrs, pads: add(node.attrs.pads) } : undefined;
  if (maxPool2d.is(node)) {
    const { kernel, dilations, pads } = node.attrs;
    const reach = kernel.map((size, i) => (size - 1) * must(dilations[i], "dilation") + 1);
    return value === -128 && fits(reach, add(pads)) ? { ...node.attrs, pads: add(pads) } : undefined;
  }
  if (avgPool2d.is(node)) {
    const { kernel, pads, countIncludePad } = node.attrs;
    // Windows that run over the end of the input count what is inside: only whole ones count alike.
    const isWhole = pads.every((own) => own === 0) && coversExactly(node.attrs, source, amounts);
    if (!isZero || !isWhole || !fits(kernel, amounts)) return undefined;
    return { ...node.attrs, pads: amounts, countIncludePad: countIncludePad || amounts.some((amount) => amount > 0) };
  }
  return undefined;
}

/** Every window of a pool holds some of the input. */
function fits(reach: readonly number[], pads: readonly number[]): boolean {
  return pads.every((amount, i) => amount < must(reach[i % 2], "reach"));
}

/** True where no window of an average pool leaves the padded input. */
function coversExactly(
  { kernel, strides }: { readonly kernel: readonly number[]; readonly strides: readonly number[] },
  source: Tensor,
  amounts: readonly number[],
): boolean {
  return [0, 1].every((axis) => {
    const size = must(source.shape[axis + 1], "dim") + must(amounts[axis], "pad") + must(amounts[axis + 2], "pad");
    const [reach, stride] = [must(kernel[axis], "kernel"), must(strides[axis], "stride")];
    const outputs = Math.floor((size - reach) / stride) + 1;
    return size >= reach && (outputs - 1) * stride + reach <= size;
  });
}
