/** One plan of memory within limits: which layers run row by row, which kernels make several rows at once, where everything lies. */
import { must } from "../diagnostics.js";
import type { KernelContext } from "../ops/kernel.js";
import { type BlockOptions, blockRows, blocksInPlace, type Planned, singleRows } from "./block-rows.js";
import { divideArena } from "./divide-arena.js";
import { type Backward, computeLiveness } from "./liveness.js";
import { placeParts } from "./place-parts.js";
import { planArena } from "./plan-arena.js";
import { bytesBeside } from "./program-sizes.js";
import type { Region } from "./regions.js";
import type { ArenaPlan, PortOptions, Schedule } from "./schedule.js";
import { type CallOfBlocks, findStreams, type StreamLimits, type StreamOptions } from "./stream-rows.js";
import { trafficOf } from "./traffic.js";

export interface MemoryOptions extends KernelContext {
  readonly ports: PortOptions;
  /** Most bytes of arena. */
  readonly ram?: number;
  /** As few bytes as possible, at any price. */
  readonly isLeast: boolean;
  /** The memories that it may be divided over, or the one that it lies in; empty: one block, as large as the target allows. */
  readonly regions: readonly Region[];
  readonly callOfBlocks: CallOfBlocks;
}

/** What a plan is to achieve. */
export interface PlanGoal extends StreamOptions, StreamLimits {
  /** Bytes of arena that blocks of rows and joins may fill; those that streams leave where absent. */
  readonly ram?: number;
}

export interface PlanWithin extends Planned {
  /** Bytes that the arena is larger than `ram`, the regions or the target allow; 0 where it fits. */
  readonly excess: number;
}

/** Makes plans of the same kernels; what they have in common is worked out once. */
export function makePlanner(chosen: Schedule, options: MemoryOptions): (goal: PlanGoal) => PlanWithin {
  const { optimize, callOfBlocks } = options;
  const starts = new Map<string, Start>();
  const startOf = (goal: StreamOptions): Start => {
    const { io, input, output } = goal.ports;
    const key = [io, input, output, goal.backward, goal.callOfBlocks !== undefined].join();
    const known = starts.get(key);
    if (known) return known;
    const blocks: BlockOptions = { ...goal, callOfBlocks };
    const schedule = optimize === "speed" ? chosen : blocksInPlace(chosen, singleRows(chosen), blocks);
    const start = { schedule, blocks, streamsWithin: findStreams(schedule, goal), plans: new Map() };
    starts.set(key, start);
    return start;
  };
  const makePlan = (start: Start, streamed: Schedule, wanted: PlanGoal): PlanWithin => {
    // What the context holds beside the arena counts.
    const beside = bytesBeside(streamed, options.ports);
    const ram = wanted.ram === undefined ? undefined : wanted.ram - beside;
    const goal = ram === undefined ? wanted : { ...wanted, ram };
    const single: Planned = { schedule: streamed, arena: placeAll(streamed, goal) };
    const blocked = blockRows(chosen, single, start.blocks, Math.max(single.arena.bytes, ram ?? 0));
    if (options.regions.length > 1) return divideBest([blocked.schedule, streamed], goal, options.regions);
    const limit = Math.max(blocked.arena.bytes, ram ?? 0);
    const { schedule, arena } = placeParts(blocked, { ...goal, limit, alone: start.schedule.steps }, options);
    return { schedule, arena, excess: Math.max(0, arena.bytes - Math.min(roomFor(options), ram ?? arena.bytes)) };
  };
  return ({ budget, overhead, ram = options.ram, ...same }) => {
    const start = startOf(same);
    const streamed = start.streamsWithin({ budget, overhead });
    const limit = ram ?? budget;
    const plans = start.plans.get(streamed) ?? new Map<string, PlanWithin>();
    start.plans.set(streamed, plans);
    const key = `${ram} ${limit}`;
    const goal = { ...same, ...(ram === undefined ? {} : { ram }), ...(limit === undefined ? {} : { budget: limit }) };
    const plan = plans.get(key) ?? makePlan(start, streamed, goal);
    plans.set(key, plan);
    return plan;
  };
}

/** What plans with the same goal have in common. */
interface Start {
  /** Without streams. */
  readonly schedule: Schedule;
  readonly blocks: BlockOptions;
  readonly streamsWithin: (limits: StreamLimits) => Schedule;
  /** By the schedule with streams, and the limits of the rest. */
  readonly plans: Map<Schedule, Map<string, PlanWithin>>;
}

/** Most bytes of arena: what the caller allows, of what its regions or the largest RAM of the target hold. */
export function roomFor({ ram, regions, target }: MemoryOptions): number {
  const largest = Math.max(0, ...target.memory.filter(({ use }) => use === "ram").map(({ bytes }) => bytes));
  const held = regions.length > 0 ? roomOf(regions) : largest;
  return Math.min(held === 0 ? Number.POSITIVE_INFINITY : held, ram ?? Number.POSITIVE_INFINITY);
}

export function roomOf(regions: readonly Region[]): number {
  return regions.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Layers lose time by running backward only where the arena would not fit otherwise, or where RAM is the goal. */
function placeAll(streamed: Schedule, { ports, backward, budget }: PlanGoal): ArenaPlan {
  const plan = (how: Backward | undefined): ArenaPlan =>
    planArena(computeLiveness(streamed, ports, how), streamed.steps.length);
  const arena = plan(backward);
  if (backward !== "cheap" || budget === undefined || arena.bytes <= budget) return arena;
  const tighter = plan("any");
  return tighter.bytes < arena.bytes ? tighter : arena;
}

/** The first of the schedules whose arena the regions hold; else the one that comes closest. */
function divideBest(
  schedules: readonly Schedule[],
  { ports, backward: wanted, ram }: PlanGoal,
  regions: readonly Region[],
): PlanWithin {
  const backwards = new Set<Backward>([wanted ?? "any", "any"]);
  let best: PlanWithin | undefined;
  for (const schedule of new Set(schedules)) {
    for (const backward of backwards) {
      const liveness = computeLiveness(schedule, ports, backward);
      const traffic = trafficOf(schedule, ports, liveness.blocks);
      const { arena, excess } = divideArena(liveness, schedule.steps.length, traffic, regions);
      const plan = { schedule, arena, excess: Math.max(excess, arena.bytes - (ram ?? arena.bytes)) };
      if (plan.excess === 0) return plan;
      if (best === undefined || plan.excess < best.excess) best = plan;
    }
  }
  return must(best, "plan");
}
