/**
 * From the kernels to the plan of memory: which layers run row by row, which kernels make several rows at once, and where
 * everything lies, in one block or divided over several memories. Where the first plan is larger than it may be, tighter ones are
 * made, the least of all last.
 */
import { must } from "../diagnostics.js";
import type { KernelContext } from "../ops/kernel.js";
import { type BlockOptions, blockRows, blocksInPlace, type Planned, singleRows } from "./block-rows.js";
import { divideArena, waitCycles } from "./divide-arena.js";
import { type Backward, computeLiveness } from "./liveness.js";
import { placeParts } from "./place-parts.js";
import { planArena } from "./plan-arena.js";
import type { Region } from "./regions.js";
import type { ArenaPlan, PortOptions, Schedule } from "./schedule.js";
import { scheduleCycles } from "./schedule-cycles.js";
import { type CallOfBlocks, type StreamOptions, streamRows } from "./stream-rows.js";
import { trafficOf } from "./traffic.js";

export interface MemoryOptions extends KernelContext {
  readonly ports: PortOptions;
  /** Most bytes of arena. */
  readonly ram?: number;
  /** The memories that it may be divided over, or the one that it lies in; empty: one block, as large as the target allows. */
  readonly regions: readonly Region[];
  readonly callOfBlocks: CallOfBlocks;
}

export interface MemoryPlan {
  readonly schedule: Schedule;
  readonly arena: ArenaPlan;
  /** Bytes that the arena is larger than `ram` or the regions allow; 0 where it fits. */
  readonly excess: number;
}

export function planMemory(chosen: Schedule, options: MemoryOptions): MemoryPlan {
  const goal = { ...streamOptions(options), callOfBlocks: options.callOfBlocks };
  const isLeast = goal.budget === undefined && goal.overhead === undefined;
  const first = isLeast ? leastOf(chosen, goal, options) : planFor(chosen, goal, options);
  if (first.excess === 0) return fastest([first, ...fasterMemories(chosen, options)]);
  const least = leastPlan(chosen, goal, options);
  if (least.excess > 0) return least;
  // Something fits: the more rows are in flight the better for time.
  const limit = Math.min(roomOf(options.regions), options.ram ?? Number.POSITIVE_INFINITY);
  for (const share of SHARES) {
    const plan = planFor(chosen, { ...goal, budget: Math.floor(share * limit) }, options);
    if (plan.excess === 0) return plan;
  }
  return least;
}

/** Budgets above the lower bound, as shares of it: streams that need a little more can lie closer. */
const SLACKS: readonly number[] = [1.03, 1.06, 1.1];

/**
 * Where blocks of rows in streams stand in the way of the least arena, there are none; where the streams of the least peak leave gaps in
 * the arena, others are tried.
 */
function leastOf(chosen: Schedule, goal: StreamOptions, options: MemoryOptions): MemoryPlan {
  let best = planFor(chosen, goal, options);
  const { lowerBound } = best.arena;
  const { callOfBlocks: _, ...plain } = goal;
  const others = [plain, ...SLACKS.map((slack) => ({ ...goal, budget: Math.floor(slack * lowerBound) }))];
  for (const other of others) {
    if (best.arena.bytes <= Math.max(lowerBound, other.budget ?? 0)) break;
    const plan = planFor(chosen, other, options);
    if (plan.arena.bytes < best.arena.bytes) best = plan;
  }
  return best;
}

/** What comes closest to fitting: whoever asks for as many bytes as it takes gets it. */
function leastPlan(chosen: Schedule, goal: StreamOptions, options: MemoryOptions): MemoryPlan {
  const { ports } = options;
  const { callOfBlocks } = options;
  const any = leastOf(chosen, { ports, backward: "any", callOfBlocks }, options);
  const cheap = planFor(chosen, { ...goal, budget: 0 }, options);
  return cheap.excess < any.excess ? cheap : any;
}

