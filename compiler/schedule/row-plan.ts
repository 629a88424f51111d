/**
 * Steps that run row by row, interleaved: which row is made when, how long each row in between is needed, and how far an output
 * may trail the input that it grows over. The rule is the same in the plan, in replay and in the C code: of the steps that can
 * make their next row, the one nearest the output makes it.
 */
import { must } from "../diagnostics.js";
import { type Graph, type TensorId, tensorOf } from "../ir/graph.js";
import { rowCount, rowLength } from "../ir/shape.js";
import { opOf } from "../ops/index.js";
import { keptRows, passesCount, rowsPerCall } from "../ops/kernel.js";
import { type RowUse, viewOf } from "../ops/op.js";
import { firstRow } from "../ops/row-window.js";
import { newestRow, oldestRow } from "./overlap.js";
import { rowCall } from "./row-call.js";
import type { Schedule, Step, Stream } from "./schedule.js";

/** What a step of a stream reads of one tensor. */
export interface RowInput {
  readonly tensor: TensorId;
  readonly use: RowUse;
  /** Position in the stream of the step that makes the tensor; undefined where it exists as a whole. */
  readonly producer: number | undefined;
  readonly rows: number;
  /** First rows of a window that the step itself keeps from call to call, the first call aside. */
  readonly kept: number;
}

/** The first row that a step reads of an input when it has made y rows, may lie outside; those before it that it needs it has kept. */
export function firstRead({ use, kept }: Pick<RowInput, "use" | "kept">, y: number): number {
  if (kept > 0 && use.kind === "window") return y === 0 ? 0 : firstRow(use, y) + kept;
  return oldestRow(use, y);
}

export interface RowStep {
  /** Absent where the rows of `output` arrive from the caller. */
  readonly step?: Step;
  readonly output: TensorId;
  readonly inputs: readonly RowInput[];
  /** Output rows; of a step that accumulates, the input rows that it adds up, of which the last makes its only output row. */
  readonly rows: number;
  /** Rows that it makes at a time, the last of them aside, which may be fewer; */
  readonly block: number;
  /** and the first, which are as many as it can make when it is its turn, so that few rows have to wait for others. */
  readonly first: number;
  readonly accumulates: boolean;
  /** Where the output is a part of a tensor of the stream: what joins that, and the first byte in each of its rows. */
  readonly into?: { readonly step: number; readonly start: number };
}

/** Rows that a step makes at a time when it has made y. */
export function blockAt({ block, first, rows }: Pick<RowStep, "block" | "first" | "rows">, y: number): number {
  return Math.min(y === 0 ? first : block, rows - y);
}

/** The steps of a stream with their data flow; what makes the rows of `fed`, a tensor that the caller hands over, comes first. */
export function rowSteps(
  graph: Graph,
  steps: readonly Step[],
  fed?: TensorId,
  parts: Schedule["parts"] = new Map(),
): readonly RowStep[] {
  const outputs = [...(fed === undefined ? [] : [fed]), ...steps.map((step) => step.output)];
  const producers = new Map(outputs.map((output, i) => [output, i]));
  const sums = new Set(steps.filter((step) => accumulatedRows(step) !== undefined).map((step) => step.output));
  const made = steps.map((step): RowStep => {
    const view = viewOf(graph, step.node);
    const call = rowCall(step);
    const accumulated = accumulatedRows(step);
    const inputs = step.node.inputs.flatMap((tensor, i): readonly RowInput[] => {
      const { data, shape } = tensorOf(graph, tensor);
      if (data) return [];
      const use: RowUse = accumulated === undefined ? opOf(step.node).rows(view, i) : { kind: "same" };
      // There is nothing to read of a sum before its last row.
      const isSum = sums.has(tensor);
      const kept = call ? keptRows(call.drive) : 0;
      return [
        { tensor, use: isSum ? { kind: "all" } : use, producer: producers.get(tensor), rows: rowCount(shape), kept },
      ];
    });
    const rows = accumulated ?? rowCount(view.output.shape);
    const block = call ? rowsPerCall(call) : 1;
    const part = parts.get(step.output);
    const whole = part && producers.get(part.whole);
    return {
      step,
      output: step.output,
      inputs,
      rows,
      block,
      first: block,
      accumulates: accumulated !== undefined,
      ...(part === undefined || whole === undefined ? {} : { into: { step: whole, start: part.start } }),
    };
  });
  if (fed === undefined) return inPhase(made);
  const rows = rowCount(tensorOf(graph, fed).shape);
  return inPhase([{ output: fed, inputs: [], rows, block: 1, first: 1, accumulates: false }, ...made]);
}

