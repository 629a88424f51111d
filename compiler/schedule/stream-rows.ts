/**
 * Chooses which runs of steps are streamed row by row. Cutting the order of steps into single steps and streams is a shortest
 * path problem whose length is the busiest piece: solved by dynamic programming, first for the least peak, or the least that
 * costs no more time than the caller allows, then for the cheapest streams within it.
 */
import { must } from "../diagnostics.js";
import { type TensorId, tensorBytes, tensorOf } from "../ir/graph.js";
import { rowCount } from "../ir/shape.js";
import { opOf } from "../ops/index.js";
import { type KernelCall, type KernelContext, rowsPerCall } from "../ops/kernel.js";
import { viewOf } from "../ops/op.js";
import { alignBytes } from "./arena-align.js";
import { aliveBytes, computeLiveness, type LivenessOptions } from "./liveness.js";
import { bytesBeyond, leastPool, mayGrow, type PoolContents, type PoolSize } from "./pool-items.js";
import { rowCall } from "./row-call.js";
import { dyingInputs, loopCost, planRows, type RowPlan, type RowStep, rowSteps } from "./row-plan.js";
import { planPool, quickPool } from "./row-pool.js";
import type { PortOptions, Schedule, Step, Stream } from "./schedule.js";

export interface StreamOptions extends LivenessOptions {
  /** Where absent, streams make one row at a time. */
  readonly callOfBlocks?: CallOfBlocks;
}

export interface StreamLimits {
  /** Bytes of arena that are good enough; the least peak where undefined. */
  readonly budget?: number | undefined;
  /** Modelled cycles that streams may cost; any number where undefined. */
  readonly overhead?: number | undefined;
}

/** The work of a step in blocks of rows, within limits; undefined where no kernel does that. */
export type CallOfBlocks = (
  step: Step,
  limits: Pick<KernelContext, "mostRows" | "mostScratch" | "rowsOverInput">,
) => KernelCall | undefined;

/** Longest stream that is tried, in steps. */
const MAX_STEPS = 32;

/** Finds what could be a stream, once, and then the schedule with the best streams within some limits. */
export function findStreams(schedule: Schedule, options: StreamOptions): (limits: StreamLimits) => Schedule {
  const { steps } = schedule;
  const single = aliveBytes(computeLiveness(schedule, options.ports, options.backward), steps.length);
  const whole = Math.max(0, ...single);
  const isFed = options.ports.input === "rows";
  let pieces: readonly Piece[] | undefined;
  const found = new Map<string, Schedule>();
  return (limits) => {
    if (limits.budget !== undefined && whole <= limits.budget && !isFed) return schedule;
    pieces ??= findPieces(schedule, single, options);
    const chosen = choosePieces(pieces, steps.length, { isFed, ...limits });
    if (chosen.length === 0) return schedule;
    const key = chosen.map(pieceKey).join(" ");
    const known = found.get(key) ?? applyStreams(schedule, chosen);
    found.set(key, known);
    return known;
  };
}

function pieceKey({ first, last, members = [], fed }: Piece): string {
  return `${first}-${last} ${fed ?? ""} ${waysOf(members)}`;
}

/** Rows per call of each step. */
function waysOf(members: readonly Step[]): string {
  return members.map((step) => rowsPerCall(must(rowCall(step), "row call"))).join();
}

interface ChoiceOptions extends StreamLimits {
  /** Whether the input arrives row by row. */
  readonly isFed: boolean;
}

/** Layouts that are made in search of the streams. */
const MAX_ROUNDS = 12;

/**
 * The streams of the best cut. Each is first thought to be as small as its busiest row allows; where the layout of one that was
 * chosen turns out larger, the choice is made again.
 */
function choosePieces(estimated: readonly Piece[], stepCount: number, options: ChoiceOptions): readonly Piece[] {
  let all = estimated;
  for (let round = 0; ; round++) {
    const pieces = preferFed(all, stepCount, options);
    const least = leastPeak(pieces, stepCount);
    const bound = options.budget === undefined ? least : Math.max(least, options.budget);
    const chosen = cheapestWithin(pieces, stepCount, bound, options);
    const open = new Set(chosen.filter(({ isEstimate }) => isEstimate === true));
    if (open.size === 0 || round === MAX_ROUNDS) return chosen;
    all = all.map((piece) => {
      if (!open.has(piece)) return piece;
      const contents = must(piece.contents, "contents");
      return { ...piece, bytes: must(piece.bytesWith, "bytes")(quickPool(contents)), isEstimate: false };
    });
  }
}

