/**
 * Joins without a copy: a layer whose output only a join of channels reads writes it where the joined tensor has it, pixel by pixel
 * at the pitch of that tensor. What cannot be written so is copied by the step that joins, which vanishes where nothing is left.
 *
 * The joined tensor is alive from its first part on, and a part can lie over no input of its layer: a join is made so only where the
 * arena allows it. In a stream of rows the same holds for each row.
 */
import { must } from "../diagnostics.js";
import { consumersOf, type Graph, type TensorId, tensorOf } from "../ir/graph.js";
import { channelCount, elementCount } from "../ir/shape.js";
import { opOf } from "../ops/index.js";
import { isOverInput, type KernelCall, type KernelContext, rowsPerCall } from "../ops/kernel.js";
import { type NodeView, viewOf } from "../ops/op.js";
import { atPitch } from "../ops/out-pitch.js";
import type { Planned } from "./block-rows.js";
import { lowerByRow } from "./choose-kernels.js";
import { aliveBytes, computeLiveness, type LivenessOptions } from "./liveness.js";
import { planArena } from "./plan-arena.js";
import { contentsOf, type PoolContents } from "./pool-items.js";
import { planPool, quickPool, sized } from "./row-pool.js";
import { type Part, type RowPool, type Schedule, type Step, type Stream, streamOf } from "./schedule.js";

/** A join of which some parts can be written in place. */
interface Join {
  /** The step that joins, as it is then. */
  readonly step: Step;
  /** The steps that make the parts, at their pitch. */
  readonly makers: readonly Step[];
  readonly parts: ReadonlyMap<TensorId, Part>;
  /** The stream that then starts behind the join. */
  readonly trims?: Stream;
}

/** Channels of the output of a join that one input gives. */
interface Run {
  readonly tensor: TensorId;
  readonly start: number;
  readonly count: number;
}

/** Channels of the output that a join copies, from `first` up to `end`, and why. */
interface Rest {
  readonly first: number;
  readonly end: number;
  readonly pitch: number;
  readonly copies: string;
}

/** Arenas that are laid out in search of a set of joins that fits. */
const MAX_PLANS = 6;

export interface PartOptions extends LivenessOptions {
  /** Most bytes of arena. */
  readonly limit: number;
  /** The steps without streams. */
  readonly alone: readonly Step[];
}

/** `planned`, with the joins in place that the limit allows. */
export function placeParts(planned: Planned, options: PartOptions, context: KernelContext): Planned {
  const { limit, alone: apart } = options;
  const { schedule, found } = findJoins(planned.schedule, context);
  const stepCount = schedule.steps.length;
  const livenessOf = (one: Schedule) => computeLiveness(one, options.ports, options.backward);
  const quickPool = makeQuickPool();
  const busiest = (joins: readonly Join[]): number =>
    Math.max(...aliveBytes(livenessOf(withJoins(schedule, joins, apart, quickPool)), stepCount));
  const chosen: Join[] = [];
  const alone = found.map((join) => ({ join, bytes: busiest([join]) })).toSorted((a, b) => a.bytes - b.bytes);
  for (const { join } of alone) if (busiest([...chosen, join]) <= limit) chosen.push(join);
  for (let round = 0; round < MAX_PLANS && chosen.length > 0; round++) {
    const joined = withJoins(explain(schedule, found, chosen), chosen, apart, planPool);
    const arena = planArena(livenessOf(joined), stepCount);
    if (arena.bytes <= limit) return { schedule: joined, arena };
    chosen.pop();
  }
  return { schedule: explain(schedule, found, []), arena: planned.arena };
}

/** The schedule with some joins in place, and the pools of the streams that they are in as `pool` lays them out. */
function withJoins(
  schedule: Schedule,
  joins: readonly Join[],
  apart: readonly Step[],
  pool: (contents: PoolContents, before: RowPool) => RowPool,
): Schedule {
  const changed = new Map(
    joins.flatMap(({ step, makers }) => [step, ...makers].map((one) => [one.index, one] as const)),
  );
  const trimmed = new Set(joins.flatMap(({ trims }) => trims?.first ?? []));
  // Of a stream of two steps one is left, which runs alone.
  const isLeft = ({ first, last }: Stream): boolean => !trimmed.has(first) || last > first + 1;
  const ended = new Set(schedule.streams.flatMap((stream) => (isLeft(stream) ? [] : [stream.last])));
  const joined: Schedule = {
    ...schedule,
    steps: schedule.steps.map((step) => {
      const before = ended.has(step.index) ? must(apart[step.index], "step") : step;
      return changed.get(step.index) ?? before;
    }),
    streams: schedule.streams
      .filter(isLeft)
      .map((stream): Stream => (trimmed.has(stream.first) ? { ...stream, first: stream.first + 1 } : stream)),
    parts: new Map(joins.flatMap(({ parts }) => [...parts])),
  };
  const isTouched = ({ first, last }: Stream): boolean =>
    joins.some(({ step }) => first - 1 <= step.index && step.index <= last);
  return {
    ...joined,
    streams: joined.streams.map(
      (stream): Stream =>
        isTouched(stream) ? { ...stream, pool: pool(contentsOf(joined, stream), stream.pool) } : stream,
    ),
  };
}

