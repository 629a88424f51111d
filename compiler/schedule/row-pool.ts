/**
 * Memory of a stream for what lives and dies in it. Every row of such a tensor, and the scratch of every step, has a place for
 * as long as it is needed and no longer, so that they use the same bytes one after the other. When each is needed is known: the
 * order of the rows is (row-plan.ts). Rings of rows need no table of addresses; rows that are placed one by one fit into less.
 * Each tensor has the one or the other, rings as long as they cost no byte. An output of the stream that is there as a whole lies in
 * front of the pool, and its last rows over the first bytes of it, which then nothing else needs any more.
 */
import { invariant, must } from "../diagnostics.js";
import type { Graph, TensorId } from "../ir/graph.js";
import { alignBytes } from "./arena-align.js";
import { improveInTime, placeInTime } from "./place-in-time.js";
import { endOf, type Layout, layOut, meet, type PlacedItem, type Search, type Taken } from "./place-items.js";
import {
  bytesBeyond,
  contentsKey,
  grownRows,
  heldBy,
  itemsOf,
  leastPool,
  livesOf,
  type Piece,
  type PoolContents,
  type PoolSize,
  ringLength,
} from "./pool-items.js";
import type { PooledRows, RowPool } from "./schedule.js";

/** Layouts are made again and again in search of a plan: what is known of the pools of each graph. */
const pools = new WeakMap<Graph, Map<string, KnownPool>>();

interface KnownPool {
  /** What was found in little time, by a search that would have ended at so many bytes. */
  quick?: { readonly layout: GrownLayout; readonly enough: number };
  plan?: RowPool;
}

function knownPool(contents: PoolContents): KnownPool {
  const ofGraph = pools.get(contents.graph) ?? new Map<string, KnownPool>();
  pools.set(contents.graph, ofGraph);
  const key = contentsKey(contents);
  const known = ofGraph.get(key) ?? {};
  ofGraph.set(key, known);
  return known;
}

/** The size of a pool that is laid out in little time, as soon as it adds no more than `enough` bytes; `planPool` needs no more. */
export function quickPool(contents: PoolContents, enough = leastBeyond(contents)): PoolSize {
  const known = knownPool(contents);
  const { quick } = known;
  if (quick !== undefined && (quick.layout.beyond <= enough || quick.enough <= enough)) return quick.layout;
  const layout = simpleLayout(contents, enough, "quick");
  known.quick = { layout, enough };
  return layout;
}

/** A place for everything in the pool. */
export function planPool(contents: PoolContents): RowPool {
  const known = knownPool(contents);
  known.plan ??= planned(contents, known);
  return known.plan;
}

function planned(contents: PoolContents, { quick }: KnownPool): RowPool {
  const enough = leastBeyond(contents);
  const thorough = simpleLayout(contents, enough, "thorough");
  const simple = quick !== undefined && quick.layout.beyond < thorough.beyond ? quick.layout : thorough;
  const better = simple.beyond > enough ? layoutInTime(contents, enough, simple) : undefined;
  const layout = withRings(contents, better ?? simple);
  checkApart(layout.placed);
  return {
    ...collect(contents, layout.placed),
    // Rows in a ring are not aligned each for itself: it may need less than they would.
    lowerBound: Math.min(leastPool(contents).bytes, layout.bytes),
    ...sized(contents, layout),
  };
}

function leastBeyond(contents: PoolContents): number {
  return bytesBeyond(contents, leastPool(contents));
}

/** The parts of a pool that depend on its size. */
export function sized(contents: PoolContents, { bytes, distance }: PoolSize): Pick<RowPool, "bytes" | "grown"> {
  const { grows, rows } = contents;
  if (grows === undefined) return { bytes };
  const { output } = must(rows[grows], "step");
  return { bytes, grown: { tensor: output, distance, lowerBound: Math.min(leastPool(contents).distance, distance) } };
}

/** Least bytes from the start of the output that grows over a pool of this layout to the start of the pool. */
function distanceOf(contents: PoolContents, { placed }: Layout): number {
  const pieces = piecesOf(placed);
  return grownRows(contents).reduce((most, { from, at, bytes: row }) => {
    const needed = pieces.filter(({ piece }) => endOf(piece) >= from);
    return Math.max(most, at + row - Math.min(...needed.map(({ start }) => start)));
  }, 0);
}

/** A layout where an output that grows over the pool lends it some bytes. */
interface GrownLayout extends Layout, PoolSize {
  /** Bytes that the last rows of the output and the pool have in common. */
  readonly lent: number;
  /** Bytes that the pool adds to those of the output. */
  readonly beyond: number;
  /** True where every tensor is a ring. */
  readonly isRings: boolean;
}

/** Shares of the most bytes that an output could lend a pool for which layouts are made. */
const LENT_SHARES = [1, 0.5, 0];

