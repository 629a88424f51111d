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
import type { RowLife, RowPlan, RowStep } from "./row-plan.js";
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
    const bytes = contents.inFlight.has(row.output) ? alignBytes(row.block * rowBytes(contents, row)) : 0;
    const scratch = scratchBytes(row);
    for (const { from, to } of stateSpan(contents, i)) add(stateBytesOf(row), from, to);
    for (const { from, to } of blockLives(contents, i)) {
      add(bytes, from, to);
      add(scratch, from, from);
    }
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
function heldBy({ rows, inFlight }: PoolContents): readonly number[] {
  return rows.flatMap(({ output }, i) => (inFlight.has(output) ? [i] : []));
}

/** Bytes that have to stay together, and the events at which they matter. */
interface Item {
  readonly bytes: number;
  /** First and last event of each span, in order. */
  readonly spans: readonly RowLife[];
  /** Position in the stream. */
  readonly step: number;
  /** True of what the step keeps from row to row. */
  readonly isState?: true;
  /** The rows that lie here, each so many bytes behind the start; absent for scratch and state. */
  readonly rows?: readonly { readonly y: number; readonly at: number }[];
}

/** Scratch and state, the tensors in `rings` as rings, the rows of all others one by one, or block by block. */
function itemsOf(contents: PoolContents, rings: ReadonlySet<number>): readonly Item[] {
  const rows = contents.rows.flatMap((row, step): readonly Item[] => {
    if (!contents.inFlight.has(row.output)) return [];
    return rings.has(step) ? [ringItem(contents, row, step)] : singleItems(contents, row, step);
  });
  return [...scratchItems(contents), ...stateItems(contents), ...rows];
}

/** A ring as short as it can be, of whole blocks: row y behind its start by y modulo the length. */
function ringItem(contents: PoolContents, row: RowStep, step: number): Item {
  const lives = livesOf(contents, step);
  const length = Math.ceil(ringLength(lives) / row.block) * row.block;
  const bytes = rowBytes(contents, row);
  const rows = lives.map((_, y) => ({ y, at: (y % length) * bytes }));
  return { bytes: alignBytes(length * bytes), spans: union(lives), step, rows };
}

function singleItems(contents: PoolContents, row: RowStep, step: number): readonly Item[] {
  const { block } = row;
  const bytes = rowBytes(contents, row);
  return blockLives(contents, step).map((life, i): Item => {
    const rows = Array.from({ length: block }, (_, k) => ({ y: i * block + k, at: k * bytes }));
    return { bytes: alignBytes(block * bytes), spans: [life], step, rows };
  });
}

/** The step needs the same scratch memory at every row, or block of rows, that it makes. */
function scratchItems(contents: PoolContents): readonly Item[] {
  return contents.rows.flatMap((row, step): Item[] => {
    const bytes = scratchBytes(row);
    const spans = blockLives(contents, step).map(({ from }) => ({ from, to: from }));
    return bytes === 0 ? [] : [{ bytes, spans: union(spans), step }];
  });
}

function stateItems(contents: PoolContents): readonly Item[] {
  return contents.rows.flatMap((row, step): Item[] => {
    const bytes = stateBytesOf(row);
    return bytes === 0 ? [] : [{ bytes, spans: stateSpan(contents, step), step, isState: true }];
  });
}

/** From the first row of a step to its last. */
function stateSpan(contents: PoolContents, step: number): readonly RowLife[] {
  const lives = livesOf(contents, step);
  const [first, last] = [lives[0], lives.at(-1)];
  return first && last ? [{ from: first.from, to: last.from }] : [];
}

/** Rows that exist at once. */
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

/** Work of the search for a layout, in comparisons of two items. */
const SEARCH_COST = 1_500_000;
const SEARCH_ROUNDS = 200;

function layOut(items: readonly Item[], lowerBound: number): Layout {
  const lifetime = ({ spans }: Item): number => spans.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const start = ({ spans }: Item): number => spans[0]?.from ?? 0;
  const orders = [
    items.toSorted((a, b) => b.bytes - a.bytes || start(a) - start(b)),
    items.toSorted((a, b) => b.bytes * lifetime(b) - a.bytes * lifetime(a) || start(a) - start(b)),
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
  const rounds = Math.min(SEARCH_ROUNDS, Math.floor(SEARCH_COST / (items.length * items.length + 1)));
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

/** Items in their order, each at the lowest offset where it meets none of those before it. */
function place(order: readonly Item[]): Layout {
  const placed: PlacedItem[] = [];
  let bytes = 0;
  for (const item of order) {
    const taken = placed.filter((other) => meet(item, other.item)).sort((a, b) => a.offset - b.offset);
    let offset = 0;
    for (const other of taken) {
      if (other.offset - offset >= item.bytes) break;
      offset = Math.max(offset, other.offset + other.item.bytes);
    }
    placed.push({ item, offset });
    bytes = Math.max(bytes, offset + item.bytes);
  }
  return { bytes, placed };
}

/** True where two items matter at the same event. */
function meet(a: Item, b: Item): boolean {
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
  const sorted = placed.toSorted((a, b) => a.offset - b.offset);
  sorted.forEach(({ item, offset }, i) => {
    for (let j = i + 1; j < sorted.length; j++) {
      const other = must(sorted[j], "item");
      if (other.offset >= offset + item.bytes) return;
      invariant(
        !meet(item, other.item),
        `rows of steps ${item.step} and ${other.item.step} of a stream overlap while both are needed`,
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
    if (!contents.inFlight.has(row.output)) return [];
    return [[row.output, { offsets: must(offsets[i], "offsets"), atOnce: ringLength(livesOf(contents, i)) }]];
  });
  return { rows: new Map(rows), scratch, state };
}

function livesOf({ plan }: PoolContents, step: number): readonly RowLife[] {
  return must(plan.lives[step], "lives");
}

/** Of rows that are made at the same time, when some of them is needed. */
function blockLives(contents: PoolContents, step: number): readonly RowLife[] {
  const lives = livesOf(contents, step);
  const { block } = must(contents.rows[step], "step");
  if (block === 1) return lives;
  return Array.from({ length: lives.length / block }, (_, i) => {
    const rows = lives.slice(i * block, (i + 1) * block);
    return { from: must(rows[0], "row").from, to: Math.max(...rows.map(({ to }) => to)) };
  });
}

function rowBytes({ graph }: PoolContents, { output }: RowStep): number {
  return rowLength(tensorOf(graph, output).shape);
}

function stateBytesOf({ step }: RowStep): number {
  return step === undefined ? 0 : alignBytes(stateBytes(must(rowCall(step), "row call")));
}

/** Bytes of scratch memory at each row. */
function scratchBytes({ step }: RowStep): number {
  return step === undefined ? 0 : alignBytes(totalScratchBytes(must(rowCall(step), "row call")));
}
