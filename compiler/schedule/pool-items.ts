/**
 * What a stream keeps in its pool, as items whose bytes stay together: every row of a tensor that lives and dies in the stream, or
 * ring of rows, or block that passes through a chain of layers in place; the scratch memory of every step; and what a step keeps from
 * call to call. When each matters is known: the order of the rows is (row-plan.ts).
 */
import { must } from "../diagnostics.js";
import { type Graph, type TensorId, tensorOf } from "../ir/graph.js";
import { rowLength } from "../ir/shape.js";
import { isOverInput, stateBytes, totalScratchBytes } from "../ops/kernel.js";
import { alignBytes } from "./arena-align.js";
import { rowCall } from "./row-call.js";
import { blockAt, planRows, type RowLife, type RowPlan, type RowStep, streamSteps } from "./row-plan.js";
import type { Schedule, Stream } from "./schedule.js";

/** What a stream keeps in its pool. */
export interface PoolContents {
  readonly graph: Graph;
  readonly rows: readonly RowStep[];
  readonly plan: RowPlan;
  /** Tensors of which no more than the rows in flight exist. */
  readonly inFlight: ReadonlySet<TensorId>;
  /** Position of the step whose output, there as a whole, may grow over the first bytes of the pool as those fall free. */
  readonly grows?: number;
}

/** What a stream of the schedule keeps in its pool. */
export function contentsOf(schedule: Schedule, stream: Stream): PoolContents {
  const rows = streamSteps(schedule, stream);
  const { graph } = schedule;
  const contents = { graph, rows, plan: planRows(graph, rows), inFlight: new Set(stream.pool.rows.keys()) };
  const grows = rows.findIndex(({ output }) => output === stream.pool.grown?.tensor);
  return grows < 0 || !mayGrow(contents, grows) || schedule.parts.has(must(rows[grows], "step").output)
    ? contents
    : { ...contents, grows };
}

/** Tells apart what the streams of a graph can keep in their pools. */
export function contentsKey({ rows, inFlight, grows }: PoolContents): string {
  const ofRows = rows.map(({ step, output, inputs, block, first, into }) => {
    const call = step && rowCall(step);
    const bytes = call ? [totalScratchBytes(call), stateBytes(call), isOverInput(call)] : [];
    const kept = inputs.map((input) => input.kept);
    return [output, inFlight.has(output), block, first, into?.step, into?.start, ...kept, ...bytes].join();
  });
  return [grows, ...ofRows].join(" ");
}

/** True of a step whose output is there as a whole, made row by row by that step alone. */
export function mayGrow({ graph, rows, inFlight }: PoolContents, step: number): boolean {
  const { output, accumulates, into, step: made } = must(rows[step], "step");
  const isJoined = rows.some((row) => row.into?.step === step);
  const isWhole = !inFlight.has(output) && tensorOf(graph, output).dtype === "int8";
  return made?.call !== undefined && isWhole && !accumulates && into === undefined && !isJoined;
}

/** How large a pool is, and where. */
export interface PoolSize {
  readonly bytes: number;
  /** Least bytes from the start of the output that grows over it to its own start; 0 where there is none. */
  readonly distance: number;
}

/** Bytes that a pool adds to those of the output that grows over it. */
export function bytesBeyond(contents: PoolContents, { bytes, distance }: PoolSize): number {
  const output = alignBytes(grownRows(contents).reduce((sum, row) => sum + row.bytes, 0));
  return Math.max(bytes + alignBytes(distance), output) - output;
}

/** A row of the output that grows over the pool. */
export interface GrownRow {
  /** The event that makes it. */
  readonly from: number;
  /** Where it starts in the output. */
  readonly at: number;
  readonly bytes: number;
}

/** The rows of the output that grows over the pool, in their order; none where there is none. */
export function grownRows(contents: PoolContents): readonly GrownRow[] {
  const { grows } = contents;
  if (grows === undefined) return [];
  const bytes = rowBytes(contents, must(contents.rows[grows], "step"));
  return livesOf(contents, grows).map(({ from }, y) => ({ from, at: y * bytes, bytes }));
}

