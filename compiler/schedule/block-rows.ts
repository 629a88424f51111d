/**
 * Kernels that make several output rows per call, where the rows share work, take more scratch memory than the same kernels row by
 * row, and keep more of their input alive. Where RAM is a goal they run alone, and only where that costs no byte of the arena.
 */
import { must } from "../diagnostics.js";
import { rowsPerCall } from "../ops/kernel.js";
import { aliveBytes, type Backward, computeLiveness } from "./liveness.js";
import { planArena } from "./plan-arena.js";
import { type ArenaPlan, type PortOptions, type Schedule, type Step, streamOf } from "./schedule.js";

/** Every step makes one row per call. */
export function singleRows(schedule: Schedule): Schedule {
  return { ...schedule, steps: schedule.steps.map(oneRow) };
}

function oneRow(step: Step): Step {
  const { call, byRows } = step;
  return call && byRows && rowsPerCall(call) > 1 ? { ...step, call: byRows, why: byRows.why } : step;
}

/** Arenas that are laid out in search of a set of blocks that fits. */
const MAX_PLANS = 6;

/**
 * `single`, planned as `arena`, with the calls of `chosen` that make several rows wherever an arena of `limit` bytes allows it; both
 * as they are where it allows none.
 */
export function blockRows(
  { chosen, single, arena }: { readonly chosen: Schedule; readonly single: Schedule; readonly arena: ArenaPlan },
  { ports, backward }: { readonly ports: PortOptions; readonly backward?: Backward },
  limit: number,
): { readonly schedule: Schedule; readonly arena: ArenaPlan } {
  const withBlocks = (indices: ReadonlySet<number>): Schedule => ({
    ...single,
    steps: single.steps.map((step): Step => (indices.has(step.index) ? must(chosen.steps[step.index], "step") : step)),
  });
  const busiest = (index: number): number => {
    const schedule = withBlocks(new Set([index]));
    return aliveBytes(computeLiveness(schedule, ports, backward), schedule.steps.length)[index] ?? 0;
  };
  const open = chosen.steps
    .filter((step) => step.call && rowsPerCall(step.call) > 1 && streamOf(single, step) === undefined)
    .map(({ index }) => ({ index, bytes: busiest(index) }))
    .filter(({ bytes }) => bytes <= limit)
    .sort((a, b) => a.bytes - b.bytes);
  for (let round = 0; round < MAX_PLANS && open.length > 0; round++) {
    const schedule = withBlocks(new Set(open.map(({ index }) => index)));
    const plan = planArena(computeLiveness(schedule, ports, backward), schedule.steps.length);
    if (plan.bytes <= limit) return { schedule, arena: plan };
    open.pop();
  }
  return { schedule: single, arena };
}
