/** Range analysis: bounds of every channel of every activation, from the weights and the requantization. */
import type { Numerics } from "../arith/numerics.js";
import { must } from "../diagnostics.js";
import type { Graph, TensorId } from "../ir/graph.js";
import { tensorOf } from "../ir/graph.js";
import { channelCount } from "../ir/shape.js";
import { opOf } from "../ops/index.js";
import { type ChannelRanges, fullRange, viewOf } from "../ops/op.js";

export interface GraphRanges {
  of(id: TensorId): ChannelRanges;
  /** The value that a channel always holds; undefined when it varies. */
  constantAt(id: TensorId, channel: number): number | undefined;
}

export function computeRanges(graph: Graph, numerics: Numerics): GraphRanges {
  const ranges = new Map<TensorId, ChannelRanges>();
  const full = (id: TensorId): ChannelRanges => new Array(channelCount(tensorOf(graph, id).shape)).fill(fullRange);
  for (const port of graph.inputs) ranges.set(port.tensor, full(port.tensor));
  for (const node of graph.nodes) {
    const view = viewOf(graph, node);
    const activations = view.inputs.filter((tensor) => tensor.data === undefined);
    const inputs = activations.map((tensor) => must(ranges.get(tensor.id), `range of %${tensor.id}`));
    ranges.set(node.output, opOf(node).range?.(view, inputs, numerics) ?? full(node.output));
  }
  return {
    of: (id) => must(ranges.get(id), `range of %${id}`),
    constantAt: (id, channel) => {
      const range = ranges.get(id)?.[channel];
      return range && range.min === range.max ? range.min : undefined;
    },
  };
}