/** A step that runs alone, or a stream. */
interface Piece {
  readonly first: number;
  readonly last: number;
  /** Bytes of arena alive while it runs. */
  readonly bytes: number;
  /** The same if its steps ran one after the other. */
  readonly without: number;
  /** Instructions that the loop around its rows costs, and that kernels lose which make fewer rows at a time than they could. */
  readonly cost: number;
  /** The steps of a stream, with the calls that make their rows. */
  readonly members?: readonly Step[];
  /** Of a stream. */
  readonly contents?: PoolContents;
  /** Bytes of arena alive while it runs with a pool of some size. */
  readonly bytesWith?: (pool: PoolSize) => number;
  /** True of a stream until its contents are laid out. */
  readonly isEstimate?: boolean;
  /** The graph input that arrives row by row while it runs. */
  readonly fed?: TensorId;
}

/** Rows from the caller are computed with as they arrive, unless keeping them all makes a lower peak. */
function preferFed(pieces: readonly Piece[], stepCount: number, options: ChoiceOptions): readonly Piece[] {
  if (!options.isFed) return pieces;
  const fed = pieces.filter((piece) => piece.first > 0 || piece.fed !== undefined);
  const [peak, kept] = [leastPeak(fed, stepCount), leastPeak(pieces, stepCount)];
  // Infinite where the first layer reads them all.
  return Number.isFinite(peak) && peak <= Math.max(kept, options.budget ?? 0) ? fed : pieces;
}

/** Each step calls its kernel once per row, or block of rows. */
function applyStreams(schedule: Schedule, pieces: readonly Piece[]): Schedule {
  const streamed = new Map(pieces.flatMap(({ members = [] }) => members.map((step) => [step.index, step])));
  const steps = schedule.steps.map((step): Step => {
    const member = streamed.get(step.index);
    const call = member ? rowCall(member) : undefined;
    return member && call ? { ...member, call, why: call.why } : step;
  });
  const streams = pieces.map(
    ({ first, last, bytes, without, fed, contents }): Stream => ({
      first,
      last,
      pool: planPool(must(contents, "contents")),
      ...(fed === undefined ? {} : { fed }),
      why: `rows of ${last - first + 1} layers in flight: ${bytes} bytes alive instead of ${without}`,
    }),
  );
  return { ...schedule, steps, streams };
}

function findPieces(schedule: Schedule, single: readonly number[], options: StreamOptions): readonly Piece[] {
  const { graph, steps } = schedule;
  const { ports } = options;
  const life = lifetimes(schedule, ports);
  const pieces: Piece[] = steps.map(({ index }) => {
    const bytes = single[index] ?? 0;
    return { first: index, last: index, bytes, without: bytes, cost: 0 };
  });
  const input = ports.input === "rows" ? graph.inputs[0]?.tensor : undefined;
  const handedOver = new Set(ports.output === "rows" ? graph.outputs.map((port) => port.tensor) : []);
  const canStream = steps.map((step) => isStreamable(schedule, step));
  const forms = steps.map((step) => rowForms(step, handedOver.has(step.output) ? undefined : options.callOfBlocks));
  for (let first = 0; first < steps.length; first++) {
    for (let last = first; last < steps.length && last - first < MAX_STEPS && canStream[last]; last++) {
      const without = Math.max(...single.slice(first, last + 1));
      const add = (fed: TensorId | undefined): void => {
        const ways = new Set<string>();
        for (let i = 0; i < BLOCKS.length; i++) {
          const members = forms.slice(first, last + 1).map((form) => must(form[i], "form"));
          const way = waysOf(members.map(({ step }) => step));
          if (ways.has(way)) continue;
          ways.add(way);
          const stream = planStream(schedule, life, members, fed);
          // With more rows at a time it needs no less.
          if (!stream || (fed === undefined && stream.bytes >= without)) break;
          pieces.push({ first, last, without, isEstimate: true, ...stream, ...(fed === undefined ? {} : { fed }) });
        }
      };
      if (first === 0 && input !== undefined) add(input);
      if (last > first || handedOver.has(must(steps[last], "step").node.output)) add(undefined);
    }
  }
  return pieces;
}

/** Rows at a time that a stream is tried with: one, and what makes most of the difference. */
const BLOCKS: readonly number[] = [1, 2, 3, 4, 6, 8];

/** A step of a stream that makes no more than so many rows at a time. */
interface RowForm {
  readonly step: Step;
  /** Modelled cycles that it takes more than with as many rows as it could make. */
  readonly loss: number;
}

