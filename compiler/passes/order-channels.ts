/**
 * Channel shuffles, splits and joins become orders of weights.
 *
 * Between layers with weights the order of channels in memory is free: whoever writes a tensor can write its channels in any
 * order if everybody who reads it reads them in that order. So where a tensor is a selection of channels of others, it takes
 * the order in which they lie there, and its readers' weights (and, through operators that work channel by channel, their
 * outputs' readers') are permuted instead of the data. What is left to move after that is one copy per tensor that a layer
 * reads, straight from the layers that made the channels: a `concat`, a `slice`, a `take` or a `channel_select`.
 */
import { must } from "../diagnostics.js";
import { consumersOf, type Graph, type Node, type Tensor, type TensorId, tensorOf } from "../ir/graph.js";
import { channelCount } from "../ir/shape.js";
import { opOf } from "../ops/index.js";
import { viewOf } from "../ops/op.js";
import { type ChannelOrders, chooseOrders } from "./channel-orders.js";
import { dropUnusedTensors } from "./drop-unused-tensors.js";
import { emitSelection } from "./emit-selection.js";
import type { Pass } from "./pass.js";
import { replaceConstants } from "./replace-constants.js";

export const orderChannels: Pass = {
  name: "order-channels",
  why: "a shuffle of channels costs nothing where the weights on one side of it can be in its order",
  run(graph) {
    const orders = chooseOrders(graph);
    if (orders.selected.size === 0) return { graph, notes: [] };
    const notes: string[] = [];
    const tensors = new Map(graph.tensors);
    const consumers = consumersOf(graph);
    const renamed = new Map<TensorId, TensorId>();
    const nodes = graph.nodes.flatMap((node): readonly Node[] => {
      const selection = orders.selected.get(node.output);
      if (selection) {
        const emitted = emitSelection(graph, node, selection);
        if (emitted.note !== undefined) notes.push(emitted.note);
        if (emitted.alias !== undefined) renamed.set(node.output, renamed.get(emitted.alias) ?? emitted.alias);
        return emitted.node ? [withInputs(emitted.node, renamed)] : [];
      }
      // Selections that only other selections read have no tensor of their own any more.
      if (orders.isSkipped(node)) return [];
      return [withInputs(permuteWeights(graph, consumers, tensors, node, orders, notes), renamed)];
    });
    const outputs = graph.outputs.map((port) => ({ ...port, tensor: renamed.get(port.tensor) ?? port.tensor }));
    return { graph: dropUnusedTensors({ ...graph, tensors, nodes, outputs }), notes };
  },
};

function withInputs(node: Node, renamed: ReadonlyMap<TensorId, TensorId>): Node {
  return node.inputs.some((id) => renamed.has(id))
    ? { ...node, inputs: node.inputs.map((id) => renamed.get(id) ?? id) }
    : node;
}

/** The node with its constants in the order in which its input and output lie in memory. */
function permuteWeights(
  graph: Graph,
  consumers: ReadonlyMap<TensorId, readonly Node[]>,
  tensors: Map<TensorId, Tensor>,
  node: Node,
  orders: ChannelOrders,
  notes: string[],
): Node {
  const pruning = opOf(node).pruning;
  const source = must(node.inputs[0], `input of %${node.id}`);
  const [inputs, outputs] = [orders.of(source), orders.of(node.output)];
  if (!pruning || (inputs === undefined && outputs === undefined)) return node;
  const all = (id: TensorId): readonly number[] =>
    Array.from({ length: channelCount(tensorOf(graph, id).shape) }, (_, c) => c);
  const view = viewOf(graph, node);
  const keep = { inputs: inputs ?? all(source), outputs: outputs ?? all(node.output) };
  const constants = pruning.prune(view, keep, new Map());
  if (constants.length > 0) notes.push(`%${node.id}: weights in the order of its channels`);
  return { ...replaceConstants(graph, consumers, tensors, node, constants), attrs: pruning.attrs(view, keep) };
}
