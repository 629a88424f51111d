/**
 * A layout of a pool that is made in the order of time: item by item as each is first needed, at the ends of the gaps that are free for
 * as long as it is. Of the many ways to do so those that look best are kept (beam search). What lies where at one time decides alone
 * what is possible later: two ways that agree on that are one. Scratch memory, of which each call has one piece, lies at the far end.
 */
import { must } from "../diagnostics.js";
import { ARENA_ALIGN, alignBytes } from "./arena-align.js";
import {
  endOf,
  type Layout,
  meet,
  type PlacedItem,
  type Room,
  type Search,
  startOf,
  type Taken,
} from "./place-items.js";
import type { Item, Piece } from "./pool-items.js";

/** Ways that are kept. */
const WIDTH = { quick: 20, thorough: 100 } as const;

/** Work of one search, in items placed: without an end to it, large pools would take minutes. */
const MOST_ITEMS = 1000;

/** Sizes that are tried; a pool is not tried for less than this share of it. */
const MOST_TRIES = 4;
const LEAST_GAIN = 0.01;

/** A layout of at most so many bytes; undefined where none is found. */
export function placeInTime(
  items: readonly Item[],
  { taken, bytes, search }: { readonly taken: readonly Taken[]; readonly bytes: number; readonly search: Search },
): Layout | undefined {
  if (items.length > MOST_ITEMS) return undefined;
  const tasks = tasksOf(items, taken);
  for (const rank of RANKS) {
    const placed = placeWithin(tasks, { bytes, rank, width: WIDTH[search] });
    if (placed) return { bytes, placed };
  }
  return undefined;
}

/** A smaller layout than one of `known` bytes; undefined where none is found. */
export function improveInTime(items: readonly Item[], { taken, enough }: Room, known: number): Layout | undefined {
  let best: Layout | undefined;
  // All from `high` on have a layout, those below `low` none that was found.
  let [low, high] = [enough, known];
  for (let i = 0; i < MOST_TRIES && high - low > LEAST_GAIN * known; i++) {
    const bytes = alignBytes((low + high) >> 1);
    const found = placeInTime(items, { taken, bytes, search: "thorough" });
    if (found) {
      best = found;
      high = bytes;
    } else {
      low = bytes;
    }
  }
  return best;
}

/** An item to place, and when. */
interface Task {
  readonly item: Item;
  readonly from: number;
  readonly to: number;
  /** Of each of its pieces, the bytes that are not free for it. */
  readonly taken: readonly (readonly Taken[])[];
}

interface Tasks {
  readonly items: readonly Task[];
  readonly scratch: readonly Item[];
}

function tasksOf(items: readonly Item[], taken: readonly Taken[]): Tasks {
  const isScratch = (item: Item): boolean => item.rows === undefined && item.isState !== true;
  const tasks = items
    .filter((item) => !isScratch(item))
    .map((item): Task => {
      const from = Math.min(...item.pieces.map(startOf));
      const to = Math.max(...item.pieces.map(endOf));
      return { item, from, to, taken: item.pieces.map((piece) => taken.filter((one) => meet(one, piece))) };
    });
  return {
    items: tasks.toSorted((a, b) => a.from - b.from || b.to - a.to || b.item.bytes - a.item.bytes),
    scratch: items.filter(isScratch),
  };
}

/** Bytes that a piece takes from some event to its last. */
interface Alive {
  readonly start: number;
  readonly end: number;
  readonly to: number;
  readonly piece: Piece;
}

/** One way to place the items up to some event. */
interface Way {
  /** What is needed from there on, by its start. */
  readonly alive: readonly Alive[];
  readonly last: Placement | undefined;
  readonly rank: number;
}

interface Placement extends PlacedItem {
  readonly before: Placement | undefined;
}

/** How good it looks at an event to have these bytes taken in a pool of some size: the larger, the better. */
type Rank = (alive: readonly Alive[], now: number, bytes: number) => number;

/** Events beyond which a life is long. */
const LONG = 60;

/** What lives long lies low. */
function lowForLong(alive: readonly Alive[], now: number, bytes: number): number {
  return (
    -alive.reduce((sum, { start, end, to }) => sum + (end - start) * start * Math.min(LONG, to - now), 0) / bytes ** 2
  );
}