/** Numbers of bytes that the output may lend, the most first. */
function lentBytes(contents: PoolContents): readonly number[] {
  const most = leastPool(contents).bytes - leastBeyond(contents);
  return [...new Set(LENT_SHARES.map((share) => alignBytes(Math.floor(share * most))))];
}

function grownLayout(contents: PoolContents, lent: number, layout: Layout, isRings = false): GrownLayout {
  const { bytes } = layout;
  const distance = distanceOf(contents, layout);
  return { ...layout, lent, distance, beyond: bytesBeyond(contents, { bytes, distance }), isRings };
}

/** Every tensor as a ring, or, where that needs more than is enough and than none of them, none. */
function simpleLayout(contents: PoolContents, enough: number, search: Search): GrownLayout {
  const lents = lentBytes(contents);
  let best: GrownLayout | undefined;
  for (const isRings of [true, false]) {
    const items = itemsOf(contents, new Set(isRings ? heldBy(contents) : []));
    for (const lent of lents) {
      const room = { taken: takenBy(contents, lent), enough: enough + lent };
      const found = grownLayout(contents, lent, layOut(items, room, search), isRings);
      if (best === undefined || found.beyond < best.beyond) best = found;
      if (best.beyond <= enough) return best;
    }
  }
  const [lent] = lents;
  if (search === "quick" && lent !== undefined) {
    const items = itemsOf(contents, new Set());
    const found = placeInTime(items, { taken: takenBy(contents, lent), bytes: enough + lent, search });
    if (found) return grownLayout(contents, lent, found);
  }
  return must(best, "layout");
}

/** A layout without rings that adds less than a known one. */
function layoutInTime(contents: PoolContents, enough: number, known: GrownLayout): GrownLayout | undefined {
  const items = itemsOf(contents, new Set());
  const [most] = lentBytes(contents);
  let best: GrownLayout | undefined;
  for (const lent of new Set([known.lent, must(most, "bytes")])) {
    const room = { taken: takenBy(contents, lent), enough: enough + lent };
    const found = improveInTime(items, room, (best ?? known).beyond + lent);
    if (found) best = grownLayout(contents, lent, found);
  }
  return best;
}

/** The rows of the output, where the last `lent` bytes of it lie over the first of the pool. */
function takenBy(contents: PoolContents, lent: number): readonly Taken[] {
  const rows = grownRows(contents);
  const end = rows.reduce((sum, { bytes }) => sum + bytes, 0);
  return rows.flatMap(({ from, at, bytes }): readonly Taken[] => {
    const start = at - end + lent;
    const spans = [{ from, to: contents.plan.events }];
    return start + bytes <= 0 ? [] : [{ start: Math.max(0, start), end: start + bytes, spans }];
  });
}

/** Rows up to which each tensor is tried as a ring: placing them takes time that grows with their square. */
const MAX_MIXED = 1500;

/** The layout with as many rings as cost no byte. */
function withRings(contents: PoolContents, simple: GrownLayout): GrownLayout {
  if (simple.isRings || simple.placed.length > MAX_MIXED) return simple;
  const room = { taken: takenBy(contents, simple.lent), enough: simple.beyond + simple.lent };
  // The more rows, the larger the table that a ring saves.
  const inOrder = heldBy(contents).toSorted((a, b) => livesOf(contents, b).length - livesOf(contents, a).length);
  const ringed = new Set<number>();
  let best: GrownLayout = simple;
  for (const step of inOrder) {
    const mixed = grownLayout(contents, simple.lent, layOut(itemsOf(contents, ringed.add(step)), room, "quick"));
    if (mixed.beyond <= best.beyond) best = mixed;
    else ringed.delete(step);
  }
  return best;
}

/** What matters at the same event shares no byte, however it was placed. */
function checkApart(placed: readonly PlacedItem[]): void {
  const sorted = piecesOf(placed).toSorted((a, b) => a.start - b.start);
  sorted.forEach(({ piece, step, end }, i) => {
    for (let j = i + 1; j < sorted.length; j++) {
      const other = must(sorted[j], "piece");
      if (other.start >= end) return;
      invariant(
        !meet(piece, other.piece),
        `rows of steps ${step} and ${other.step} of a stream overlap while both are needed`,
      );
    }
  });
}

/** Where a piece lies, and the step that needs it. */
interface PlacedPiece {
  readonly piece: Piece;
  readonly step: number;
  readonly start: number;
  readonly end: number;
}

function piecesOf(placed: readonly PlacedItem[]): readonly PlacedPiece[] {
  return placed.flatMap(({ item, offset }) =>
    item.pieces.map((piece) => {
      const start = offset + piece.at;
      return { piece, step: item.step, start, end: start + piece.bytes };
    }),
  );
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
