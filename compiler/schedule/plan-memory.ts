/**
 * The search for the plan of memory that a goal asks for: the smallest at a price in time, or the fastest within a limit. Where the
 * first plan is larger than it may be, tighter ones are made, the least of all last.
 */
import { alignBytes } from "./arena-align.js";
import { waitCycles } from "./divide-arena.js";
import { type MemoryOptions, makePlanner, type PlanGoal, type PlanWithin, roomFor, roomOf } from "./plan-within.js";
import type { Schedule } from "./schedule.js";
import { scheduleCycles } from "./schedule-cycles.js";
import type { StreamOptions } from "./stream-rows.js";

export interface MemoryPlan extends PlanWithin {
  /** A smaller plan that was not taken because of its price. */
  readonly least?: { readonly bytes: number; readonly price: number };
  /** Where there was one: modelled cycles that this plan takes more than layer by layer, as a share of those. */
  readonly price?: number;
}

type PlanFor = (goal: PlanGoal) => PlanWithin;

export function planMemory(chosen: Schedule, options: MemoryOptions): MemoryPlan {
  const { ports, optimize, callOfBlocks } = options;
  const goal: StreamOptions = {
    ports,
    backward: optimize === "ram" || options.isLeast ? "any" : "cheap",
    callOfBlocks,
  };
  const planFor = makePlanner(chosen, options);
  const fitting = (): PlanWithin | undefined => fastestWithin(planFor, { ...goal, budget: roomFor(options) });
  const firstPlan = (): MemoryPlan | undefined => {
    if (isAtAnyPrice(options)) return leastOf(planFor, goal);
    const most = mostPrice(options);
    if (most === undefined) return fitting();
    const layers = layerByLayer(chosen, goal, options);
    return leastAtPrice(planFor, goal, { most, layers, isForRam: isForRam(options) });
  };
  const first = firstPlan();
  if (first?.excess === 0) return fastest([first, ...fasterMemories(planFor, options)]);
  const least = leastPlan(planFor, goal);
  return least.excess > 0 ? least : (fitting() ?? least);
}

/**
 * Budgets of streams that are tried, as shares of the bytes that there are: what they leave is for blocks of rows and joins. Few where
 * many limits are tried.
 */
const SHARES = [1, 0.85, 0.7, 0.5];
const FEW_SHARES = [1, 0.7];

/** The plan of the fewest modelled cycles that fits. */
function fastestWithin(
  planFor: PlanFor,
  goal: PlanGoal & { readonly budget: number },
  shares = SHARES,
): PlanWithin | undefined {
  const plans = shares.map((share) => planFor({ ...goal, budget: Math.floor(share * goal.budget) }));
  const fit = plans.filter(({ excess }) => excess === 0);
  return fit.length === 0 ? undefined : fastest(fit);
}

/** Share of its modelled cycles that a network may spend on running by rows, where RAM is the goal and where it is one of two. */
const RAM_PRICE = 0.03;
const BALANCED_PRICE = 0.02;

/** There is no layer by layer to compare with where the output never exists as a whole. */
function isAtAnyPrice({ ram, isLeast, ports }: MemoryOptions): boolean {
  return ram === undefined && (isLeast || ports.output === "rows");
}

/** What a small arena may cost; undefined where it need not be smaller than there is room for. */
function mostPrice(options: MemoryOptions): number | undefined {
  if (options.ram !== undefined) return undefined;
  if (isForRam(options)) return RAM_PRICE;
  return options.optimize === "balanced" ? BALANCED_PRICE : undefined;
}

/** Who hands over rows has no room for the whole. */
function isForRam({ optimize, ports }: MemoryOptions): boolean {
  return optimize === "ram" || ports.input === "rows";
}

interface Price {
  /** Modelled cycles without streams, with all the RAM that kernels could use. */
  readonly layers: number;
  /** Most cycles above those, as a share of them. */
  readonly most: number;
  /** True where the least of all plans comes first, not the least of those whose streams seem cheap enough. */
  readonly isForRam: boolean;
}

