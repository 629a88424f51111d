/**
 * Arena planning: gives every block an offset such that no two blocks that live at the same time overlap, in as few
 * bytes as it can. Best fit over several orders (size, lifetime, start), then a bounded search that moves the blocks of
 * the peak first; stops as soon as the lower bound is reached. The result is checked, whatever made it.
 */
import { invariant, must } from "../diagnostics.js";
import type { TensorId } from "../ir/graph.js";
import { ARENA_ALIGN, alignBytes } from "./arena-align.js";
import { aliveBytes, type Block, type Liveness, type Overlap } from "./liveness.js";
import type { SafeDistances } from "./overlap.js";
import type { ArenaPlan, Place, Slot, SlotOverlap } from "./schedule.js";

/** Orders tried after the deterministic ones: each costs the square of the number of blocks, of which so much is spent. */
const SEARCH_COST = 16_000_000;
const SEARCH_ROUNDS = { least: 400, most: 4000 } as const;

/** `enough`: bytes of arena that are few enough to end the search. */
export function planArena(liveness: Liveness, stepCount: number, enough = 0): ArenaPlan {
  const busiest = Math.max(0, ...aliveBytes(liveness, stepCount));
  return planWith(liveness, stepCount, packBlocks(liveness, { enough: Math.max(enough, busiest) }).offsets);
}

/** How far to go in search of a smaller layout. */
export interface PackGoal {
  /** Bytes that are good enough. */
  readonly enough: number;
  /** Most orders that are tried after the deterministic ones. */
  readonly rounds?: number;
}

export interface Packed {
  /** Of the blocks that are not the caller's, in their order. */
  readonly offsets: readonly number[];
  readonly bytes: number;
}

/** Places the blocks that are not the caller's in one piece of memory. */
export function packBlocks({ blocks, overlaps }: Liveness, goal: PackGoal): Packed {
  const inArena = blocks.filter((block) => block.caller === undefined);
  return bestOffsets(inArena, separationRules(inArena, overlaps), goal);
}

/** The plan that has the blocks that are not the caller's at these offsets. */
export function planWith(liveness: Liveness, stepCount: number, offsets: readonly number[]): ArenaPlan {
  const { blocks, overlaps } = liveness;
  const inArena = blocks.filter((block) => block.caller === undefined);
  const alive = aliveBytes(liveness, stepCount);
  const peakStep = Math.max(0, alive.indexOf(Math.max(0, ...alive)));
  const slots = inArena.map((block, i): Slot => {
    const { tensors, bytes, firstStep, lastStep, scratchOf, pool } = block;
    return {
      tensors,
      bytes,
      firstStep,
      lastStep,
      offset: must(offsets[i], "offset"),
      ...(scratchOf === undefined ? {} : { scratchOf }),
      ...(pool === undefined ? {} : { pool }),
    };
  });
  const used = usedOverlaps(inArena, slots, overlaps);
  checkNoOverlap(slots, used);
  const bytes = slots.reduce((end, slot) => Math.max(end, slot.offset + alignBytes(slot.bytes)), 0);
  return {
    bytes,
    align: ARENA_ALIGN,
    slots,
    overlaps: used,
    places: placesOf(blocks, offsets),
    scratch: new Map(
      slots.flatMap(({ scratchOf, pool, offset }) =>
        scratchOf === undefined ? behind(offset, pool?.scratch) : [[scratchOf, offset] as const],
      ),
    ),
    state: new Map(slots.flatMap(({ pool, offset }) => behind(offset, pool?.state))),
    // What is alive counts the best overlap alone: an output that grows over two inputs at once can do with less.
    lowerBound: Math.min(boundOf(liveness, stepCount), bytes),
    peakStep,
  };
}

/** Bytes alive at the busiest step, pools as small as their busiest row allows. */
function boundOf({ blocks, overlaps }: Liveness, stepCount: number): number {
  const atBest = new Map(blocks.map((block) => [block, { ...block, bytes: block.pool?.lowerBound ?? block.bytes }]));
  const smallest = (block: Block): Block => must(atBest.get(block), "block");
  const alive = aliveBytes(
    {
      blocks: blocks.map(smallest),
      overlaps: overlaps.map((one) => ({
        ...one,
        input: smallest(one.input),
        output: smallest(one.output),
        distances: { ...one.distances, forward: one.input.pool?.grown?.lowerBound ?? one.distances.forward },
      })),
    },
    stepCount,
  );
  return Math.max(0, ...alive);
}

