/**
 * Arena planning: gives every block an offset such that no two blocks that live at the same time overlap, in as few
 * bytes as it can. Best fit over several orders (size, lifetime, start), then a bounded search that moves the blocks of
 * the peak first; stops as soon as the lower bound is reached. The result is checked, whatever made it.
 */
import { invariant, must } from "../diagnostics.js";
import type { TensorId } from "../ir/graph.js";
import type { Block } from "./liveness.js";
import type { ArenaPlan, Place, Slot } from "./schedule.js";

/** Offsets are multiples of this: enough for int32, int64 and float scratch. */
const ALIGN = 8;
/** Orders tried after the deterministic ones; each costs O(n^2) in the number of blocks. */
const SEARCH_ROUNDS = 400;

export function planArena(blocks: readonly Block[], stepCount: number): ArenaPlan {
  const inArena = blocks.filter((block) => block.caller === undefined);
  const { lowerBound, peakStep } = boundOf(inArena, stepCount);
  const offsets = bestOffsets(inArena, lowerBound);
  const slots = inArena.map((block, i): Slot => {
    const { tensors, bytes, firstStep, lastStep, scratchOf } = block;
    return {
      tensors,
      bytes,
      firstStep,
      lastStep,
      offset: must(offsets[i], "offset"),
      ...(scratchOf === undefined ? {} : { scratchOf }),
    };
  });
  checkNoOverlap(slots);
  return {
    bytes: slots.reduce((end, slot) => Math.max(end, slot.offset + roundUp(slot.bytes)), 0),
    align: ALIGN,
    slots,
    places: placesOf(blocks, offsets),
    scratch: new Map(
      slots.flatMap((slot) => (slot.scratchOf === undefined ? [] : [[slot.scratchOf, slot.offset] as const])),
    ),
    lowerBound,
    peakStep,
  };
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGN) * ALIGN;
}

function live(a: { firstStep: number; lastStep: number }, b: { firstStep: number; lastStep: number }): boolean {
  return a.firstStep <= b.lastStep && b.firstStep <= a.lastStep;
}

/** Bytes alive at the busiest step. */
function boundOf(blocks: readonly Block[], stepCount: number): { lowerBound: number; peakStep: number } {
  let lowerBound = 0;
  let peakStep = 0;
  for (let step = 0; step < stepCount; step++) {
    const alive = blocks
      .filter((b) => b.firstStep <= step && step <= b.lastStep)
      .reduce((sum, b) => sum + roundUp(b.bytes), 0);
    if (alive > lowerBound) {
      lowerBound = alive;
      peakStep = step;
    }
  }
  return { lowerBound, peakStep };
}

function bestOffsets(blocks: readonly Block[], lowerBound: number): readonly number[] {
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
  let best = place(blocks, must(orders[0], "order"));
  let bestOrder = must(orders[0], "order");
  const consider = (order: number[]): void => {
    const candidate = place(blocks, order);
    if (candidate.end < best.end) {
      best = candidate;
      bestOrder = order;
    }
  };
  for (const order of orders) consider(order);
  let state = 1;
  for (let round = 0; round < SEARCH_ROUNDS && best.end > lowerBound; round++) {
    const order = bestOrder.slice();
    // A linear congruential step (Numerical Recipes) picks a block to place earlier; same plan on every run.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const from = state % order.length;
    const to = (state >>> 16) % (from + 1);
    const [moved] = order.splice(from, 1);
    if (moved !== undefined) order.splice(to, 0, moved);
    consider(order);
  }
  return best.offsets;
}

/** Places blocks in the given order, each at the lowest offset where it fits beside those already placed. */
function place(blocks: readonly Block[], order: readonly number[]): { offsets: number[]; end: number } {
  const offsets = new Array<number>(blocks.length).fill(0);
  const placed: number[] = [];
  let end = 0;
  for (const i of order) {
    const block = must(blocks[i], "block");
    const bytes = roundUp(block.bytes);
    const neighbours = placed
      .filter((j) => live(block, must(blocks[j], "block")))
      .map((j) => ({ from: offsets[j] ?? 0, to: (offsets[j] ?? 0) + roundUp(blocks[j]?.bytes ?? 0) }))
      .sort((a, b) => a.from - b.from);
    let bestGap = Number.POSITIVE_INFINITY;
    let offset = -1;
    let cursor = 0;
    for (const neighbour of neighbours) {
      const gap = neighbour.from - cursor;
      if (gap >= bytes && gap < bestGap) {
        bestGap = gap;
        offset = cursor;
      }
      cursor = Math.max(cursor, neighbour.to);
    }
    if (offset < 0) offset = cursor;
    offsets[i] = offset;
    placed.push(i);
    end = Math.max(end, offset + bytes);
  }
  return { offsets, end };
}

function placesOf(blocks: readonly Block[], offsets: readonly number[]): ReadonlyMap<TensorId, Place> {
  const places = new Map<TensorId, Place>();
  let arenaIndex = 0;
  for (const block of blocks) {
    const offset = block.caller ? undefined : must(offsets[arenaIndex++], "offset");
    for (const id of block.tensors) {
      if (block.caller) places.set(id, block.caller);
      else places.set(id, { kind: "arena", offset: must(offset, "offset") });
    }
  }
  return places;
}

/** Two slots that are alive at the same step must not share a byte. */
export function checkNoOverlap(slots: readonly Slot[]): void {
  slots.forEach((a, i) => {
    for (const b of slots.slice(i + 1)) {
      const disjoint = a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
      invariant(disjoint || !live(a, b), `slots of ${nameOf(a)} and ${nameOf(b)} overlap while both are alive`);
    }
  });
}

function nameOf(slot: Slot): string {
  return slot.scratchOf === undefined
    ? slot.tensors.map((id) => `%${id}`).join(", ")
    : `scratch of step ${slot.scratchOf}`;
}