/** Pools of the size of those that are laid out in little time, once for each set of joins in a stream. */
function makeQuickPool(): (contents: PoolContents, before: RowPool) => RowPool {
  const known = new Map<string, Pick<RowPool, "bytes" | "grown">>();
  return (contents, { grown: _, ...before }) => {
    const key = contents.rows.map(({ output, into }) => `${output} ${into?.start}`).join();
    const size = known.get(key) ?? sized(contents, quickPool(contents));
    known.set(key, size);
    return { ...before, ...size };
  };
}

/** Joins that are not chosen say so. */
function explain(schedule: Schedule, found: readonly Join[], chosen: readonly Join[]): Schedule {
  const copied = new Set(found.flatMap((join) => (chosen.includes(join) ? [] : [join.step.index])));
  const steps = schedule.steps.map((step): Step => {
    if (!copied.has(step.index)) return step;
    return withReason(step, "the joined tensor would be alive longer, for which the arena has no room");
  });
  return { ...schedule, steps };
}

function withReason(step: Step, copies: string): Step {
  return { ...step, copies, why: `${step.why}: ${copies}` };
}

/** The joins of a schedule; steps of which no part can be in place get the reason. */
function findJoins(
  schedule: Schedule,
  context: KernelContext,
): { readonly schedule: Schedule; readonly found: readonly Join[] } {
  const found: Join[] = [];
  const steps = schedule.steps.map((step): Step => {
    const runs = runsOf(schedule.graph, step);
    if (runs === undefined) return step;
    const join = joinOf(schedule, step, runs, context);
    if (typeof join === "string") return withReason(step, join);
    found.push(join);
    return step;
  });
  return { schedule: { ...schedule, steps }, found };
}

/** For a step that joins tensors, each input that lies side by side, as a whole and once; undefined in place of others. */
function runsOf(graph: Graph, { node, call, output }: Step): readonly (Run | undefined)[] | undefined {
  const op = opOf(node);
  const picks = call && op.narrow && node.inputs.length > 1 ? op.picks?.(viewOf(graph, node)) : undefined;
  if (picks === undefined || output !== node.output) return undefined;
  return node.inputs.map((tensor, input) => {
    const start = picks.findIndex((pick) => pick.input === input);
    const count = channelCount(tensorOf(graph, tensor).shape);
    const isWhole = picks.filter((pick) => pick.input === input).length === count;
    const isRun = picks.slice(start, start + count).every((pick, i) => pick.input === input && pick.channel === i);
    return isWhole && isRun ? { tensor, start, count } : undefined;
  });
}