/** What no pool can do with less of: the most bytes that are needed at once, alone and together with the rows of the output. */
export function leastPool(contents: PoolContents): PoolSize {
  const alive = poolAlive(contents);
  const bytes = Math.max(0, ...alive);
  const made = new Int32Array(alive.length);
  for (const { from, bytes: row } of grownRows(contents)) made[from] = (made[from] ?? 0) + row;
  let [output, together] = [0, 0];
  alive.forEach((needed, event) => {
    output += made[event] ?? 0;
    together = Math.max(together, output + needed);
  });
  return { bytes, distance: output === 0 ? 0 : together - bytes };
}

/** Bytes that are needed at each event. */
function poolAlive(contents: PoolContents): readonly number[] {
  const change = new Int32Array(contents.plan.events + 1);
  const add = (bytes: number, from: number, to: number): void => {
    change[from] = (change[from] ?? 0) + bytes;
    change[to + 1] = (change[to + 1] ?? 0) - bytes;
  };
  const chains = chainsOf(contents);
  for (const { pieces } of chains.flatMap((chain) => chainItems(contents, chain)))
    for (const { bytes, spans } of pieces) for (const { from, to } of spans) add(bytes, from, to);
  const chained = new Set(chains.flat());
  contents.rows.forEach((row, i) => {
    // Rows of a block lie side by side, only the first of them where alignment wants it.
    const bytes = rowBytes(contents, row);
    const held = isHeld(contents, row) && !chained.has(i) ? (row.block === 1 ? alignBytes(bytes) : bytes) : 0;
    const scratch = scratchBytes(row);
    for (const { from, to } of stateSpan(contents, i)) add(stateBytesOf(row), from, to);
    for (const { from, to } of livesOf(contents, i)) add(held, from, to);
    for (const { from } of blocksOf(contents, i)) add(scratch, from, from);
  });
  let alive = 0;
  return Array.from(change, (bytes) => {
    alive += bytes;
    return alive;
  });
}

/** Positions of the steps whose outputs are in the pool, and in no chain. */
export function heldBy(contents: PoolContents): readonly number[] {
  const chained = new Set(chainsOf(contents).flat());
  return contents.rows.flatMap((row, i) => (isHeld(contents, row) && !chained.has(i) ? [i] : []));
}

/** True where rows of the output of a step are in the pool, and no parts of other rows. */
function isHeld({ inFlight }: PoolContents, { output, into }: RowStep): boolean {
  return inFlight.has(output) && into === undefined;
}

/** Bytes that have to stay together. */
export interface Item {
  readonly bytes: number;
  /** Pieces of it, by the events at which they matter. */
  readonly pieces: readonly Piece[];
  /** Position in the stream. */
  readonly step: number;
  /** True of what the step keeps from row to row. */
  readonly isState?: true;
  /** The rows that lie here, each so many bytes behind the start; absent for scratch and state. */
  readonly rows?: readonly ItemRow[];
}

export interface ItemRow {
  /** Position in the stream of the step that makes it. */
  readonly step: number;
  readonly y: number;
  readonly at: number;
}

export interface Piece {
  /** First byte in the item. */
  readonly at: number;
  readonly bytes: number;
  /** First and last event of each span, in order. */
  readonly spans: readonly RowLife[];
}

/** Scratch and state, the tensors in `rings` as rings, the rows of all others one by one, or block by block. */
export function itemsOf(contents: PoolContents, rings: ReadonlySet<number>): readonly Item[] {
  const rows = heldBy(contents).flatMap((step): readonly Item[] => {
    const row = must(contents.rows[step], "step");
    return rings.has(step) ? [ringItem(contents, row, step)] : singleItems(contents, row, step);
  });
  const chained = chainsOf(contents).flatMap((chain) => chainItems(contents, chain));
  return [...scratchItems(contents), ...stateItems(contents), ...chained, ...rows];
}

/** Steps of which each makes its rows over those of the one before; positions in the stream. */
type RowChain = readonly number[];

/** The chains of the steps whose kernels make rows over their input. */
function chainsOf({ rows }: PoolContents): readonly RowChain[] {
  const chains: number[][] = [];
  rows.forEach(({ step, inputs }, i) => {
    const call = step && rowCall(step);
    if (call === undefined || !isOverInput(call)) return;
    const source = must(inputs[0]?.producer, "rows that others take the place of");
    const before = chains.find((chain) => chain.at(-1) === source);
    if (before) before.push(i);
    else chains.push([source, i]);
  });
  return chains;
}