function live(a: { firstStep: number; lastStep: number }, b: { firstStep: number; lastStep: number }): boolean {
  return a.firstStep <= b.lastStep && b.firstStep <= a.lastStep;
}

/** How two blocks must lie. */
interface SeparationRules {
  /** True where the blocks live at the same time. */
  readonly conflicts: (i: number, j: number) => boolean;
  /** How output i may overlap input j: ahead of it by `forward` bytes or behind it by `backward`, in units of the arena. */
  readonly distances: (output: number, input: number) => SafeDistances | undefined;
}

function separationRules(blocks: readonly Block[], overlaps: readonly Overlap[]): SeparationRules {
  const index = new Map(blocks.map((block, i) => [block, i]));
  const count = blocks.length;
  const byPair = new Map<number, SafeDistances>();
  for (const { output, input, distances } of overlaps) {
    const [o, i] = [index.get(output), index.get(input)];
    if (o === undefined || i === undefined) continue;
    byPair.set(o * count + i, { forward: alignBytes(distances.forward), backward: alignBytes(distances.backward) });
  }
  return {
    conflicts: (i, j) => live(must(blocks[i], "block"), must(blocks[j], "block")),
    distances: (output, input) => byPair.get(output * count + input),
  };
}

function bestOffsets(blocks: readonly Block[], rules: SeparationRules, goal: PackGoal): Packed {
  const indices = blocks.map((_, i) => i);
  const size = (i: number): number => blocks[i]?.bytes ?? 0;
  const start = (i: number): number => blocks[i]?.firstStep ?? 0;
  const life = (i: number): number => (blocks[i]?.lastStep ?? 0) - start(i) + 1;
  const orders = [
    indices.slice().sort((a, b) => size(b) - size(a) || start(a) - start(b)),
    indices.slice().sort((a, b) => size(b) * life(b) - size(a) * life(a) || start(a) - start(b)),
    indices.slice().sort((a, b) => life(b) - life(a) || size(b) - size(a)),
    indices.slice().sort((a, b) => start(a) - start(b) || size(b) - size(a)),
  ];
  let best = place(blocks, rules, must(orders[0], "order"));
  let bestOrder = must(orders[0], "order");
  const consider = (order: number[], takesEqual = false): void => {
    const candidate = place(blocks, rules, order);
    if (candidate.end < best.end || (takesEqual && candidate.end === best.end)) {
      best = candidate;
      bestOrder = order;
    }
  };
  for (const order of orders) consider(order);
  const affordable = Math.floor(SEARCH_COST / (blocks.length * blocks.length + 1));
  const rounds = Math.min(
    SEARCH_ROUNDS.most,
    Math.max(SEARCH_ROUNDS.least, affordable),
    goal.rounds ?? SEARCH_ROUNDS.most,
  );
  let state = 1;
  for (let round = 0; round < rounds && best.end > goal.enough; round++) {
    const order = bestOrder.slice();
    // A linear congruential step (Numerical Recipes) picks a block to place earlier; same plan on every run. Every other time it
    // is one of those that reach the end.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const last = order.flatMap((i, at) => ((best.offsets[i] ?? 0) + alignBytes(size(i)) === best.end ? [at] : []));
    const from = round % 2 === 0 ? must(last[(state >>> 8) % last.length], "last block") : state % order.length;
    const to = (state >>> 16) % (from + 1);
    const [moved] = order.splice(from, 1);
    if (moved !== undefined) order.splice(to, 0, moved);
    // Orders that are as good lead to others.
    consider(order, true);
  }
  return { offsets: best.offsets, bytes: best.end };
}