/** The forms of a step, one for each of BLOCKS. */
function rowForms(step: Step, callOfBlocks: CallOfBlocks | undefined): readonly RowForm[] {
  const forms = BLOCKS.map((mostRows): Step => {
    const call = mostRows === 1 ? undefined : callOfBlocks?.(step, { mostRows });
    return call ? { ...step, byRows: call } : step;
  });
  const cycles = forms.map((form) => rowCall(form)?.estimate?.cycles ?? 0);
  const best = Math.min(...cycles, callOfBlocks?.(step, {})?.estimate?.cycles ?? Number.POSITIVE_INFINITY);
  return forms.map((form, i) => ({ step: form, loss: must(cycles[i], "cycles") - best }));
}

/** What a run of steps needs as a stream; undefined where it cannot be one. */
function planStream(
  schedule: Schedule,
  life: ReadonlyMap<TensorId, Life>,
  forms: readonly RowForm[],
  fed: TensorId | undefined,
): Pick<Piece, "bytes" | "cost" | "contents" | "bytesWith" | "members"> | undefined {
  const { graph } = schedule;
  const members = forms.map(({ step }) => step);
  const rows = rowSteps(graph, members, fed);
  const readsWhole = rows.some(({ inputs }) =>
    inputs.some(({ use, producer }) => use.kind === "all" && producer !== undefined),
  );
  if (readsWhole) return undefined;
  if (fed !== undefined) {
    // The caller's buffers are known only when all rows have arrived, and a row is read by this stream alone.
    const isEarly = rows.some(({ step, output }) => step !== undefined && life.get(output)?.isCaller === true);
    if (isEarly || (life.get(fed)?.read ?? 0) > must(members.at(-1), "step").index) return undefined;
  }
  const loss = forms.reduce((sum, form) => sum + form.loss, 0);
  const planned = streamBytes(schedule, life, members, rows, planRows(graph, rows));
  return { ...planned, members, cost: loopCost(graph, rows) + loss };
}

function isStreamable(schedule: Schedule, step: Step): boolean {
  const call = rowCall(step);
  const view = viewOf(schedule.graph, step.node);
  const { shape, dtype } = view.output;
  if (call?.drive.kind === "accumulate") return true;
  if (!call || call.drive.kind === "flat" || dtype !== "int8" || shape.length !== 4) return false;
  const reads = view.inputs.flatMap((tensor, i) => (tensor.data ? [] : [opOf(step.node).rows(view, i).kind]));
  return rowCount(shape) > 1 && reads.some((kind) => kind !== "all");
}

interface Life {
  readonly bytes: number;
  /** -1: before step 0. */
  readonly made: number;
  /** steps.length: read by the caller. */
  readonly read: number;
  /** Its bytes are the caller's and cost the arena nothing. */
  readonly isCaller: boolean;
}

/** Each piece of memory that tensors would need if nothing worked in place; views count with their source. */
function lifetimes(schedule: Schedule, ports: PortOptions): ReadonlyMap<TensorId, Life> {
  const { graph, steps } = schedule;
  const root = new Map<TensorId, TensorId>();
  const life = new Map<TensorId, { bytes: number; made: number; read: number; isCaller: boolean }>();
  const bytesOf = (id: TensorId): number => tensorBytes(tensorOf(graph, id));
  const isCaller = ports.io === "caller" && ports.input === "whole";
  for (const port of graph.inputs) life.set(port.tensor, { bytes: bytesOf(port.tensor), made: -1, read: -1, isCaller });
  for (const step of steps) {
    const { output } = step;
    const { inputs } = step.node;
    for (const input of inputs) {
      const source = life.get(root.get(input) ?? input);
      if (source) source.read = step.index;
    }
    const [first] = inputs;
    if (!step.call && first !== undefined) root.set(output, root.get(first) ?? first);
    else life.set(output, { bytes: bytesOf(output), made: step.index, read: step.index, isCaller: false });
  }
  for (const port of graph.outputs) {
    const source = must(life.get(root.get(port.tensor) ?? port.tensor), "output");
    if (ports.output === "rows") continue;
    source.read = steps.length;
    if (ports.io === "caller") source.isCaller = true;
  }
  return life;
}

