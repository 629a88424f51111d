/**
 * Layouts of a pool: items one after the other, in some order, each at the lowest offset that is free for as long as it is needed; and
 * the search for a good order.
 */
import { must } from "../diagnostics.js";
import { alignBytes } from "./arena-align.js";
import type { Item, Piece } from "./pool-items.js";

export interface Layout {
  readonly bytes: number;
  readonly placed: readonly PlacedItem[];
}

export interface PlacedItem {
  readonly item: Item;
  readonly offset: number;
}

/** Bytes that are not free at some events. */
export interface Taken {
  readonly start: number;
  readonly end: number;
  readonly spans: Piece["spans"];
}

/** What a layout has to respect, and how far it has to go. */
export interface Room {
  readonly taken: readonly Taken[];
  /** Bytes that are few enough. */
  readonly enough: number;
}

/** Work of the search for a layout, in comparisons of two pieces. */
const SEARCH_COST = 3_000_000;
const SEARCH_ROUNDS = { quick: 20, thorough: 200 } as const;

export type Search = keyof typeof SEARCH_ROUNDS;

/**
 * Some plain orders, then a search: whole tensors are placed earlier or later, all rows of each in turn.
 */
export function layOut(items: readonly Item[], room: Room, search: Search): Layout {
  const { enough } = room;
  const lengthOf = ({ spans }: Piece): number => spans.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const lifetime = ({ pieces }: Item): number => Math.max(...pieces.map(lengthOf));
  const area = ({ pieces }: Item): number => pieces.reduce((sum, piece) => sum + piece.bytes * lengthOf(piece), 0);
  const start = ({ pieces }: Item): number => Math.min(...pieces.map(startOf));
  const orders = [
    items.toSorted((a, b) => b.bytes - a.bytes || start(a) - start(b)),
    items.toSorted((a, b) => area(b) - area(a) || start(a) - start(b)),
    items.toSorted((a, b) => start(a) - start(b) || b.bytes - a.bytes),
    items.toSorted((a, b) => lifetime(b) - lifetime(a) || b.bytes - a.bytes),
  ];
  const placer = makePlacer(items, room.taken);
  let best = { order: items, bytes: placer.place(items) };
  for (const order of orders) {
    if (best.bytes <= enough) break;
    const bytes = placer.place(order, best.bytes - 1);
    if (bytes < best.bytes) best = { order, bytes };
  }
  const random = randomNumbers();
  const rounds = Math.min(SEARCH_ROUNDS[search], Math.floor(SEARCH_COST / (placer.work + 1)));
  let groups = tensorsOf(best.order).toSorted((a, b) => area(must(b[0], "item")) - area(must(a[0], "item")));
  let bytes = placer.place(groups.flat());
  // A tensor is placed earlier or later, and back where that makes the layout larger.
  for (let round = 0; round < rounds && Math.min(bytes, best.bytes) > enough; round++) {
    const from = random() % groups.length;
    const to = random() % groups.length;
    const order = groups.toSpliced(from, 1).toSpliced(to, 0, must(groups[from], "tensor"));
    const found = placer.place(order.flat(), bytes);
    if (found <= bytes) [groups, bytes] = [order, found];
  }
  return placer.layout(bytes < best.bytes ? groups.flat() : best.order);
}

/** The items of each tensor, and of each piece of scratch and state, in their order. */
function tensorsOf(items: readonly Item[]): readonly (readonly Item[])[] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = `${item.step} ${item.rows ? "rows" : item.isState ? "state" : "scratch"}`;
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(item);
  }
  return [...groups.values()];
}

/** Linear congruential steps (Numerical Recipes): the same numbers on every run. */
function randomNumbers(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}

/** Places items in their order, each at the lowest offset where it meets none of those before it. */
interface Placer {
  /** Bytes of the layout; infinite where they are more than `most`. */
  readonly place: (order: readonly Item[], most?: number) => number;
  readonly layout: (order: readonly Item[]) => Layout;
  /** Comparisons that one order takes. */
  readonly work: number;
}

