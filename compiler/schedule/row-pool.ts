/**
 * Memory of a stream for what lives and dies in it. Every row of such a tensor, and the scratch of every step, has a place for
 * as long as it is needed and no longer, so that they use the same bytes one after the other. When each is needed is known: the
 * order of the rows is (row-plan.ts). Rings of rows need no table of addresses; rows that are placed one by one fit into less.
 * Each tensor has the one or the other, rings as long as they cost no byte.
 */
import { invariant, must } from "../diagnostics.js";
import type { TensorId } from "../ir/graph.js";
import { alignBytes } from "./arena-align.js";
import {
  heldBy,
  type Item,
  itemsOf,
  livesOf,
  type Piece,
  type PoolContents,
  poolPeak,
  ringLength,
} from "./pool-items.js";
import type { PooledRows, RowPool } from "./schedule.js";

/** Bytes of a pool that is laid out in little time, as soon as it needs no more than `enough`; `planPool` needs no more. */
export function quickPoolBytes(contents: PoolContents, enough = poolPeak(contents)): number {
  return simpleLayout(contents, enough, "quick").bytes;
}

/** A place for everything in the pool. */
export function planPool(contents: PoolContents): RowPool {
  const peak = poolPeak(contents);
  const { bytes, placed } = bestLayout(contents, peak);
  checkApart(placed);
  // Rows in a ring are not aligned each for itself: it may need less than they would.
  return { ...collect(contents, placed), bytes, lowerBound: Math.min(peak, bytes) };
}

/** Rows up to which each tensor is tried as a ring: placing them takes time that grows with their square. */
const MAX_MIXED = 1500;

function bestLayout(contents: PoolContents, peak: number): Layout {
  const simple = simpleLayout(contents, peak, "thorough");
  let best: Layout = simple;
  if (simple.isRings || best.placed.length > MAX_MIXED) return best;
  // The more rows, the larger the table that a ring saves.
  const inOrder = heldBy(contents).toSorted((a, b) => livesOf(contents, b).length - livesOf(contents, a).length);
  const ringed = new Set<number>();
  for (const step of inOrder) {
    const mixed = layOut(itemsOf(contents, ringed.add(step)), peak, "thorough");
    if (mixed.bytes <= best.bytes) best = mixed;
    else ringed.delete(step);
  }
  return best;
}

/** Every tensor as a ring, or, where that needs more than `enough` and than none of them, none. */
function simpleLayout(contents: PoolContents, enough: number, search: Search): Layout & { readonly isRings: boolean } {
  const rings = layOut(itemsOf(contents, new Set(heldBy(contents))), enough, search);
  if (rings.bytes <= enough) return { ...rings, isRings: true };
  const single = layOut(itemsOf(contents, new Set()), enough, search);
  return single.bytes < rings.bytes ? { ...single, isRings: false } : { ...rings, isRings: true };
}

type Search = "quick" | "thorough";

/** Work of the search for a layout, in comparisons of two pieces. */
const SEARCH_COST = 1_500_000;
const SEARCH_ROUNDS = 200;

/**
 * Some plain orders, then a search: whole tensors are placed earlier or later, all rows of each in turn, which settles most, then,
 * where it is to be thorough, single items.
 */
function layOut(items: readonly Item[], enough: number, search: Search): Layout {
  const lengthOf = ({ spans }: Piece): number => spans.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const lifetime = ({ pieces }: Item): number => Math.max(...pieces.map(lengthOf));
  const area = ({ pieces }: Item): number => pieces.reduce((sum, piece) => sum + piece.bytes * lengthOf(piece), 0);
  const start = ({ pieces }: Item): number => Math.min(...pieces.map(({ spans }) => spans[0]?.from ?? 0));
  const orders = [
    items.toSorted((a, b) => b.bytes - a.bytes || start(a) - start(b)),
    items.toSorted((a, b) => area(b) - area(a) || start(a) - start(b)),
    items.toSorted((a, b) => start(a) - start(b) || b.bytes - a.bytes),
    items.toSorted((a, b) => lifetime(b) - lifetime(a) || b.bytes - a.bytes),
  ];
  let best: OrderedLayout<Item> = { order: items, ...place(items) };
  for (const order of orders) {
    if (best.bytes <= enough) return best;
    const found = place(order);
    if (found.bytes < best.bytes) best = { order, ...found };
  }
  const count = items.reduce((sum, { pieces }) => sum + pieces.length, 0);
  const rounds = Math.min(SEARCH_ROUNDS, Math.floor(SEARCH_COST / (count * count + 1)));
  const random = randomNumbers();
  const groups = tensorsOf(best.order).toSorted((a, b) => area(must(b[0], "item")) - area(must(a[0], "item")));
  const placeGroups = (order: readonly (readonly Item[])[]): Layout => place(order.flat());
  const byGroups = improve({ order: groups, ...placeGroups(groups) }, { enough, rounds, random }, placeGroups);
  if (byGroups.bytes < best.bytes) best = { ...byGroups, order: byGroups.order.flat() };
  if (search === "quick") return best;
  const byItems = improve(best, { enough, rounds, random }, place);
  return byItems.bytes < best.bytes ? byItems : best;
}

