/**
 * Kernels that make several output rows per call, where the rows share work, take more scratch memory than the same kernels row by
 * row, and keep more of their input alive. Where RAM is a goal they run, alone or in a stream of rows, only where that costs no
 * byte of the arena.
 */
import { must } from "../diagnostics.js";
import { isOverInput, rowsPerCall } from "../ops/kernel.js";
import { chainRows, withCall } from "./chain-rows.js";
import { aliveBytes, computeLiveness, type LivenessOptions } from "./liveness.js";
import { planArena } from "./plan-arena.js";
import { bytesBeyond, contentsOf, leastPool, type PoolSize } from "./pool-items.js";
import { planPool, quickPool, sized } from "./row-pool.js";
import { type ArenaPlan, type RowPool, type Schedule, type Step, type Stream, streamOf } from "./schedule.js";
import { scheduleCycles } from "./schedule-cycles.js";
import type { CallOfBlocks } from "./stream-rows.js";

/** Every step makes one row per call. */
export function singleRows(schedule: Schedule): Schedule {
  return { ...schedule, steps: schedule.steps.map(oneRow) };
}

function oneRow(step: Step): Step {
  const { call, byRows } = step;
  return call && byRows && rowsPerCall(call) > 1 ? { ...step, call: byRows, why: byRows.why } : step;
}

/**
 * `single`, with kernels that make all rows in place wherever the step then needs no more bytes, with as much scratch memory as that
 * leaves.
 */
export function blocksInPlace(chosen: Schedule, single: Schedule, options: BlockOptions): Schedule {
  const alive = aliveBytes(computeLiveness(single, options.ports, options.backward), single.steps.length);
  const steps = chosen.steps.map((step): Step => {
    const { index, call } = step;
    const now = must(single.steps[index], "step");
    if (call?.inPlace !== true || call === now.call) return now;
    const bytesOf = (one: Step): number =>
      busiest({ ...single, steps: single.steps.with(index, one) }, options, index, index);
    const excess = bytesOf(step) - (alive[index] ?? 0);
    if (excess <= 0) return step;
    const tight = options.callOfBlocks(step, { mostScratch: call.scratchBytes - excess });
    if (tight?.inPlace !== true) return now;
    const smaller = { ...step, call: tight, why: tight.why };
    return bytesOf(smaller) <= (alive[index] ?? 0) ? smaller : now;
  });
  return { ...single, steps };
}

/** Arenas that are laid out in search of a set of blocks that fits. */
const MAX_PLANS = 4;

export interface Planned {
  readonly schedule: Schedule;
  readonly arena: ArenaPlan;
}

export interface BlockOptions extends LivenessOptions {
  readonly callOfBlocks: CallOfBlocks;
}

/**
 * `single`, with the calls of `chosen` that make several rows wherever an arena of `limit` bytes allows it, in streams with fewer
 * rows where it does not allow all.
 */
export function blockRows(chosen: Schedule, single: Planned, options: BlockOptions, limit: number): Planned {
  return single.schedule.streams.reduce(
    (planned, stream) => blocksInStream(chosen, planned, stream, options, limit),
    blocksAlone(chosen, single, options, limit),
  );
}

/** Blocks of steps that run alone. */
function blocksAlone(chosen: Schedule, single: Planned, options: BlockOptions, limit: number): Planned {
  const { schedule } = single;
  const withBlocks = (indices: ReadonlySet<number>): Schedule => ({
    ...schedule,
    steps: schedule.steps.map(
      (step): Step => (indices.has(step.index) ? must(chosen.steps[step.index], "step") : step),
    ),
  });
  const open = chosen.steps
    .filter((step) => isOpen(schedule, step) && streamOf(schedule, step) === undefined)
    .map(({ index }) => ({ index, bytes: busiest(withBlocks(new Set([index])), options, index, index) }))
    .filter(({ bytes }) => bytes <= limit)
    .sort((a, b) => a.bytes - b.bytes);
  for (let round = 0; round < MAX_PLANS && open.length > 0; round++) {
    const found = planWithin(withBlocks(new Set(open.map(({ index }) => index))), options, limit);
    if (found) return found;
    open.pop();
  }
  return single;
}

