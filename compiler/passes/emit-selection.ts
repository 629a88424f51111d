/** Writes a selection of channels as the operator that copies least: none, a slice, a concat, a take, or a channel_select. */
import { must } from "../diagnostics.js";
import type { Attrs, Graph, Node, Tensor, TensorId } from "../ir/graph.js";
import { producersOf, tensorOf } from "../ir/graph.js";
import { sameQuant } from "../ir/quant.js";
import { channelCount, sameShape } from "../ir/shape.js";
import { channelSelect } from "../ops/channel_select.js";
import { concat } from "../ops/concat.js";
import { opOf } from "../ops/index.js";
import { viewOf } from "../ops/op.js";
import { slice } from "../ops/slice.js";
import { take } from "../ops/take.js";
import type { Source } from "./channel-orders.js";
import { joinOrigins } from "./join-origins.js";

/** What stands for a selection: another tensor, or a node. */
export interface Emitted {
  readonly alias?: TensorId;
  readonly node?: Node;
  /** Absent where the node stays as it was. */
  readonly note?: string;
}

interface Run {
  readonly tensor: TensorId;
  readonly start: number;
  readonly count: number;
}

/** Shorter runs than this, on average, are cheaper one channel at a time through a table of indices. */
const SHORT_RUN = 3;

/** `places`: what lies at each place of the output of `node`. */
export function emitSelection(graph: Graph, node: Node, places: readonly Source[]): Emitted {
  const output = tensorOf(graph, node.output);
  const runs = runsOf(places);
  const parts = [...new Set(runs.map(({ tensor }) => tensor))];
  const first = must(runs[0], "run");
  const only = parts.length === 1 ? tensorOf(graph, first.tensor) : undefined;
  if (only && runs.length === 1 && sameShape(only.shape, output.shape) && same(only, output))
    return { alias: only.id, note: `%${node.id} is %${only.id}: its order is one of weights` };

  const { kind, attrs } = form(graph, output, runs, parts);
  const isSame =
    node.kind === kind &&
    node.inputs.length === parts.length &&
    node.inputs.every((id, i) => id === parts[i]) &&
    JSON.stringify(node.attrs) === JSON.stringify(attrs);
  if (isSame) return { node };
  const joined = joinOrigins([...skipped(graph, node, parts), node]);
  const origin = { ...joined, nodes: [...new Set([...node.origin.nodes, ...joined.nodes])] };
  return {
    node: { ...node, kind, inputs: parts, attrs, origin },
    note: `%${node.id}: one ${kind} of ${runs.length} runs of channels from ${parts.map((id) => `%${id}`).join(", ")}`,
  };
}

const same = (a: Tensor, b: Tensor): boolean =>
  a.quant !== undefined && b.quant !== undefined && sameQuant(a.quant, b.quant);

function runsOf(places: readonly Source[]): readonly Run[] {
  const runs: Run[] = [];
  for (const { tensor, channel } of places) {
    const last = runs.at(-1);
    if (last && last.tensor === tensor && last.start + last.count === channel)
      runs[runs.length - 1] = { ...last, count: last.count + 1 };
    else runs.push({ tensor, start: channel, count: 1 });
  }
  return runs;
}

function form(
  graph: Graph,
  output: Tensor,
  runs: readonly Run[],
  parts: readonly TensorId[],
): { readonly kind: string; readonly attrs: Attrs } {
  const channels = (id: TensorId): number => channelCount(tensorOf(graph, id).shape);
  const first = must(runs[0], "run");
  const axis = output.shape.length - 1;
  if (parts.length === 1 && runs.length === 1) {
    const along = (value: number, others: readonly number[]): readonly number[] => [...others.slice(0, -1), value];
    const zeros = output.shape.map(() => 0);
    const attrs = {
      starts: along(first.start, zeros),
      ends: along(first.start + first.count, output.shape),
      steps: output.shape.map(() => 1),
    };
    return { kind: slice.kind, attrs };
  }
  if (parts.length === 1 && channelCount(output.shape) < SHORT_RUN * runs.length) {
    const indices = runs.flatMap(({ start, count }) => Array.from({ length: count }, (_, i) => start + i));
    return { kind: take.kind, attrs: { axis, indices } };
  }
  const areWhole = runs.every(({ tensor, start, count }) => start === 0 && count === channels(tensor));
  if (areWhole && runs.length === parts.length) return { kind: concat.kind, attrs: { axis } };
  const attrs = {
    parts: runs.map(({ tensor }) => parts.indexOf(tensor)),
    starts: runs.map(({ start }) => start),
    counts: runs.map(({ count }) => count),
  };
  return { kind: channelSelect.kind, attrs };
}

/** The selections between a node and the tensors that it now reads, in order. */
function skipped(graph: Graph, node: Node, parts: readonly TensorId[]): readonly Node[] {
  const producers = producersOf(graph);
  const found = new Set<Node>();
  const walk = (id: TensorId): void => {
    const producer = parts.includes(id) ? undefined : producers.get(id);
    if (!producer || opOf(producer).picks?.(viewOf(graph, producer)) === undefined) return;
    for (const input of producer.inputs) walk(input);
    found.add(producer);
  };
  for (const input of node.inputs) walk(input);
  return [...found];
}