/** When a step has new rows: the first `first` of them at once, then `every` at a time. */
interface Phase {
  readonly first: number;
  readonly every: number;
}

/**
 * The steps with first blocks of such a length that each, from then on, can make a block whenever what it reads has got one. Steps
 * that make one row at a time pass on the phase of what they read.
 */
function inPhase(steps: readonly RowStep[]): readonly RowStep[] {
  const phases: Phase[] = [];
  return steps.map((row, i): RowStep => {
    const phase = phaseOfInputs(row, phases);
    const wanted = phase?.first ?? rowsWanted(steps, i);
    const first = canVary(row) && wanted !== undefined ? ((wanted - 1) % row.block) + 1 : row.block;
    phases.push(row.block > 1 ? { first, every: row.block } : (phase ?? { first: 1, every: 1 }));
    return { ...row, first };
  });
}

/**
 * Rows of a step after which a reader that moves on by several rows at a time, directly or behind others, can make its first: blocks
 * that end there leave the fewest rows waiting. Undefined where there is no such reader.
 */
function rowsWanted(steps: readonly RowStep[], maker: number): number | undefined {
  for (const [i, { inputs }] of steps.entries()) {
    const input = inputs.find(({ producer }) => producer === maker);
    if (input?.use.kind === "same") return rowsWanted(steps, i);
    if (input?.use.kind === "window" && input.use.stride > 1) return newestRow(input.use, 0, input.rows) + 1;
  }
  return undefined;
}

/** True where the kernel makes any number of rows up to those of a block. */
function canVary({ step, block }: RowStep): boolean {
  const call = step && rowCall(step);
  return block > 1 && call !== undefined && passesCount(call);
}

/** When a step could make rows, by what it reads in the stream; undefined where that comes row by row or is there as a whole. */
function phaseOfInputs({ inputs, rows }: RowStep, phases: readonly Phase[]): Phase | undefined {
  const found = inputs.flatMap(({ use, producer, rows: available }): readonly Phase[] => {
    const phase = producer === undefined ? undefined : phases[producer];
    if (phase === undefined || phase.every === 1) return [];
    const possible = (made: number): number => {
      let count = 0;
      while (count < rows && newestRow(use, count, available) < made) count++;
      return count;
    };
    let made = phase.first;
    while (possible(made) === 0) made += phase.every;
    const first = possible(made);
    return [{ first, every: Math.max(1, possible(made + phase.every) - first) }];
  });
  return found.reduce<Phase | undefined>((least, one) => (least && least.first <= one.first ? least : one), undefined);
}

/** Input rows of a step that adds them up when it runs row by row. */
function accumulatedRows(step: Step): number | undefined {
  const drive = rowCall(step)?.drive;
  return drive?.kind === "accumulate" ? drive.rows : undefined;
}

/** The row steps of a stream of a schedule. */
export function streamSteps({ graph, steps, parts }: Schedule, { first, last, fed }: Stream): readonly RowStep[] {
  return rowSteps(graph, steps.slice(first, last + 1), fed, parts);
}

/** Counters that outlive a row that the caller hands over: of the rows handed over, and of those that each step of their stream made. */
export function feedCounters({ streams }: Schedule): number {
  const stream = streams.find(({ fed }) => fed !== undefined);
  return stream ? stream.last - stream.first + 2 : 1;
}

/** True when a step can make row `y`, and the others of its block, with made[i] rows of step i in existence. */
export function canMakeRow(step: RowStep, y: number, made: ArrayLike<number>): boolean {
  if (y >= step.rows) return false;
  const last = y + blockAt(step, y) - 1;
  return step.inputs.every(
    ({ use, producer, rows }) => producer === undefined || newestRow(use, last, rows) < (made[producer] ?? 0),
  );
}

/** Modelled cycles for a row of a stream, or a block of rows: the call of its kernel, and the question to each step whether it can make a row. */
const ROW_COST = 60;
const QUESTION_COST = 5;

/** The same for a row that the caller hands over: the call, the counters of the steps, and the copy of the row, by the byte. */
const FED_ROW_COST = 90;
const COUNTER_COST = 7;
const COPY_COST = 0.5;

/** Modelled cycles that the loop around the rows of a stream costs. */
export function loopCost(graph: Graph, steps: readonly RowStep[]): number {
  const questions = QUESTION_COST * steps.length;
  return steps.reduce((sum, { step, output, rows, block, first }) => {
    if (step !== undefined) return sum + (1 + Math.ceil(Math.max(0, rows - first) / block)) * (ROW_COST + questions);
    const fed = FED_ROW_COST + questions + COUNTER_COST * steps.length;
    return sum + rows * (fed + COPY_COST * rowLength(tensorOf(graph, output).shape));
  }, 0);
}