/** Places blocks in the given order, each where it fits tightest beside those already placed, else behind them. */
function place(
  blocks: readonly Block[],
  rules: SeparationRules,
  order: readonly number[],
): { offsets: number[]; end: number } {
  const offsets = new Array<number>(blocks.length).fill(0);
  const placed: number[] = [];
  let end = 0;
  const bytesOf = (i: number): number => alignBytes(blocks[i]?.bytes ?? 0);
  for (const i of order) {
    // Between `from` and `to`, both excluded, block i may not start.
    const forbidden = placed
      .filter((j) => rules.conflicts(i, j))
      .map((j) => {
        const at = offsets[j] ?? 0;
        const asOutput = rules.distances(i, j);
        const asInput = rules.distances(j, i);
        return {
          from: at - Math.min(bytesOf(i), asOutput?.forward ?? bytesOf(i), asInput?.backward ?? bytesOf(i)),
          to: at + Math.min(bytesOf(j), asOutput?.backward ?? bytesOf(j), asInput?.forward ?? bytesOf(j)),
        };
      })
      .sort((a, b) => a.from - b.from);
    let bestGap = Number.POSITIVE_INFINITY;
    let offset = -1;
    let cursor = 0;
    for (const { from, to } of forbidden) {
      const gap = from - cursor;
      if (gap >= 0 && gap < bestGap) {
        bestGap = gap;
        offset = cursor;
      }
      cursor = Math.max(cursor, to);
    }
    if (offset < 0) offset = cursor;
    offsets[i] = offset;
    placed.push(i);
    end = Math.max(end, offset + bytesOf(i));
  }
  return { offsets, end };
}

function behind(
  offset: number,
  offsets: ReadonlyMap<number, number> = new Map(),
): readonly (readonly [step: number, offset: number])[] {
  return Array.from(offsets, ([step, at]) => [step, offset + at]);
}

function placesOf(blocks: readonly Block[], offsets: readonly number[]): ReadonlyMap<TensorId, Place> {
  const places = new Map<TensorId, Place>();
  let arenaIndex = 0;
  for (const block of blocks) {
    const offset = block.caller ? undefined : must(offsets[arenaIndex++], "offset");
    for (const id of block.tensors) {
      if (block.caller) places.set(id, block.caller);
      else {
        places.set(id, placeIn(block, must(offset, "offset"), id));
      }
    }
  }
  return places;
}

function placeIn({ pool, starts }: Block, offset: number, id: TensorId): Place {
  const rowOffsets = pool?.rows.get(id)?.offsets.map((at) => offset + at);
  return rowOffsets === undefined
    ? { kind: "arena", offset: offset + (starts?.get(id) ?? 0) }
    : { kind: "arena", offset: must(rowOffsets[0], "row"), rowOffsets };
}

/** The overlaps that the offsets make use of. */
function usedOverlaps(
  blocks: readonly Block[],
  slots: readonly Slot[],
  overlaps: readonly Overlap[],
): readonly SlotOverlap[] {
  return overlaps.flatMap(({ output, input, step, distances }) => {
    const [o, i] = [blocks.indexOf(output), blocks.indexOf(input)];
    const [a, b] = [slots[o], slots[i]];
    if (!a || !b || areDisjoint(a, b)) return [];
    const backward = b.offset - a.offset < distances.forward;
    return [{ output: o, input: i, step, backward, distance: backward ? distances.backward : distances.forward }];
  });
}

function areDisjoint(a: Slot, b: Slot): boolean {
  return a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
}

/** Two slots that are alive at the same step share no byte, but for an output that keeps its distance from its input. */
export function checkNoOverlap(slots: readonly Slot[], overlaps: readonly SlotOverlap[]): void {
  const isDeclared = (i: number, j: number): boolean =>
    overlaps.some(({ output, input, step, backward, distance }) => {
      if (output !== i || input !== j) return false;
      const [a, b] = [must(slots[i], "slot"), must(slots[j], "slot")];
      const between = backward ? a.offset - b.offset : b.offset - a.offset;
      return a.firstStep === step && b.lastStep >= step && between >= distance;
    });
  slots.forEach((a, i) => {
    for (let j = i + 1; j < slots.length; j++) {
      const b = must(slots[j], "slot");
      invariant(
        areDisjoint(a, b) || !live(a, b) || isDeclared(i, j) || isDeclared(j, i),
        `slots of ${nameOf(a)} and ${nameOf(b)} overlap while both are alive`,
      );
    }
  });
}

function nameOf(slot: Slot): string {
  return slot.scratchOf === undefined
    ? slot.tensors.map((id) => `%${id}`).join(", ")
    : `scratch of step ${slot.scratchOf}`;
}
