/** What is left of data movement after all passes, and why. */
import { must } from "../../diagnostics.js";
import { consumersOf, type Graph, type Node, producersOf, type TensorId, tensorOf } from "../../ir/graph.js";
import { opOf } from "../../ops/index.js";
import { viewOf } from "../../ops/op.js";
import type { Program, Step } from "../../schedule/schedule.js";
import type { CostedStep } from "./cost-steps.js";
import { stepName } from "./step-name.js";

export interface Copy {
  readonly node: string;
  readonly op: string;
  /** Read and written. */
  readonly moved_bytes: number;
  readonly reason: string;
}

/** Moves values and computes nothing. */
export function isMove(graph: Graph, node: Node): boolean {
  return opOf(node).moves?.(viewOf(graph, node)) !== undefined;
}

export function copiesOf({ graph }: Program, steps: readonly CostedStep[]): readonly Copy[] {
  return steps
    .filter(({ step }) => isMove(graph, step.node))
    .map(({ step, moved_bytes }) => ({
      node: stepName(step),
      op: step.node.kind,
      moved_bytes,
      reason: reasonFor(graph, step),
    }));
}

/** As the model calls it, with what it became. */
function nameOf({ id, kind, origin }: Node): string {
  return `${origin.nodes[0] || id} (${kind})`;
}

function reasonFor(graph: Graph, { node, copies }: Step): string {
  const readers = consumersOf(graph).get(node.output) ?? [];
  const isOutput = graph.outputs.some((port) => port.tensor === node.output);
  const who = isOutput ? "the caller" : readers.map((reader) => nameOf(reader)).join(", ");
  const view = viewOf(graph, node);
  const sources = new Set(node.inputs.filter((id) => tensorOf(graph, id).data === undefined));
  if (opOf(node).picks?.(view) === undefined) return `${must(opOf(node).moves?.(view), "why it moves")}, for ${who}`;
  if (sources.size > 1) {
    const reads = `${who} reads the channels side by side that ${sources.size} layers wrote apart`;
    return copies === undefined ? reads : `${reads}: ${copies}`;
  }
  const fixed = [fixedBy(graph, node, "before"), fixedBy(graph, node, "behind")];
  const ends = fixed.map((name, i) => name ?? (i === 0 ? "what is in front" : "what is behind"));
  return fixed.every((name) => name === undefined)
    ? `${who} reads a part of the channels of ${[...sources].map((id) => tensorOf(graph, id).source).join("")}`
    : `the order of channels is fixed on both sides: ${ends.join(" and ")}`;
}

/** Who needs the channels in front of or behind a node as they are: through operators that work channel by channel. */
function fixedBy(graph: Graph, node: Node, side: "before" | "behind"): string | undefined {
  const producers = producersOf(graph);
  const consumers = consumersOf(graph);
  const ends = new Set<TensorId>((side === "before" ? graph.inputs : graph.outputs).map((port) => port.tensor));
  const walk = (id: TensorId): string | undefined => {
    if (ends.has(id)) return side === "before" ? "the input" : "the output";
    const next = side === "before" ? [producers.get(id)] : (consumers.get(id) ?? []);
    for (const one of next) {
      if (one === undefined) continue;
      const flow = opOf(one).channels(viewOf(graph, one)).kind;
      if (flow === "fixed") return nameOf(one);
      const further = flow === "tied" ? walk(side === "before" ? must(one.inputs[0], "input") : one.output) : undefined;
      if (further !== undefined) return further;
    }
    return undefined;
  };
  return walk(side === "before" ? must(node.inputs[0], "input") : node.output);
}
