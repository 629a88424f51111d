/**
 * A chain of reshapes and transposes that only reorders channels becomes a `take` along the channels: Reshape, Transpose,
 * Reshape is how exporters spell a channel shuffle. Tables in between move behind it: they treat every element alike.
 */
import { must } from "../diagnostics.js";
import { freshTensorId } from "../ir/fresh-id.js";
import {
  consumersOf,
  type Graph,
  makeNodeId,
  type Node,
  producersOf,
  type Tensor,
  type TensorId,
  tensorOf,
} from "../ir/graph.js";
import { channelCount, elementCount, type Shape, sameShape } from "../ir/shape.js";
import { gatherMap } from "../ops/gather.js";
import { lookup } from "../ops/lookup.js";
import { reshape } from "../ops/reshape.js";
import { take } from "../ops/take.js";
import { transpose } from "../ops/transpose.js";
import { dropUnusedTensors } from "./drop-unused-tensors.js";
import { joinOrigins } from "./join-origins.js";
import type { Pass } from "./pass.js";

export const recognizeShuffles: Pass = {
  name: "recognize-shuffles",
  why: "Reshape, Transpose, Reshape is a channel shuffle: an order of channels, which weights can take over",
  run(graph) {
    const notes: string[] = [];
    let current = graph;
    for (let found = findShuffle(current); found; found = findShuffle(current)) {
      const { chain, order } = found;
      const last = must(chain.at(-1), "end of the chain");
      notes.push(`${chain.map((node) => `%${node.id}`).join(", ")}: an order of ${order.length} channels`);
      current = rewrite(current, chain, last, order);
    }
    return { graph: current, notes };
  },
};

interface Shuffle {
  /** From the first node to the last. */
  readonly chain: readonly Node[];
  /** Input channel of each output channel. */
  readonly order: readonly number[];
}

function findShuffle(graph: Graph): Shuffle | undefined {
  const producers = producersOf(graph);
  const consumers = consumersOf(graph);
  const ends = new Set(graph.outputs.map((port) => port.tensor));
  const isMovement = (node: Node | undefined): node is Node =>
    node !== undefined && (reshape.is(node) || transpose.is(node) || lookup.is(node));
  for (const last of graph.nodes) {
    if (!reshape.is(last) && !transpose.is(last)) continue;
    let chain: readonly Node[] = [last];
    let longest: Shuffle | undefined;
    for (;;) {
      const first = must(chain[0], "start of the chain");
      if (!lookup.is(first)) {
        const order = channelOrder(graph, chain);
        if (order) longest = { chain, order };
      }
      const source = must(first.inputs[0], "input");
      const before = producers.get(source);
      if (!isMovement(before) || consumers.get(source)?.length !== 1 || ends.has(source)) break;
      chain = [before, ...chain];
    }
    if (longest) return longest;
  }
  return undefined;
}

/** Input channel of each output channel, where the chain holds a transpose and all that it does is to reorder channels. */
function channelOrder(graph: Graph, chain: readonly Node[]): readonly number[] | undefined {
  if (!chain.some((node) => transpose.is(node))) return undefined;
  const shapeOf = (id: TensorId | undefined): Shape => tensorOf(graph, must(id, "tensor")).shape;
  const input = shapeOf(chain[0]?.inputs[0]);
  const output = shapeOf(chain.at(-1)?.output);
  const channels = channelCount(output);
  if (channels !== channelCount(input) || channels === 1) return undefined;
  let map = Int32Array.from({ length: elementCount(output) }, (_, i) => i);
  for (const node of chain.slice().reverse()) {
    if (!transpose.is(node)) continue;
    const from = shapeOf(node.inputs[0]);
    const axes = from.map((_, axis) => ({ from: node.attrs.perm.indexOf(axis), start: 0, step: 1 }));
    const moved = gatherMap(from, shapeOf(node.output), axes);
    map = map.map((at) => must(moved[at], "element"));
  }
  const order = Array.from(map.subarray(0, channels));
  if (order.some((channel) => channel >= channels)) return undefined;
  return map.every((at, i) => at === i - (i % channels) + must(order[i % channels], "channel")) ? order : undefined;
}

function rewrite(graph: Graph, chain: readonly Node[], last: Node, indices: readonly number[]): Graph {
  const tensors = new Map(graph.tensors);
  const nodes: Node[] = [];
  const origin = joinOrigins(chain);
  const target = tensorOf(graph, last.output);
  const add = (node: Pick<Node, "kind" | "attrs" | "inputs">, like: Tensor, shape: Shape, isLast: boolean): Tensor => {
    const id = isLast ? target.id : freshTensorId(tensors, `${target.id}_shuffled`);
    const output: Tensor = isLast ? target : { ...like, id, shape };
    tensors.set(id, output);
    nodes.push({ ...node, id: isLast ? last.id : makeNodeId(id), output: id, origin });
    return output;
  };

  const tables = chain.filter((node) => lookup.is(node));
  let value = tensorOf(graph, must(chain[0]?.inputs[0], "input"));
  const isShaped = sameShape(value.shape, target.shape);
  const shape = value.shape;
  const attrs = { axis: shape.length - 1, indices };
  value = add({ kind: take.kind, attrs, inputs: [value.id] }, value, shape, tables.length === 0 && isShaped);
  tables.forEach((node, i) => {
    const like = tensorOf(graph, node.output);
    const inputs = [value.id, ...node.inputs.slice(1)];
    value = add({ kind: node.kind, attrs: node.attrs, inputs }, like, shape, i === tables.length - 1 && isShaped);
  });
  if (!isShaped)
    add({ kind: reshape.kind, attrs: { shape: target.shape }, inputs: [value.id] }, target, target.shape, true);
  const rewritten = graph.nodes.flatMap((node) => (node === last ? nodes : chain.includes(node) ? [] : [node]));
  return dropUnusedTensors({ ...graph, tensors, nodes: rewritten });
}
