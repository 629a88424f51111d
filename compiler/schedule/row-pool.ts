/**
 * Memory of a stream for what lives and dies in it. Every row of such a tensor, and the scratch of every step, has a place for
 * as long as it is needed and no longer, so that they use the same bytes one after the other. When each is needed is known: the
 * order of the rows is (row-plan.ts). Rings of rows need no table of addresses; rows that are placed one by one fit into less.
 * Each tensor has the one or the other, rings as long as they cost no byte.
 */
import { invariant, must } from "../diagnostics.js";
import { type Graph, type TensorId, tensorOf } from "../ir/graph.js";
import { rowLength } from "../ir/shape.js";
import { stateBytes, totalScratchBytes } from "../ops/kernel.js";
import { alignBytes } from "./arena-align.js";
import { rowCall } from "./row-call.js";
import { blockAt, type RowLife, type RowPlan, type RowStep } from "./row-plan.js";
import type { PooledRows, RowPool } from "./schedule.js";

/** What a stream keeps in its pool. */
export interface PoolContents {
  readonly graph: Graph;
  readonly rows: readonly RowStep[];
  readonly plan: RowPlan;
  /** Tensors of which no more than the rows in flight exist. */
  readonly inFlight: ReadonlySet<TensorId>;
}

/** The most bytes that are needed at once: no pool can be smaller. */
export function poolPeak(contents: PoolContents): number {
  const change = new Int32Array(contents.plan.events + 1);
  const add = (bytes: number, from: number, to: number): void => {
    change[from] = (change[from] ?? 0) + bytes;
    change[to + 1] = (change[to + 1] ?? 0) - bytes;
  };
  contents.rows.forEach((row, i) => {
    // Rows of a block lie side by side, only the first of them where alignment wants it.
    const bytes = rowBytes(contents, row);
    const held = isHeld(contents, row) ? (row.block === 1 ? alignBytes(bytes) : bytes) : 0;
    const scratch = scratchBytes(row);
    for (const { from, to } of stateSpan(contents, i)) add(stateBytesOf(row), from, to);
    for (const { from, to } of livesOf(contents, i)) add(held, from, to);
    for (const { from } of blocksOf(contents, i)) add(scratch, from, from);
  });
  let [alive, peak] = [0, 0];
  for (const bytes of change) {
    alive += bytes;
    peak = Math.max(peak, alive);
  }
  return peak;
}

/** Bytes of a pool that is laid out in little time; `planPool` needs no more. */
export function quickPoolBytes(contents: PoolContents): number {
  return quickLayout(contents, poolPeak(contents)).bytes;
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
  const quick = quickLayout(contents, peak);
  let best: Layout = quick;
  if (quick.isRings || best.placed.length > MAX_MIXED) return best;
  // The more rows, the larger the table that a ring saves.
  const inOrder = heldBy(contents).toSorted((a, b) => livesOf(contents, b).length - livesOf(contents, a).length);
  const ringed = new Set<number>();
  for (const step of inOrder) {
    const mixed = layOut(itemsOf(contents, ringed.add(step)), peak);
    if (mixed.bytes <= best.bytes) best = mixed;
    else ringed.delete(step);
  }
  return best;
}

/** Every tensor as a ring, or, where that is smaller, none. */
function quickLayout(contents: PoolContents, peak: number): Layout & { readonly isRings: boolean } {
  const rings = layOut(itemsOf(contents, new Set(heldBy(contents))), peak);
  if (rings.bytes <= peak) return { ...rings, isRings: true };
  const single = layOut(itemsOf(contents, new Set()), peak);
  return single.bytes < rings.bytes ? { ...single, isRings: false } : { ...rings, isRings: true };
}

/** Positions of the steps whose outputs are in the pool. */
function heldBy(contents: PoolContents): readonly number[] {
  const { rows } = contents;
  return rows.flatMap((row, i) => (isHeld(contents, row) ? [i] : []));
}