/** The schedule with an arena of no more than `limit` bytes; undefined where none was found. */
function planWithin(schedule: Schedule, { ports, backward }: BlockOptions, limit: number): Planned | undefined {
  const count = schedule.steps.length;
  const liveness = computeLiveness(schedule, ports, backward);
  if (aliveBytes(liveness, count).some((bytes) => bytes > limit)) return undefined;
  const arena = planArena(liveness, count, limit);
  return arena.bytes <= limit ? { schedule, arena } : undefined;
}

/** True where the chosen kernel makes more rows than the one that the schedule has, or as many with more scratch memory. */
function isOpen(schedule: Schedule, { index, call }: Step): boolean {
  const now = schedule.steps[index]?.call;
  if (!call || !now || rowsPerCall(call) === 1) return false;
  return rowsPerCall(call) > rowsPerCall(now) || call.scratchBytes > now.scratchBytes;
}

/** Bytes alive at the busiest of some steps. */
function busiest(schedule: Schedule, { ports, backward }: LivenessOptions, first: number, last: number): number {
  const alive = aliveBytes(computeLiveness(schedule, ports, backward), schedule.steps.length);
  return Math.max(...alive.slice(first, last + 1));
}

/** Steps that gain most come first, each with as many rows as fit. Rows that are handed over one by one are made so. */
function blocksInStream(
  chosen: Schedule,
  before: Planned,
  stream: Stream,
  options: BlockOptions,
  limit: number,
): Planned {
  const { first, last } = stream;
  const { graph } = before.schedule;
  const handedOver = new Set(options.ports.output === "rows" ? graph.outputs.map((port) => port.tensor) : []);
  const open = chosen.steps
    .slice(first, last + 1)
    .filter((step) => isOpen(before.schedule, step) && !handedOver.has(step.output))
    .sort((a, b) => gainOf(b) - gainOf(a));
  const fits = (schedule: Schedule): boolean => {
    const contents = contentsOf(schedule, stream);
    const least = leastPool(contents);
    const bytesWith = (size: PoolSize): number =>
      busiest(withPool(schedule, stream, { ...stream.pool, ...sized(contents, size) }), options, first, last);
    const room = limit - bytesWith(least);
    return room >= 0 && bytesWith(quickPool(contents, bytesBeyond(contents, least) + room)) <= limit;
  };
  const { callOfBlocks } = options;
  /** The schedules on the way to one where no step can make more rows for which there is room. */
  const lengthened = (start: Schedule): readonly Schedule[] => {
    const longer: Schedule[] = [];
    for (const step of open) {
      const schedule = longer.at(-1) ?? start;
      const now = must(schedule.steps[step.index]?.call, "call");
      if (isOverInput(now)) continue;
      let call = step.call;
      while (call !== undefined && rowsPerCall(call) > rowsPerCall(now)) {
        const one = withCall(schedule, step.index, call);
        if (fits(one)) {
          longer.push(one);
          break;
        }
        call = callOfBlocks(step, { mostRows: rowsPerCall(call) - 1 });
      }
    }
    return longer;
  };
  const chained = (start: Schedule): readonly Schedule[] => {
    const found = chainRows(start, stream, { callOfBlocks, handedOver, fits });
    return found ? [found, ...lengthened(found)] : [];
  };
  const longer = lengthened(before.schedule);
  // Chains take room that longer blocks would have had, or the other way round.
  const found = [
    ...longer,
    ...chained(longer.at(-1) ?? before.schedule),
    ...(longer.length > 0 ? chained(before.schedule) : []),
  ];
  const fastest = found
    .map((schedule) => ({ schedule, cycles: scheduleCycles(schedule) }))
    .toSorted((a, b) => a.cycles - b.cycles);
  for (const { schedule } of fastest.slice(0, MAX_PLANS)) {
    const planned = planWithin(withPool(schedule, stream, planPool(contentsOf(schedule, stream))), options, limit);
    if (planned) return planned;
  }
  return before;
}

/** Modelled cycles that a step saves by its blocks. */
function gainOf({ call, byRows }: Step): number {
  return (byRows?.estimate?.cycles ?? 0) - (call?.estimate?.cycles ?? 0);
}

function withPool(schedule: Schedule, { first }: Stream, pool: RowPool): Schedule {
  const streams = schedule.streams.map((stream): Stream => (stream.first === first ? { ...stream, pool } : stream));
  return { ...schedule, streams };
}