/** Neighbours end together, without gaps between them. */
function togetherForAlike(alive: readonly Alive[]): number {
  let rank = 0;
  for (let i = 1; i < alive.length; i++) {
    const [one, next] = [must(alive[i - 1], "piece"), must(alive[i], "piece")];
    rank -= Math.min(40, Math.abs(next.to - one.to)) + (next.start > one.end ? 20 : 0);
  }
  return rank;
}

const RANKS: readonly Rank[] = [
  lowForLong,
  (alive, now, bytes) => togetherForAlike(alive) + lowForLong(alive, now, bytes),
];

/** All items within so many bytes; undefined where no way is left. */
function placeWithin(
  { items, scratch }: Tasks,
  { bytes, rank, width }: { readonly bytes: number; readonly rank: Rank; readonly width: number },
): readonly PlacedItem[] | undefined {
  const atEnd = scratch.map((item) => ({ item, offset: bytes - item.bytes }));
  if (atEnd.some(({ offset }) => offset < 0)) return undefined;
  const fixed = atEnd.flatMap(({ item, offset }) =>
    item.pieces.map(({ spans }): Taken => ({ start: offset, end: bytes, spans })),
  );
  let ways: readonly Way[] = [{ alive: [], last: undefined, rank: 0 }];
  for (const [i, task] of items.entries()) {
    const next = items[i + 1]?.from ?? Number.POSITIVE_INFINITY;
    const found = new Map<string, Way>();
    const blocked = task.item.pieces.map((piece, k) => [
      ...must(task.taken[k], "piece"),
      ...fixed.filter((one) => meet(one, piece)),
    ]);
    for (const way of ways) {
      const still = way.alive.filter(({ to }) => to >= next);
      for (const offset of gapEnds(task, way, blocked, bytes)) {
        const alive = aliveWith(still, task, offset, next);
        const key = keyOf(alive);
        if (found.has(key)) continue;
        const last = { item: task.item, offset, before: way.last };
        found.set(key, { alive, last, rank: rank(alive, task.from, bytes) });
      }
    }
    ways =
      found.size > width ? [...found.values()].sort((a, b) => b.rank - a.rank).slice(0, width) : [...found.values()];
    if (ways.length === 0) return undefined;
  }
  const placed: PlacedItem[] = [...atEnd];
  for (let one = ways[0]?.last; one !== undefined; one = one.before)
    placed.push({ item: one.item, offset: one.offset });
  return placed;
}

/** What is needed at the next event, the new item included. */
function aliveWith(still: readonly Alive[], { item }: Task, offset: number, next: number): readonly Alive[] {
  const alive = [...still];
  for (const piece of item.pieces) {
    const to = endOf(piece);
    if (to < next) continue;
    const start = offset + piece.at;
    const behind = alive.findIndex((other) => other.start > start);
    alive.splice(behind < 0 ? alive.length : behind, 0, { start, end: start + piece.bytes, to, piece });
  }
  return alive;
}

/** The same for ways with the same future. */
function keyOf(alive: readonly Alive[]): string {
  let key = "";
  for (const { start, to } of alive) key += String.fromCharCode(start / ARENA_ALIGN, (start / ARENA_ALIGN) >> 16, to);
  return key;
}

/** Offsets at either end of each gap that is large enough. */
function gapEnds(
  { item }: Task,
  { alive }: Way,
  blocked: readonly (readonly Pick<Taken, "start" | "end">[])[],
  bytes: number,
): ReadonlySet<number> {
  /** Between these, both excluded, the item may not start. */
  const closed: { from: number; to: number }[] = [];
  item.pieces.forEach((piece, k) => {
    const close = ({ start, end }: Pick<Taken, "start" | "end">): void => {
      closed.push({ from: start - piece.at - piece.bytes, to: end - piece.at });
    };
    for (const one of must(blocked[k], "piece")) close(one);
    for (const other of alive) if (meet(other.piece, piece)) close(other);
  });
  closed.sort((a, b) => a.from - b.from);
  const offsets = new Set<number>();
  const most = bytes - item.bytes;
  let offset = 0;
  for (const { from, to } of [...closed, { from: most, to: Number.POSITIVE_INFINITY }]) {
    const last = alignBytes(Math.min(from, most) - ARENA_ALIGN + 1);
    if (offset <= last) offsets.add(offset).add(last);
    if (to > offset) offset = alignBytes(to);
    if (offset > most) break;
  }
  return offsets;
}