/** True where rows of the output of a step are in the pool, and no parts of other rows. */
function isHeld({ inFlight }: PoolContents, { output, into }: RowStep): boolean {
  return inFlight.has(output) && into === undefined;
}

/** Bytes that have to stay together. */
interface Item {
  readonly bytes: number;
  /** Pieces of it, by the events at which they matter. */
  readonly pieces: readonly Piece[];
  /** Position in the stream. */
  readonly step: number;
  /** True of what the step keeps from row to row. */
  readonly isState?: true;
  /** The rows that lie here, each so many bytes behind the start; absent for scratch and state. */
  readonly rows?: readonly { readonly y: number; readonly at: number }[];
}

interface Piece {
  /** First byte in the item. */
  readonly at: number;
  readonly bytes: number;
  /** First and last event of each span, in order. */
  readonly spans: readonly RowLife[];
}

/** Scratch and state, the tensors in `rings` as rings, the rows of all others one by one, or block by block. */
function itemsOf(contents: PoolContents, rings: ReadonlySet<number>): readonly Item[] {
  const rows = contents.rows.flatMap((row, step): readonly Item[] => {
    if (!isHeld(contents, row)) return [];
    return rings.has(step) ? [ringItem(contents, row, step)] : singleItems(contents, row, step);
  });
  return [...scratchItems(contents), ...stateItems(contents), ...rows];
}

/** A ring as short as it can be, of whole blocks: row y behind its start by y modulo the length, a short first block at its end. */
function ringItem(contents: PoolContents, row: RowStep, step: number): Item {
  const { block, first } = row;
  const lives = livesOf(contents, step);
  const bytes = rowBytes(contents, row);
  if (block === 1) {
    // All of it is in use nearly all of the time.
    const length = ringLength(lives);
    const rows = lives.map((_, y) => ({ y, at: (y % length) * bytes }));
    return { ...wholeItem(alignBytes(length * bytes), union(lives), step), rows };
  }
  const length = ringLength(blocksOf(contents, step)) * block;
  const slotOf = (y: number): number => (y + block - first) % length;
  const rows = lives.map((_, y) => ({ y, at: slotOf(y) * bytes }));
  const pieces = Array.from({ length }, (_, slot): Piece => {
    const spans = union(lives.filter((_, y) => slotOf(y) === slot));
    return { at: slot * bytes, bytes, spans };
  });
  return { bytes: alignBytes(length * bytes), pieces, step, rows };
}

/** Rows of a block lie one behind the other, each for as long as it is needed. */
function singleItems(contents: PoolContents, row: RowStep, step: number): readonly Item[] {
  const bytes = rowBytes(contents, row);
  return blocksOf(contents, step).map(({ lives, y }): Item => {
    const rows = lives.map((_, k) => ({ y: y + k, at: k * bytes }));
    const pieces = lives.map((life, k): Piece => ({ at: k * bytes, bytes, spans: [life] }));
    return { bytes: alignBytes(lives.length * bytes), pieces, step, rows };
  });
}

function wholeItem(bytes: number, spans: readonly RowLife[], step: number): Item {
  return { bytes, pieces: [{ at: 0, bytes, spans }], step };
}

/** The step needs the same scratch memory at every row, or block of rows, that it makes. */
function scratchItems(contents: PoolContents): readonly Item[] {
  return contents.rows.flatMap((row, step): Item[] => {
    const bytes = scratchBytes(row);
    const spans = blocksOf(contents, step).map(({ from }) => ({ from, to: from }));
    return bytes === 0 ? [] : [wholeItem(bytes, union(spans), step)];
  });
}

function stateItems(contents: PoolContents): readonly Item[] {
  return contents.rows.flatMap((row, step): Item[] => {
    const bytes = stateBytesOf(row);
    return bytes === 0 ? [] : [{ ...wholeItem(bytes, stateSpan(contents, step), step), isState: true }];
  });
}