/** Plans that run more layers by rows, to need only the fastest of the memories, or the fastest two, and so on. */
function fasterMemories(chosen: Schedule, options: MemoryOptions): readonly MemoryPlan[] {
  const { ports } = options;
  if (options.regions.length < 2 || options.optimize === "ram") return [];
  return options.regions
    .slice(1)
    .map((_, i) =>
      planFor(
        chosen,
        {
          ports,
          backward: "cheap",
          budget: roomOf(options.regions.slice(0, i + 1)),
          callOfBlocks: options.callOfBlocks,
        },
        options,
      ),
    )
    .filter(({ excess }) => excess === 0);
}

/** The plan of the fewest modelled cycles: kernels, loops around rows and words that the core waits for. */
function fastest(plans: readonly MemoryPlan[]): MemoryPlan {
  const cycles = ({ schedule, arena }: MemoryPlan): number =>
    scheduleCycles(schedule) + waitCycles(arena.regions ?? []);
  return plans.reduce((best, plan) => (cycles(plan) < cycles(best) ? plan : best));
}

/** Budgets that are tried between what the goal takes and the least, as shares of what there is room for. */
const SHARES = [1, 0.9, 0.8, 0.7, 0.6, 0.5];

/** Share of its instructions that a network may spend on running by rows where RAM is one goal of two. */
const BALANCED_OVERHEAD = 0.01;

/** How far to go for a small arena: `ram` to the end, `balanced` where it costs next to nothing, else only to fit the target. */
function streamOptions({ optimize, ports, target, ram, regions }: MemoryOptions): StreamOptions {
  const common = { ports, backward: optimize === "ram" ? ("any" as const) : ("cheap" as const) };
  if (ram !== undefined) return { ...common, budget: ram };
  // Who hands over rows has no room for the whole.
  if (optimize === "ram" || ports.input === "rows" || ports.output === "rows") return common;
  if (optimize === "balanced") return { ...common, overhead: BALANCED_OVERHEAD };
  if (regions.length > 0) return { ...common, budget: roomOf(regions) };
  const largest = Math.max(0, ...target.memory.filter((region) => region.use === "ram").map((region) => region.bytes));
  return { ...common, budget: largest === 0 ? Number.POSITIVE_INFINITY : largest };
}

function roomOf(regions: readonly Region[]): number {
  return regions.length === 0 ? Number.POSITIVE_INFINITY : regions.reduce((sum, { bytes }) => sum + bytes, 0);
}

function planFor(chosen: Schedule, goal: StreamOptions, options: MemoryOptions): MemoryPlan {
  const { optimize, ram, callOfBlocks } = options;
  const blocks: BlockOptions = { ...goal, callOfBlocks };
  const start = optimize === "speed" ? chosen : blocksInPlace(chosen, singleRows(chosen), blocks);
  const streamed = streamRows(start, goal);
  const single: Planned = { schedule: streamed, arena: placeAll(streamed, goal) };
  const blocked = blockRows(chosen, single, blocks, Math.max(single.arena.bytes, ram ?? 0));
  if (options.regions.length > 1) return divideBest([blocked.schedule, streamed], goal, options);
  const limit = Math.max(blocked.arena.bytes, ram ?? 0);
  const { schedule, arena } = placeParts(blocked, { ...goal, limit, alone: start.steps }, options);
  return { schedule, arena, excess: Math.max(0, arena.bytes - Math.min(roomOf(options.regions), ram ?? roomOf([]))) };
}

/** Layers lose time by running backward only where the arena would not fit otherwise, or where RAM is the goal. */
function placeAll(streamed: Schedule, { ports, budget, backward }: StreamOptions): ArenaPlan {
  const plan = (how: Backward | undefined): ArenaPlan =>
    planArena(computeLiveness(streamed, ports, how), streamed.steps.length);
  const arena = plan(backward);
  if (backward !== "cheap" || budget === undefined || arena.bytes <= budget) return arena;
  const tighter = plan("any");
  return tighter.bytes < arena.bytes ? tighter : arena;
}

/** The first of the schedules whose arena the regions hold; else the one that comes closest. */
function divideBest(schedules: readonly Schedule[], goal: StreamOptions, options: MemoryOptions): MemoryPlan {
  const { ports, ram, regions } = options;
  const backwards = new Set<Backward>([goal.backward ?? "any", "any"]);
  let best: MemoryPlan | undefined;
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
