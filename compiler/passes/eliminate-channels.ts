/**
 * Removes channels that carry no information, without changing one output byte.
 *
 * A channel is constant when range analysis over the actual weights proves that it always holds one value; then its
 * contribution moves into the bias of each layer that reads it, where that is exact (docs/numerics.md: with padding only
 * if the value equals the zero point). A channel is dead when nobody reads it with a weight other than zero. Both kinds
 * disappear with their weights, which makes further channels dead, so the pass repeats until nothing changes.
 */
import { must } from "../diagnostics.js";
import { consumersOf, type Graph, type Node, type Tensor, type TensorId, tensorOf } from "../ir/graph.js";
import { channelCount } from "../ir/shape.js";
import { opOf } from "../ops/index.js";
import { viewOf } from "../ops/op.js";
import { type ChannelClasses, classifyChannels } from "./channel-classes.js";
import { dropUnusedTensors } from "./drop-unused-tensors.js";
import type { Pass, PassContext, PassResult } from "./pass.js";
import { computeRanges, type GraphRanges } from "./ranges.js";
import { replaceConstants } from "./replace-constants.js";

export const eliminateChannels: Pass = {
  name: "eliminate-channels",
  why: "channels that are provably constant fold into the next bias; channels that nobody reads vanish",
  run(graph, context) {
    let current = graph;
    let removed = 0;
    for (;;) {
      const round = runOnce(current, context);
      if (round.removed === 0) break;
      current = round.graph;
      removed += round.removed;
    }
    return {
      graph: current,
      notes: removed === 0 ? [] : [`${removed} constant or dead channels removed`],
    } satisfies PassResult;
  },
};

interface Keep {
  /** Channels of the tensor that stay, ascending. */
  readonly channels: readonly number[];
  readonly all: boolean;
}

function runOnce(graph: Graph, context: PassContext): { graph: Graph; removed: number } {
  const ranges = computeRanges(graph, context.numerics);
  const classes = classifyChannels(graph);
  markNeeded(graph, ranges, classes);

  const keeps = new Map<TensorId, Keep>();
  let removed = 0;
  for (const tensor of graph.tensors.values()) {
    if (tensor.data !== undefined) continue;
    const count = channelCount(tensor.shape);
    const channels = Array.from({ length: count }, (_, c) => c).filter((c) => classes.isNeeded(tensor.id, c));
    keeps.set(tensor.id, { channels, all: channels.length === count });
    removed += count - channels.length;
  }
  return removed === 0 ? { graph, removed } : { graph: applyKeeps(graph, keeps, ranges), removed };
}

/** Grows the set of needed channels from the ends of the graph until it is closed. */
function markNeeded(graph: Graph, ranges: GraphRanges, classes: ChannelClasses): void {
  let changed = true;
  while (changed) {
    changed = false;
    for (const node of graph.nodes.slice().reverse()) {
      changed = markInputsOf(graph, node, ranges, classes) || changed;
    }
    if (changed) continue;
    for (const tensor of graph.tensors.values()) {
      // A tensor without channels has no meaning: the first one stays.
      const count = channelCount(tensor.shape);
      const none =
        tensor.data === undefined &&
        !Array.from({ length: count }, (_, c) => c).some((c) => classes.isNeeded(tensor.id, c));
      if (none) changed = classes.need(tensor.id, 0) || changed;
    }
  }
}

function markInputsOf(graph: Graph, node: Node, ranges: GraphRanges, classes: ChannelClasses): boolean {
  const view = viewOf(graph, node);
  const op = opOf(node);
  const source = view.inputs[0];
  if (op.channels(view).kind !== "mixed" || !op.pruning || !source) return false;
  const count = channelCount(view.output.shape);
  const outputs = Array.from({ length: count }, (_, c) => c).filter((c) => classes.isNeeded(view.output.id, c));
  let changed = false;
  for (const channel of op.pruning.usedInputs(view, outputs)) {
    const value = ranges.constantAt(source.id, channel);
    if (value !== undefined && op.pruning.canFold(view, channel, value)) continue;
    changed = classes.need(source.id, channel) || changed;
  }
  return changed;
}

function applyKeeps(graph: Graph, keeps: ReadonlyMap<TensorId, Keep>, ranges: GraphRanges): Graph {
  const consumers = consumersOf(graph);
  const tensors = new Map<TensorId, Tensor>();
  for (const tensor of graph.tensors.values()) {
    const keep = keeps.get(tensor.id);
    tensors.set(
      tensor.id,
      keep && !keep.all ? { ...tensor, shape: [...tensor.shape.slice(0, -1), keep.channels.length] } : tensor,
    );
  }
  const nodes = graph.nodes.map((node) => {
    const source = must(node.inputs[0], `input of %${node.id}`);
    const inKeep = must(keeps.get(source), `channels of %${source}`);
    const outKeep = must(keeps.get(node.output), `channels of %${node.output}`);
    if (inKeep.all && outKeep.all) return node;
    const view = viewOf(graph, node);
    const pruning = opOf(node).pruning;
    if (!pruning) return node;
    const keep = { inputs: inKeep.channels, outputs: outKeep.channels };
    const fold = foldedValues(source, inKeep, channelCount(tensorOf(graph, source).shape), ranges);
    const constants = pruning.prune(view, keep, fold);
    return { ...replaceConstants(graph, consumers, tensors, node, constants), attrs: pruning.attrs(view, keep) };
  });
  return dropUnusedTensors({ ...graph, tensors, nodes });
}

/** Values of the removed input channels, as far as they are constant; a removed channel that is not is dead. */
function foldedValues(source: TensorId, keep: Keep, count: number, ranges: GraphRanges): ReadonlyMap<number, number> {
  const kept = new Set(keep.channels);
  const fold = new Map<number, number>();
  for (let c = 0; c < count; c++) {
    const value = kept.has(c) ? undefined : ranges.constantAt(source, c);
    if (value !== undefined) fold.set(c, value);
  }
  return fold;
}