/** True where every call of a step in a chain makes rows that one call of the next step reads. */
export function chainsHold(contents: PoolContents): boolean {
  return chainsOf(contents).every((chain) =>
    chain
      .slice(0, -1)
      .every((step) => blocksOf(contents, step).every(({ lives, to }) => lives.every((life) => life.to === to))),
  );
}

/**
 * Rows of a chain that lie side by side: those that one call reads and, over them from the first on, those that it makes, and so on.
 * A call that reads no new row starts a group of its own.
 */
function chainItems(contents: PoolContents, chain: RowChain): readonly Item[] {
  const [head] = chain;
  const bytes = rowBytes(contents, must(contents.rows[must(head, "head")], "step"));
  const groups: { readonly rows: ItemRow[]; readonly slots: RowLife[][] }[] = [];
  /** The group whose rows the call at an event reads. */
  let readAt = new Map<number, (typeof groups)[number]>();
  const append = (group: (typeof groups)[number], step: number, lives: readonly RowLife[], first: number): void => {
    lives.forEach((life, k) => {
      group.rows.push({ step, y: first + k, at: k * bytes });
      const slot = group.slots[k] ?? [];
      group.slots[k] = [...slot, life];
    });
  };
  chain.forEach((step) => {
    const all = livesOf(contents, step);
    // The head's rows are together where one call reads them, others where one call makes them.
    const keyOf = (life: RowLife): number => (step === head ? life.to : life.from);
    const next = new Map<number, (typeof groups)[number]>();
    for (let y = 0; y < all.length; ) {
      const key = keyOf(must(all[y], "row"));
      let end = y;
      while (end < all.length && keyOf(must(all[end], "row")) === key) end++;
      const lives = all.slice(y, end);
      const found = step === head ? undefined : readAt.get(key);
      const group = found ?? { rows: [], slots: [] };
      if (!found) groups.push(group);
      append(group, step, lives, y);
      next.set(must(lives[0], "row").to, group);
      y = end;
    }
    readAt = next;
  });
  return groups.map(({ rows, slots }): Item => {
    const pieces = slots.map((lives, k): Piece => ({ at: k * bytes, bytes, spans: union(lives) }));
    return { bytes: alignBytes(slots.length * bytes), pieces, step: must(head, "head"), rows };
  });
}

/** A ring as short as it can be, of whole blocks: row y behind its start by y modulo the length, a short first block at its end. */
function ringItem(contents: PoolContents, row: RowStep, step: number): Item {
  const { block, first } = row;
  const lives = livesOf(contents, step);
  const bytes = rowBytes(contents, row);
  if (block === 1) {
    // All of it is in use nearly all of the time.
    const length = ringLength(lives);
    const rows = lives.map((_, y) => ({ step, y, at: (y % length) * bytes }));
    return { ...wholeItem(alignBytes(length * bytes), union(lives), step), rows };
  }
  const length = ringLength(blocksOf(contents, step)) * block;
  const slotOf = (y: number): number => (y + block - first) % length;
  const rows = lives.map((_, y) => ({ step, y, at: slotOf(y) * bytes }));
  const pieces = Array.from({ length }, (_, slot): Piece => {
    const spans = union(lives.filter((_, y) => slotOf(y) === slot));
    return { at: slot * bytes, bytes, spans };
  });
  // A ring can be longer than there are rows.
  const used = pieces.filter(({ spans }) => spans.length > 0);
  return { bytes: alignBytes(length * bytes), pieces: used, step, rows };
}

/** Rows of a block lie one behind the other, each for as long as it is needed. */
function singleItems(contents: PoolContents, row: RowStep, step: number): readonly Item[] {
  const bytes = rowBytes(contents, row);
  return blocksOf(contents, step).map(({ lives, y }): Item => {
    const rows = lives.map((_, k) => ({ step, y: y + k, at: k * bytes }));
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
export function ringLength(lives: readonly RowLife[]): number {
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

export function livesOf({ plan }: PoolContents, step: number): readonly RowLife[] {
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