/** Bytes alive while the steps run as a stream, and what lives and dies inside. */
function streamBytes(
  schedule: Schedule,
  life: ReadonlyMap<TensorId, Life>,
  members: readonly Step[],
  rows: readonly RowStep[],
  plan: RowPlan,
): Pick<Piece, "bytes" | "contents" | "bytesWith"> {
  const { graph, steps } = schedule;
  const first = must(members[0], "step").index;
  const last = must(members.at(-1), "step").index;
  // Views behind the stream share the bytes of their source, which then must exist as a whole.
  const dies = rows.filter(
    ({ output, accumulates }) => !accumulates && (life.get(output)?.read ?? steps.length) <= last,
  );
  const contents = withGrown(life, { graph, rows, plan, inFlight: new Set(dies.map(({ output }) => output)) });
  let others = 0;
  for (const [id, { made, read, bytes, isCaller }] of life) {
    if (!isCaller && made <= last && read >= first && !contents.inFlight.has(id)) others += alignBytes(bytes);
  }
  const saving = overlapSaving(life, contents, last);
  const bytesWith = (pool: PoolSize): number => others + Math.min(pool.bytes - saving, bytesBeyond(contents, pool));
  return { bytes: bytesWith(leastPool(contents)), contents, bytesWith };
}

/** The contents of a pool with the output that grows over it, if any does. */
function withGrown(life: ReadonlyMap<TensorId, Life>, contents: PoolContents): PoolContents {
  const { rows } = contents;
  // The last of them has its last rows when most of the pool has fallen free.
  const grows = rows.findLastIndex(({ output }, i) => life.get(output)?.isCaller === false && mayGrow(contents, i));
  return grows < 0 ? contents : { ...contents, grows };
}

/** The most that one output saves by growing over an input that dies in the stream. */
function overlapSaving(
  life: ReadonlyMap<TensorId, Life>,
  { rows, plan, inFlight }: PoolContents,
  last: number,
): number {
  let saving = 0;
  rows.forEach(({ output: id }, i) => {
    const output = life.get(id);
    if (!output || output.isCaller || inFlight.has(id)) return;
    for (const source of dyingInputs(rows)) {
      const input = life.get(source);
      if (!input || input.isCaller || input.read > last) continue;
      const together = Math.max(
        alignBytes(plan.distance(i, source)) + alignBytes(input.bytes),
        alignBytes(output.bytes),
      );
      saving = Math.max(saving, alignBytes(input.bytes) + alignBytes(output.bytes) - together);
    }
  });
  return saving;
}

/** The least possible peak over all ways to cut the steps into pieces. */
function leastPeak(pieces: readonly Piece[], stepCount: number): number {
  const peak = new Array<number>(stepCount + 1).fill(Number.POSITIVE_INFINITY);
  peak[0] = 0;
  for (const piece of byFirst(pieces)) {
    const through = Math.max(peak[piece.first] ?? 0, piece.bytes);
    peak[piece.last + 1] = Math.min(peak[piece.last + 1] ?? 0, through);
  }
  return peak[stepCount] ?? 0;
}

/** The streams whose loops cost least, of the least peak that is no higher than `bound` or, where that costs too much, above it. */
function cheapestWithin(
  pieces: readonly Piece[],
  stepCount: number,
  bound: number,
  { overhead = Number.POSITIVE_INFINITY }: StreamLimits,
): readonly Piece[] {
  const bounds = [...new Set(pieces.map(({ bytes }) => bytes))].filter((bytes) => bytes > bound).sort((a, b) => a - b);
  // The higher the peak, the cheaper: the first that is cheap enough is found by halving.
  let [low, high] = [0, bounds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { cost } = cheapestCut(pieces, stepCount, [bound, ...bounds][middle] ?? bound);
    if (cost <= overhead) high = middle;
    else low = middle + 1;
  }
  return cheapestCut(pieces, stepCount, [bound, ...bounds][low] ?? bound).streams;
}

/** The cut whose pieces all stay within `bound` at the least cost. */
function cheapestCut(
  pieces: readonly Piece[],
  stepCount: number,
  bound: number,
): { readonly cost: number; readonly streams: readonly Piece[] } {
  const costs = new Array<number>(stepCount + 1).fill(Number.POSITIVE_INFINITY);
  const via = new Array<Piece | undefined>(stepCount + 1).fill(undefined);
  costs[0] = 0;
  for (const piece of byFirst(pieces)) {
    if (piece.bytes > bound) continue;
    const cost = (costs[piece.first] ?? 0) + piece.cost;
    if (cost < (costs[piece.last + 1] ?? 0)) {
      costs[piece.last + 1] = cost;
      via[piece.last + 1] = piece;
    }
  }
  const streams: Piece[] = [];
  for (let end = stepCount; end > 0; ) {
    const piece = must(via[end], "piece");
    if (piece.contents) streams.unshift(piece);
    end = piece.first;
  }
  return { cost: costs[stepCount] ?? 0, streams };
}

function byFirst(pieces: readonly Piece[]): readonly Piece[] {
  return pieces.toSorted((a, b) => a.first - b.first || a.last - b.last);
}