/** From the first row of a step to its last. */
function stateSpan(contents: PoolContents, step: number): readonly RowLife[] {
  const lives = livesOf(contents, step);
  const [first, last] = [lives[0], lives.at(-1)];
  return first && last ? [{ from: first.from, to: last.from }] : [];
}

/** Rows, or blocks of rows, that exist at once. */
function ringLength(lives: readonly RowLife[]): number {
  let length = 1;
  for (let y = 0; y < lives.length; y++) {
    while ((lives[y + length]?.from ?? Number.POSITIVE_INFINITY) <= must(lives[y], "life").to) length++;
  }
  return length;
}

/** Spans that touch become one. Their starts ascend. */
function union(lives: readonly RowLife[]): readonly RowLife[] {
  const spans: { from: number; to: number }[] = [];
  for (const { from, to } of lives) {
    const before = spans.at(-1);
    if (before && from <= before.to + 1) before.to = Math.max(before.to, to);
    else spans.push({ from, to });
  }
  return spans;
}

/** Work of the search for a layout, in comparisons of two pieces. */
const SEARCH_COST = 1_500_000;
const SEARCH_ROUNDS = 200;

function layOut(items: readonly Item[], lowerBound: number): Layout {
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
  let order: readonly Item[] = items;
  let best = place(items);
  const consider = (candidate: readonly Item[]): void => {
    const found = place(candidate);
    if (found.bytes >= best.bytes) return;
    best = found;
    order = candidate;
  };
  for (const candidate of orders) if (best.bytes > lowerBound) consider(candidate);
  const count = items.reduce((sum, { pieces }) => sum + pieces.length, 0);
  const rounds = Math.min(SEARCH_ROUNDS, Math.floor(SEARCH_COST / (count * count + 1)));
  let state = 1;
  for (let round = 0; round < rounds && best.bytes > lowerBound; round++) {
    // A linear congruential step (Numerical Recipes) picks an item to place earlier; same layout on every run.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const from = state % order.length;
    const to = (state >>> 16) % (from + 1);
    consider(order.toSpliced(from, 1).toSpliced(to, 0, must(order[from], "item")));
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
    else for (const { y, at } of item.rows) must(offsets[item.step], "offsets")[y] = offset + at;
  }
  const rows = contents.rows.flatMap((row, i): (readonly [TensorId, PooledRows])[] => {
    const { step, start } = row.into ?? { step: i, start: 0 };
    if (!contents.inFlight.has(must(contents.rows[step], "step").output)) return [];
    const own = must(offsets[step], "offsets").map((offset) => offset + start);
    return [[row.output, { offsets: own, atOnce: ringLength(livesOf(contents, i)) }]];
  });
  return { rows: new Map(rows), scratch, state };
}

function livesOf({ plan }: PoolContents, step: number): readonly RowLife[] {
  return must(plan.lives[step], "lives");
}

/** Rows that are made at the same time: the first of them, the life of each, and when some of them is needed. */
interface BlockLife extends RowLife {
  readonly y: number;
  readonly lives: readonly RowLife[];
}

function blocksOf(contents: PoolContents, step: number): readonly BlockLife[] {
  const row = must(contents.rows[step], "step");
  const all = livesOf(contents, step);
  const blocks: BlockLife[] = [];
  for (let y = 0; y < all.length; ) {
    const lives = all.slice(y, y + blockAt(row, y));
    blocks.push({ y, lives, from: must(lives[0], "row").from, to: Math.max(...lives.map(({ to }) => to)) });
    y += lives.length;
  }
  return blocks;
}

function rowBytes({ graph }: PoolContents, { output }: RowStep): number {
  return rowLength(tensorOf(graph, output).shape);
}

function stateBytesOf({ step }: RowStep): number {
  const call = step && rowCall(step);
  return call ? alignBytes(stateBytes(call)) : 0;
}

/** Bytes of scratch memory at each row. */
function scratchBytes({ step }: RowStep): number {
  const call = step && rowCall(step);
  return call ? alignBytes(totalScratchBytes(call)) : 0;
}