/**
 * Where an item may not start: strictly between two distances from the offset of another item, each three numbers: the other's index,
 * or -1 for offset 0, and the distances.
 */
type Closed = Int32Array;

function makePlacer(items: readonly Item[], taken: readonly Taken[]): Placer {
  const index = new Map(items.map((item, i) => [item, i]));
  const indexOf = (item: Item): number => must(index.get(item), "item");
  const closed = closedBy(items, taken);
  const work = closed.reduce((sum, one) => sum + one.length / 3, 0);
  const offsets = new Int32Array(items.length);
  const place = (order: readonly Item[], most = Number.POSITIVE_INFINITY): number => {
    offsets.fill(-1);
    let bytes = 0;
    for (const item of order) {
      const i = indexOf(item);
      const offset = lowestOffset(must(closed[i], "item"), offsets);
      offsets[i] = offset;
      bytes = Math.max(bytes, offset + item.bytes);
      if (bytes > most) return Number.POSITIVE_INFINITY;
    }
    return bytes;
  };
  const layout = (order: readonly Item[]): Layout => {
    const bytes = place(order);
    return { bytes, placed: order.map((item) => ({ item, offset: offsets[indexOf(item)] ?? 0 })) };
  };
  return { place, layout, work };
}

function lowestOffset(closed: Closed, offsets: Int32Array): number {
  let offset = 0;
  for (let before = -1; before !== offset; ) {
    before = offset;
    for (let k = 0; k < closed.length; k += 3) {
      const other = closed[k] ?? 0;
      const base = other < 0 ? 0 : (offsets[other] ?? 0);
      if (base < 0) continue;
      const end = base + (closed[k + 2] ?? 0);
      if (offset > base + (closed[k + 1] ?? 0) && offset < end) offset = alignBytes(end);
    }
  }
  return offset;
}

function closedBy(items: readonly Item[], taken: readonly Taken[]): readonly Closed[] {
  const closed = items.map((): number[] => []);
  const all = items.flatMap((item, i) => item.pieces.map((piece) => ({ i, piece })));
  const inTime = all.toSorted((a, b) => startOf(a.piece) - startOf(b.piece));
  const close = (i: number, piece: Piece, other: number, { at, bytes }: Pick<Piece, "at" | "bytes">): void => {
    must(closed[i], "item").push(other, at - piece.at - piece.bytes, at + bytes - piece.at);
  };
  inTime.forEach((one, k) => {
    const end = endOf(one.piece);
    for (let j = k + 1; j < inTime.length; j++) {
      const other = must(inTime[j], "piece");
      if (startOf(other.piece) > end) break;
      if (other.i === one.i || !meet(one.piece, other.piece)) continue;
      close(one.i, one.piece, other.i, other.piece);
      close(other.i, other.piece, one.i, one.piece);
    }
    for (const { start: at, end, spans } of taken)
      if (meet(one.piece, { spans })) close(one.i, one.piece, -1, { at, bytes: end - at });
  });
  return closed.map((one) => Int32Array.from(one));
}

export function startOf({ spans }: Pick<Piece, "spans">): number {
  return must(spans[0], "span").from;
}

export function endOf({ spans }: Pick<Piece, "spans">): number {
  return must(spans.at(-1), "span").to;
}

/** True where two pieces matter at the same event. */
export function meet(a: Pick<Piece, "spans">, b: Pick<Piece, "spans">): boolean {
  const [few, many] = a.spans.length <= b.spans.length ? [a.spans, b.spans] : [b.spans, a.spans];
  return few.some(({ from, to }) => {
    // The first span that ends no earlier than this one starts.
    let [low, high] = [0, many.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (must(many[middle], "span").to < from) low = middle + 1;
      else high = middle;
    }
    return (many[low]?.from ?? Number.POSITIVE_INFINITY) <= to;
  });
}