/** The search for the least arena that is cheap enough ends where it is known to this share of it. */
const PRICE_STEP = 1 / 32;

/** The least arena whose plan does not cost too much. */
function leastAtPrice(planFor: PlanFor, goal: StreamOptions, { layers, most, isForRam }: Price): MemoryPlan {
  const priceOf = ({ schedule }: PlanWithin): number => scheduleCycles(schedule) / layers - 1;
  const small = isForRam ? leastOf(planFor, goal) : planFor({ ...goal, overhead: most * layers });
  const least = { bytes: small.arena.bytes, price: priceOf(small) };
  if (least.price <= most) return small;
  let best = planFor({ ...goal, budget: Number.POSITIVE_INFINITY });
  let low = least.bytes;
  while (best.arena.bytes - low > PRICE_STEP * low) {
    const ram = alignBytes((low + best.arena.bytes) >> 1);
    const plan = fastestWithin(planFor, { ...goal, budget: ram, ram }, FEW_SHARES);
    if (plan && priceOf(plan) <= most && plan.arena.bytes < best.arena.bytes) best = plan;
    else low = ram;
  }
  return { ...best, least, price: priceOf(best) };
}

function layerByLayer(chosen: Schedule, goal: StreamOptions, options: MemoryOptions): number {
  const ports = { ...options.ports, input: "whole", output: "whole" } as const;
  const [budget, ram] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const planFor = makePlanner(chosen, { ...options, ports, regions: [] });
  return scheduleCycles(planFor({ ...goal, ports, budget, ram }).schedule);
}

/** Budgets above the lower bound, as shares of it: streams that need a little more can lie closer. */
const SLACKS: readonly number[] = [1.03, 1.06, 1.1];

/**
 * Where blocks of rows in streams stand in the way of the least arena, there are none; where the streams of the least peak leave gaps in
 * the arena, others are tried.
 */
function leastOf(planFor: PlanFor, goal: StreamOptions): PlanWithin {
  let best = planFor(goal);
  const { lowerBound } = best.arena;
  const { callOfBlocks: _, ...plain } = goal;
  const others: PlanGoal[] = [plain, ...SLACKS.map((slack) => ({ ...goal, budget: Math.floor(slack * lowerBound) }))];
  for (const other of others) {
    if (best.arena.bytes <= Math.max(lowerBound, other.budget ?? 0)) break;
    const plan = planFor(other);
    if (plan.arena.bytes < best.arena.bytes) best = plan;
  }
  return best;
}

/** What comes closest to fitting: whoever asks for as many bytes as it takes gets it. */
function leastPlan(planFor: PlanFor, goal: StreamOptions): PlanWithin {
  const any = leastOf(planFor, { ...goal, backward: "any" });
  const cheap = planFor({ ...goal, budget: 0 });
  return cheap.excess < any.excess ? cheap : any;
}

/** Plans that run more layers by rows, to need only the fastest of the memories, or the fastest two, and so on. */
function fasterMemories(
  planFor: PlanFor,
  { ports, optimize, regions, callOfBlocks }: MemoryOptions,
): readonly PlanWithin[] {
  if (regions.length < 2 || optimize === "ram") return [];
  const goal = { ports, backward: "cheap", callOfBlocks } as const;
  return regions
    .slice(1)
    .map((_, i) => planFor({ ...goal, budget: roomOf(regions.slice(0, i + 1)) }))
    .filter(({ excess }) => excess === 0);
}

/** The plan of the fewest modelled cycles: kernels, loops around rows and words that the core waits for. */
function fastest(plans: readonly MemoryPlan[]): MemoryPlan {
  const cycles = ({ schedule, arena }: MemoryPlan): number =>
    scheduleCycles(schedule) + waitCycles(arena.regions ?? []);
  return plans.reduce((best, plan) => (cycles(plan) < cycles(best) ? plan : best));
}