/** How the step joins with as many parts in place as can be; or why there are none. */
function joinOf(
  schedule: Schedule,
  step: Step,
  runs: readonly (Run | undefined)[],
  context: KernelContext,
): Join | string {
  const { graph } = schedule;
  const pitch = channelCount(tensorOf(graph, step.output).shape);
  const around = streamOf(schedule, step);
  // A layer that makes its rows over those of the join needs them in its stream.
  const isTakenOver = schedule.steps.some(
    ({ node, call }) => call !== undefined && isOverInput(call) && node.inputs[0] === step.output,
  );
  const trims = around?.first === step.index && around.fed === undefined && !isTakenOver ? around : undefined;
  const stream = trims ? undefined : around;
  if (reachesOutput(schedule, step.output)) return "the joined tensor is an output";
  const nameOf = (tensor: TensorId): string => tensorOf(graph, tensor).source || tensor;
  const reasons: string[] = [];
  const able = runs.flatMap((run, input): readonly (Run & { readonly maker: Step })[] => {
    const tensor = must(step.node.inputs[input], "input");
    const maker = run ? makerOf(schedule, { join: step, stream, run, pitch }) : "is read in pieces";
    if (run && typeof maker !== "string") return [{ ...run, maker }];
    reasons.push(`${nameOf(tensor)} ${maker}`);
    return [];
  });
  // What is left is copied in one run: from the first channel that is not in place to the last.
  const isOpen = (c: number): boolean => !able.some(({ start, count }) => start <= c && c < start + count);
  const open = Array.from({ length: pitch }, (_, c) => c).filter(isOpen);
  const [first, end] = [open[0] ?? 0, (open.at(-1) ?? -1) + 1];
  const inPlace = able.filter(({ start, count }) => start + count <= first || start >= end);
  const between = able.filter((run) => !inPlace.includes(run));
  const copies = [
    ...reasons,
    ...between.map(({ tensor }) => `${nameOf(tensor)} lies between channels that are copied`),
  ];
  if (inPlace.length === 0) return copies.join("; ");
  const rest = { first, end, pitch, copies: copies.join("; ") };
  const lower = stream ? lowerByRow : lowerWhole;
  const joined = end === 0 ? viewStep(step) : restStep(graph, step, rest, (view) => lower(view, context));
  if (joined === undefined) return "no kernel copies a part of the channels";
  return {
    step: joined,
    makers: inPlace.map(({ maker }) => maker),
    parts: new Map(
      inPlace.map(({ tensor, start, count }) => [tensor, { whole: step.output, start, pitch, width: count }]),
    ),
    ...(trims ? { trims } : {}),
  };
}

interface Making {
  readonly join: Step;
  /** The stream that the join is made in. */
  readonly stream: Stream | undefined;
  readonly run: Run;
  readonly pitch: number;
}

/** The step that makes an input of a join, with its output in place; or why it cannot be there. */
function makerOf(schedule: Schedule, { join, stream, run, pitch }: Making): Step | string {
  const { graph } = schedule;
  const { tensor, count } = run;
  const readers = consumersOf(graph).get(tensor) ?? [];
  const maker = schedule.steps.find((step) => step.output === tensor);
  if (maker === undefined) return "comes from the caller";
  if (graph.outputs.some((port) => port.tensor === tensor)) return "is an output";
  if (readers.length > 1) return "is read elsewhere too";
  if (opOf(maker.node).narrow) return "is a join itself";
  const { call, byRows: _, ...rest } = maker;
  if (call === undefined) return "is another name for bytes that exist";
  const around = streamOf(schedule, maker);
  if (stream && around !== stream) return "is there as a whole, and the joined tensor is not";
  if (around && rowsPerCall(call) > 1) return "is made several rows at a time";
  if (isOverInput(call)) return "is made over its input";
  const isPixel = elementCount(tensorOf(graph, tensor).shape) === count;
  const placed = isPixel ? call : atPitch(call, { pitch, width: count });
  if (placed === undefined) return `comes from ${call.kernel}, which writes pixels side by side`;
  const why = `${maker.why}; its pixels go into those of ${tensorOf(graph, join.output).source || join.output}`;
  return { ...rest, call: placed, ...(around ? { byRows: placed } : {}), why };
}

function viewStep({ index, node, output, macs }: Step): Step {
  return { index, node, output, macs, why: "every input was written to its place: nothing to do" };
}

function restStep(
  graph: Graph,
  { index, node, output, macs }: Step,
  { first, end, pitch, copies }: Rest,
  lower: (view: NodeView) => KernelCall | undefined,
): Step | undefined {
  const view = must(opOf(node).narrow, "narrow")(viewOf(graph, node), first, end - first);
  const dense = lower(view);
  const call = dense && atPitch(dense, { pitch, width: end - first });
  if (call === undefined) return undefined;
  const why = `${call.why}; the other inputs were written to their places`;
  const rest = { inputs: view.node.inputs, start: first, width: end - first };
  const byRows = call.drive.kind === "runs" ? { byRows: call } : {};
  return withReason({ index, node, output, rest, call, ...byRows, macs, why }, copies);
}

function lowerWhole(view: NodeView, context: KernelContext): KernelCall {
  return opOf(view.node).lower(view, context);
}

/** True for outputs of the graph, and for what they are other names of. */
function reachesOutput(schedule: Schedule, id: TensorId): boolean {
  if (schedule.graph.outputs.some((port) => port.tensor === id)) return true;
  const names = schedule.steps.filter(({ node, call }) => call === undefined && node.inputs[0] === id);
  return names.some(({ output }) => reachesOutput(schedule, output));
}
