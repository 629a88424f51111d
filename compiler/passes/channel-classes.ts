/**
 * Channel classes: channels of different tensors that can only be removed together, because an element-wise or depthwise
 * operator ties channel c of its output to channel c of its inputs. Union-find with path halving over (tensor, channel).
 */
import { must } from "../diagnostics.js";
import { type Graph, type TensorId, tensorOf } from "../ir/graph.js";
import { channelCount } from "../ir/shape.js";
import { opOf } from "../ops/index.js";
import { activationInputs, viewOf } from "../ops/op.js";

export interface ChannelClasses {
  isNeeded(tensor: TensorId, channel: number): boolean;
  /** Marks the whole class; true when it was not needed before. */
  need(tensor: TensorId, channel: number): boolean;
}

/** Builds the classes; those that the graph's ends or a fixed operator pin are needed from the start. */
export function classifyChannels(graph: Graph): ChannelClasses {
  const first = new Map<TensorId, number>();
  let total = 0;
  for (const tensor of graph.tensors.values()) {
    if (tensor.data !== undefined) continue;
    first.set(tensor.id, total);
    total += channelCount(tensor.shape);
  }
  const parent = Int32Array.from({ length: total }, (_, i) => i);
  const needed = new Uint8Array(total);
  const find = (start: number): number => {
    let i = start;
    while (parent[i] !== i) {
      const up = parent[parent[i] ?? i] ?? i;
      parent[i] = up;
      i = up;
    }
    return i;
  };
  const indexOf = (id: TensorId, channel: number): number => must(first.get(id), `channels of %${id}`) + channel;
  const need = (id: TensorId, channel: number): boolean => {
    const root = find(indexOf(id, channel));
    const isNew = needed[root] === 0;
    needed[root] = 1;
    return isNew;
  };
  const union = (a: number, b: number): void => {
    const rootA = find(a);
    const rootB = find(b);
    if (rootA === rootB) return;
    parent[rootB] = rootA;
    needed[rootA] = (needed[rootA] ?? 0) | (needed[rootB] ?? 0);
  };
  const pin = (id: TensorId): void => {
    for (let c = 0; c < channelCount(tensorOf(graph, id).shape); c++) need(id, c);
  };

  for (const port of [...graph.inputs, ...graph.outputs]) pin(port.tensor);
  for (const node of graph.nodes) {
    const view = viewOf(graph, node);
    const flow = opOf(node).channels(view).kind;
    const inputs = activationInputs(view);
    const channels = channelCount(view.output.shape);
    const canTie = flow === "tied" && inputs.every((tensor) => channelCount(tensor.shape) === channels);
    if (canTie) {
      for (const input of inputs) {
        for (let c = 0; c < channels; c++) union(indexOf(node.output, c), indexOf(input.id, c));
      }
    } else if (flow !== "mixed") {
      pin(node.output);
      for (const input of inputs) pin(input.id);
    }
  }
  return { isNeeded: (id, channel) => needed[find(indexOf(id, channel))] === 1, need };
}