/** The items of each tensor, and of each piece of scratch and state, in their order. */
function tensorsOf(items: readonly Item[]): readonly (readonly Item[])[] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = `${item.step} ${item.rows ? "rows" : item.isState ? "state" : "scratch"}`;
    groups.set(key, [...(groups.get(key) ?? []), item]);
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

interface SearchLimits {
  readonly enough: number;
  readonly rounds: number;
  readonly random: () => number;
}

type OrderedLayout<Element> = Layout & { readonly order: readonly Element[] };

/** Moves one element after the other to another place in the order, and back where that makes the layout larger. */
function improve<Element>(
  start: OrderedLayout<Element>,
  { enough, rounds, random }: SearchLimits,
  layoutOf: (order: readonly Element[]) => Layout,
): OrderedLayout<Element> {
  let best = start;
  for (let round = 0; round < rounds && best.bytes > enough; round++) {
    const from = random() % best.order.length;
    const to = random() % best.order.length;
    const order = best.order.toSpliced(from, 1).toSpliced(to, 0, must(best.order[from], "element"));
    const found = layoutOf(order);
    if (found.bytes <= best.bytes) best = { order, ...found };
  }
  return best;
}

interface Layout {
  readonly bytes: number;
  readonly placed: readonly PlacedItem[];
}

interface PlacedItem {
  readonly item: Item;
  readonly offset: number;
}

interface PlacedPiece {
  readonly start: number;
  readonly end: number;
  readonly piece: Piece;
}

/** Items in their order, each at the lowest offset where it meets none of those before it. */
function place(order: readonly Item[]): Layout {
  const placed: PlacedItem[] = [];
  /** By their starts. */
  const pieces: PlacedPiece[] = [];
  let bytes = 0;
  for (const item of order) {
    const offset = lowestOffset(item, pieces);
    placed.push({ item, offset });
    for (const piece of item.pieces) {
      const start = offset + piece.at;
      const behind = pieces.findIndex((other) => other.start >= start);
      pieces.splice(behind < 0 ? pieces.length : behind, 0, { start, end: start + piece.bytes, piece });
    }
    bytes = Math.max(bytes, offset + item.bytes);
  }
  return { bytes, placed };
}

function lowestOffset(item: Item, placed: readonly PlacedPiece[]): number {
  let offset = 0;
  for (let before = -1; before !== offset; ) {
    before = offset;
    for (const here of item.pieces) {
      for (const { start, end, piece } of placed) {
        if (start >= offset + here.at + here.bytes) break;
        if (end > offset + here.at && meet(here, piece)) offset = alignBytes(end - here.at);
      }
    }
    // One piece has passed all that it meets.
    if (item.pieces.length === 1) break;
  }
  return offset;
}

/** True where two pieces matter at the same event. */
function meet(a: Piece, b: Piece): boolean {
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

/** What matters at the same event shares no byte, however it was placed. */
function checkApart(placed: readonly PlacedItem[]): void {
  const all = placed.flatMap(({ item, offset }) =>
    item.pieces.map((piece) => ({ piece, step: item.step, start: offset + piece.at })),
  );
  const sorted = all.sort((a, b) => a.start - b.start);
  sorted.forEach(({ piece, step, start }, i) => {
    for (let j = i + 1; j < sorted.length; j++) {
      const other = must(sorted[j], "piece");
      if (other.start >= start + piece.bytes) return;
      invariant(
        !meet(piece, other.piece),
        `rows of steps ${step} and ${other.step} of a stream overlap while both are needed`,
      );
    }
  });
}

function collect(contents: PoolContents, placed: readonly PlacedItem[]): Pick<RowPool, "rows" | "scratch" | "state"> {
  const offsets = contents.rows.map((): number[] => []);
  const scratch = new Map<number, number>();
  const state = new Map<number, number>();
  for (const { item, offset } of placed.toSorted((a, b) => a.item.step - b.item.step)) {
    const { step } = must(contents.rows[item.step], "step");
    if (item.rows === undefined) (item.isState ? state : scratch).set(must(step, "step").index, offset);
    else for (const row of item.rows) must(offsets[row.step], "offsets")[row.y] = offset + row.at;
  }
  const rows = contents.rows.flatMap((row, i): (readonly [TensorId, PooledRows])[] => {
    const { step, start } = row.into ?? { step: i, start: 0 };
    if (!contents.inFlight.has(must(contents.rows[step], "step").output)) return [];
    const own = must(offsets[step], "offsets").map((offset) => offset + start);
    return [[row.output, { offsets: own, atOnce: ringLength(livesOf(contents, i)) }]];
  });
  return { rows: new Map(rows), scratch, state };
}