/** Walks through the rows in their order: `make(i, y)` for row y of step i and the others of its block. */
export function walkRows(steps: readonly RowStep[], make: (step: number, y: number) => void): void {
  const made = new Int32Array(steps.length);
  let i = steps.length - 1;
  while (i >= 0) {
    const y = made[i] ?? 0;
    const step = must(steps[i], "step");
    if (canMakeRow(step, y, made)) {
      make(i, y);
      made[i] = y + blockAt(step, y);
      i = steps.length - 1;
    } else {
      i--;
    }
  }
}

/** When a row is needed. Events are the rows, or blocks of rows, of all steps, counted in their order. */
export interface RowLife {
  /** The event that makes it. */
  readonly from: number;
  /** The last event that reads it, or `from` where none does. */
  readonly to: number;
}

export interface RowPlan {
  /** Of each step, the life of every row that it makes. */
  readonly lives: readonly (readonly RowLife[])[];
  /** Number of events. */
  readonly events: number;
  /** Least offset(input) - offset(output), by input tensor, for each step's output as a whole tensor. */
  readonly distance: (output: number, input: TensorId) => number;
}

export function planRows(graph: Graph, steps: readonly RowStep[]): RowPlan {
  const made = new Int32Array(steps.length);
  const lives = steps.map((): { from: number; to: number }[] => []);
  // Rows of each step before this one are no longer needed.
  const ended = new Int32Array(steps.length);
  const readers = readersOf(steps);
  /** First row of a tensor that some step still reads, the row that is being made included. */
  const oldestNeeded = (tensor: TensorId): number =>
    Math.min(
      ...(readers.get(tensor) ?? []).map(({ step, input }) => {
        const y = made[step] ?? 0;
        return y >= must(steps[step], "step").rows ? Number.POSITIVE_INFINITY : firstRead(input, y);
      }),
    );
  const external = [...readers.keys()].filter((tensor) => !steps.some(({ output }) => output === tensor));
  const rowBytes = (tensor: TensorId): number => rowLength(tensorOf(graph, tensor).shape);
  const distances = new Map<string, number>();
  /** The event that makes the first part of each row, by what joins them. */
  const partsBegun = new Map<number, number[]>();
  let events = 0;
  const endRows = (producer: number): void => {
    const rows = must(lives[producer], "rows");
    const oldest = Math.min(rows.length, oldestNeeded(must(steps[producer], "step").output));
    for (let y = ended[producer] ?? 0; y < oldest; y++) must(rows[y], "row").to = events;
    ended[producer] = Math.max(ended[producer] ?? 0, oldest);
  };
  walkRows(steps, (i, y) => {
    const step = must(steps[i], "step");
    const { output, inputs, accumulates } = step;
    const block = blockAt(step, y);
    const rows = accumulates ? 1 : y + block;
    for (const input of external) {
      const first = oldestNeeded(input);
      if (first === Number.POSITIVE_INFINITY) continue;
      const key = `${i} ${input}`;
      const distance = rows * rowBytes(output) - first * rowBytes(input);
      distances.set(key, Math.max(distances.get(key) ?? 0, distance));
    }
    made[i] = y + block;
    // A row of a tensor that is joined in place is there with its first part.
    const from = Math.min(events, partsBegun.get(i)?.[y] ?? events);
    for (let k = 0; k < block; k++) must(lives[i], "rows").push({ from, to: events });
    if (step.into) {
      const begun = partsBegun.get(step.into.step) ?? [];
      partsBegun.set(step.into.step, begun);
      begun[y] ??= events;
    }
    for (const { producer } of [{ producer: i }, ...inputs]) if (producer !== undefined) endRows(producer);
    events++;
  });
  return { lives, events, distance: (output, input) => distances.get(`${output} ${input}`) ?? 0 };
}

function readersOf(steps: readonly RowStep[]): ReadonlyMap<TensorId, readonly { step: number; input: RowInput }[]> {
  const readers = new Map<TensorId, { step: number; input: RowInput }[]>();
  steps.forEach(({ inputs }, step) => {
    for (const input of inputs) readers.set(input.tensor, [...(readers.get(input.tensor) ?? []), { step, input }]);
  });
  return readers;
}

/** Tensors from outside that are read row by row alone. */
export function dyingInputs(rows: readonly RowStep[]): readonly TensorId[] {
  const inputs = rows.flatMap((step) => step.inputs.filter(({ producer }) => producer === undefined));
  const whole = new Set(inputs.filter(({ use }) => use.kind === "all").map(({ tensor }) => tensor));
  return [...new Set(inputs.map(({ tensor }) => tensor))].filter((tensor) => !whole.has(tensor));
}
