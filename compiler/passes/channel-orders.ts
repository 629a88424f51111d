/**
 * In which order each tensor's channels lie in memory, chosen so that selections of channels (`Op.picks`) move as little as
 * possible. Tensors whose channels are tied have one order; it is free unless a graph input or output or an operator that
 * needs its channels as they are is among them.
 */
import { must } from "../diagnostics.js";
import { type Graph, type Node, type TensorId, tensorOf } from "../ir/graph.js";
import { channelCount } from "../ir/shape.js";
import { opOf } from "../ops/index.js";
import { activationInputs, viewOf } from "../ops/op.js";

/** One channel of a tensor. */
export interface Source {
  readonly tensor: TensorId;
  readonly channel: number;
}

export interface ChannelOrders {
  /** The channel at each place in memory; undefined where they lie as they are counted. */
  of(id: TensorId): readonly number[] | undefined;
  /** For each selection that is read by more than other selections: what lies at each place, by place in the source. */
  readonly selected: ReadonlyMap<TensorId, readonly Source[]>;
  /** True for a selection that only other selections read. */
  isSkipped(node: Node): boolean;
}

export function chooseOrders(graph: Graph): ChannelOrders {
  const picks = findSelections(graph);
  const read = readTensors(graph, picks);
  const classes = tieTensors(graph, picks);
  const sources = new Map<TensorId, readonly Source[]>();
  for (const node of graph.nodes) {
    if (picks.has(node.output) && read.has(node.output)) sources.set(node.output, rootsOf(node.output, picks, read));
  }

  const orders = new Map<TensorId, readonly number[]>();
  const placeOf = ({ tensor, channel }: Source): number => orders.get(classes.of(tensor))?.indexOf(channel) ?? channel;
  // A selection that must stay as it is: its one source, where that is free, writes its channels in this order.
  for (const [id, list] of sources) {
    const [first] = list;
    if (!first || !classes.isPinned(id) || classes.isPinned(first.tensor) || orders.has(classes.of(first.tensor)))
      continue;
    const wanted = list.map(({ channel }) => channel);
    if (list.some(({ tensor }) => tensor !== first.tensor) || new Set(wanted).size !== wanted.length) continue;
    const rest = countedChannels(graph, first.tensor).filter((channel) => !wanted.includes(channel));
    orders.set(classes.of(first.tensor), [...wanted, ...rest]);
  }
  // A selection whose readers are free lies in the order of its sources.
  for (const [id, list] of sources) {
    if (classes.isPinned(id) || orders.has(classes.of(id))) continue;
    const tensors = [...new Set(list.map(({ tensor }) => tensor))];
    const rank = (source: Source): number => tensors.indexOf(source.tensor) * 2 ** 24 + placeOf(source);
    const ranks = list.map(rank);
    const sorted = countedChannels(graph, id).sort((a, b) => must(ranks[a], "rank") - must(ranks[b], "rank"));
    const inOrder = (order: readonly number[]): readonly Source[] => order.map((c) => must(list[c], "source"));
    const isBetter = countRuns(inOrder(sorted).map(place)) < countRuns(list.map(place));
    orders.set(classes.of(id), isBetter ? sorted : countedChannels(graph, id));
  }
  function place(source: Source): Source {
    return { tensor: source.tensor, channel: placeOf(source) };
  }

  const orderOf = (id: TensorId): readonly number[] | undefined => {
    const order = orders.get(classes.of(id));
    return order?.some((channel, i) => channel !== i) === true ? order : undefined;
  };
  const selected = new Map<TensorId, readonly Source[]>();
  for (const [id, list] of sources) {
    const order = orderOf(id) ?? countedChannels(graph, id);
    selected.set(
      id,
      order.map((channel) => place(must(list[channel], "source"))),
    );
  }
  return { of: orderOf, selected, isSkipped: (node) => picks.has(node.output) && !read.has(node.output) };
}

function countedChannels(graph: Graph, id: TensorId): number[] {
  return Array.from({ length: channelCount(tensorOf(graph, id).shape) }, (_, c) => c);
}

/** Runs of neighbouring channels of one tensor. */
export function countRuns(sources: readonly Source[]): number {
  return sources.filter(({ tensor, channel }, i) => {
    const before = sources[i - 1];
    return before === undefined || before.tensor !== tensor || before.channel + 1 !== channel;
  }).length;
}

type Picks = ReadonlyMap<TensorId, readonly Source[]>;

function findSelections(graph: Graph): Picks {
  const picks = new Map<TensorId, readonly Source[]>();
  for (const node of graph.nodes) {
    const list = opOf(node).picks?.(viewOf(graph, node));
    if (list === undefined) continue;
    picks.set(
      node.output,
      list.map(({ input, channel }) => ({ tensor: must(node.inputs[input], "input"), channel })),
    );
  }
  return picks;
}

/** Tensors that a graph output or an operator other than a selection reads. */
function readTensors(graph: Graph, picks: Picks): ReadonlySet<TensorId> {
  const readers = graph.nodes.filter((node) => !picks.has(node.output));
  return new Set([...readers.flatMap((node) => node.inputs), ...graph.outputs.map((port) => port.tensor)]);
}

/** Each channel of a selection through other selections, up to tensors that exist anyway. */
function rootsOf(id: TensorId, picks: Picks, read: ReadonlySet<TensorId>): readonly Source[] {
  return must(picks.get(id), "selection").map((source) => {
    let at = source;
    for (;;) {
      const next = read.has(at.tensor) ? undefined : picks.get(at.tensor)?.[at.channel];
      if (next === undefined) return at;
      at = next;
    }
  });
}

interface Classes {
  /** A tensor that stands for its class. */
  of(id: TensorId): TensorId;
  isPinned(id: TensorId): boolean;
}

function tieTensors(graph: Graph, picks: Picks): Classes {
  const parent = new Map<TensorId, TensorId>();
  const find = (start: TensorId): TensorId => {
    let id = start;
    for (let up = parent.get(id); up !== undefined; up = parent.get(id)) id = up;
    return id;
  };
  const pins: TensorId[] = [...graph.inputs, ...graph.outputs].map((port) => port.tensor);
  for (const node of graph.nodes) {
    if (picks.has(node.output)) continue;
    const view = viewOf(graph, node);
    const flow = opOf(node).channels(view).kind;
    const inputs = activationInputs(view);
    const channels = channelCount(view.output.shape);
    const isTied = flow === "tied" && inputs.every((tensor) => channelCount(tensor.shape) === channels);
    if (isTied) {
      for (const input of inputs) {
        if (find(input.id) !== find(node.output)) parent.set(find(input.id), find(node.output));
      }
    } else if (flow !== "mixed") {
      pins.push(node.output, ...inputs.map((tensor) => tensor.id));
    }
  }
  const pinned = new Set(pins.map(find));
  return { of: find, isPinned: (id) => pinned.has(find(id)) };
}
