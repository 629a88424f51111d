/**
 * Chains in streams: layers that each make their rows over those of the one before, several at a time. A depthwise convolution then
 * keeps copies of the few rows that its next call needs too, and a block of rows passes through all layers of a chain in one place.
 */
import { must } from "../diagnostics.js";
import { consumersOf, type TensorId, tensorOf } from "../ir/graph.js";
import { rowCount, rowLength } from "../ir/shape.js";
import type { KernelCall } from "../ops/kernel.js";
import { chainsHold, contentsOf } from "./pool-items.js";
import { rowCall } from "./row-call.js";
import { loopCost, streamSteps } from "./row-plan.js";
import type { Schedule, Step, Stream } from "./schedule.js";
import type { CallOfBlocks } from "./stream-rows.js";

export interface ChainOptions {
  readonly callOfBlocks: CallOfBlocks;
  /** Made row by row, because the caller gets them so. */
  readonly handedOver: ReadonlySet<TensorId>;
  /** True where there is room for the schedule. */
  readonly fits: (schedule: Schedule) => boolean;
}

/** Rows at a time that chains are tried with. */
const ROWS: readonly number[] = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 20, 24];

const MOST_ROWS = Math.max(...ROWS);

/** And shares of the scratch memory that their kernels would like. */
const SCRATCH: readonly number[] = [1, 0.5, 0];

/** The schedule with those chains in a stream that save modelled cycles and for which there is room; undefined where there is none. */
export function chainRows(schedule: Schedule, stream: Stream, options: ChainOptions): Schedule | undefined {
  const chains = chainsOf(schedule, stream, options)
    .map((chain) => ({ chain, forms: candidates(schedule, stream, chain, options) }))
    .toSorted((a, b) => cheapest(a.forms) - cheapest(b.forms));
  let now = schedule;
  for (const { chain, forms } of chains) {
    const whole = firstThatFits(now === schedule ? forms : candidates(now, stream, chain, options), stream, options);
    now =
      whole ??
      linksOf(chain).reduce(
        (before, link) => firstThatFits(candidates(before, stream, link, options), stream, options) ?? before,
        now,
      );
  }
  return now === schedule ? undefined : now;
}

/** A schedule with a chain in some form, and its modelled cycles. */
interface Candidate {
  readonly one: Schedule;
  readonly cost: number;
}

function cheapest([first]: readonly Candidate[]): number {
  return first?.cost ?? Number.POSITIVE_INFINITY;
}

/** Pieces of a chain that start where rows are kept. */
function linksOf(chain: readonly Step[]): readonly (readonly Step[])[] {
  const links: Step[][] = [];
  for (const step of chain) {
    const link = links.at(-1);
    if (link === undefined || rowCall(step)?.drive.kind === "rows") links.push([step]);
    else link.push(step);
  }
  return links;
}

/** The cheapest form of a chain for which there is room. */
function firstThatFits(forms: readonly Candidate[], stream: Stream, { fits }: ChainOptions): Schedule | undefined {
  return forms.find(({ one }) => chainsHold(contentsOf(one, stream)) && fits(one))?.one;
}

/** The schedules with a chain that are cheaper than without, the cheapest first. */
function candidates(
  schedule: Schedule,
  stream: Stream,
  chain: readonly Step[],
  { callOfBlocks }: ChainOptions,
): readonly Candidate[] {
  const cost = costOf(schedule, stream);
  const longest = rowCount(tensorOf(schedule.graph, must(chain[0], "step").output).shape);
  return ROWS.filter((rows) => rows <= longest)
    .flatMap((rows) => SCRATCH.flatMap((share) => withChain(schedule, chain, { rows, share }, callOfBlocks)))
    .map((one) => ({ one, cost: costOf(one, stream) }))
    .filter((candidate) => candidate.cost < cost)
    .toSorted((a, b) => a.cost - b.cost);
}

/** Modelled cycles of a stream. */
function costOf(schedule: Schedule, stream: Stream): number {
  const steps = schedule.steps.slice(stream.first, stream.last + 1);
  const cycles = steps.reduce((sum, { call }) => sum + (call?.estimate?.cycles ?? 0), 0);
  return cycles + loopCost(schedule.graph, streamSteps(schedule, stream));
}

/** Runs of steps that could each make their rows over those of the one before. */
function chainsOf(
  schedule: Schedule,
  stream: Stream,
  { callOfBlocks, handedOver }: ChainOptions,
): readonly (readonly Step[])[] {
  const { graph, steps } = schedule;
  const consumers = consumersOf(graph);
  const chains: Step[][] = [];
  for (const step of steps.slice(stream.first + 1, stream.last + 1)) {
    const before = steps[step.index - 1];
    const [source] = step.node.inputs;
    if (!before?.call || source !== before.output || consumers.get(source)?.length !== 1) continue;
    if (handedOver.has(step.output)) continue;
    const isHeld = stream.pool.rows.has(source) && stream.pool.rows.has(step.output);
    const isAlike = rowLength(tensorOf(graph, source).shape) === rowLength(tensorOf(graph, step.output).shape);
    if (!isHeld || !isAlike || callOfBlocks(step, { rowsOverInput: MOST_ROWS }) === undefined) continue;
    const chain = chains.find((one) => one.at(-1) === before);
    if (chain) chain.push(step);
    else chains.push([step]);
  }
  return chains;
}

interface ChainForm {
  readonly rows: number;
  /** Of the scratch memory that the kernels would like. */
  readonly share: number;
}

/** The schedule with a chain in some form; none where that takes no less scratch memory than with a larger share. */
function withChain(
  schedule: Schedule,
  chain: readonly Step[],
  { rows, share }: ChainForm,
  callOfBlocks: CallOfBlocks,
): readonly Schedule[] {
  const forms = chain.map((step) => {
    const ample = callOfBlocks(step, { rowsOverInput: rows });
    const mostScratch = Math.floor(share * (ample?.scratchBytes ?? 0));
    return { step, ample, call: share === 1 ? ample : callOfBlocks(step, { rowsOverInput: rows, mostScratch }) };
  });
  const isTighter = forms.some(({ ample, call }) => call && ample && call.scratchBytes < ample.scratchBytes);
  if (forms.some(({ call }) => call === undefined) || (share < 1 && !isTighter)) return [];
  return [forms.reduce((one, { step, call }) => withCall(one, step.index, must(call, "call")), schedule)];
}

/** The schedule with another kernel in a step of a stream. */
export function withCall(schedule: Schedule, index: number, call: KernelCall): Schedule {
  const steps = schedule.steps.map(
    (step): Step => (step.index === index ? { ...step, call, byRows: call, why: call.why } : step),
  );
  return { ...schedule, steps };
}
