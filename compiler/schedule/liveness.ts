/**
 * Liveness: which tensors share bytes (views and in-place results) and from which step to which each such block lives.
 */
import { must } from "../diagnostics.js";
import { type TensorId, tensorBytes, tensorOf } from "../ir/graph.js";
import { opOf } from "../ops/index.js";
import { totalScratchBytes } from "../ops/kernel.js";
import { viewOf } from "../ops/op.js";
import { alignBytes } from "./arena-align.js";
import { type SafeDistances, safeDistances } from "./overlap.js";
import { dyingInputs, planRows, streamSteps } from "./row-plan.js";
import {
  type Part,
  type PortOptions,
  type RowPool,
  type Schedule,
  type Step,
  type Stream,
  streamOf,
} from "./schedule.js";

/** Tensors that share one piece of memory. */
export interface Block {
  readonly tensors: readonly TensorId[];
  /** First byte of those that do not start with the block. */
  readonly starts?: ReadonlyMap<TensorId, number>;
  /** The step that uses the bytes as scratch. */
  readonly scratchOf?: number;
  /** What the bytes are to a stream, of whose tensors they hold rows. */
  readonly pool?: RowPool;
  readonly bytes: number;
  /** -1: filled by the caller before step 0. */
  readonly firstStep: number;
  /** steps.length: read by the caller after the last step. */
  readonly lastStep: number;
  /** Set when the bytes are the caller's. */
  readonly caller?: { readonly kind: "input" | "output"; readonly index: number };
}

/** While step `step`, or the stream that starts with it, runs, `output` may share bytes with `input` at these distances. */
export interface Overlap {
  readonly output: Block;
  readonly input: Block;
  readonly step: number;
  readonly distances: SafeDistances;
}

/** The steps that run at the same time as a step: itself, or its stream. */
interface Span {
  readonly first: number;
  readonly last: number;
}

export interface Liveness {
  readonly blocks: readonly Block[];
  readonly overlaps: readonly Overlap[];
}

interface OpenBlock {
  tensors: TensorId[];
  starts?: Map<TensorId, number>;
  pool?: RowPool;
  bytes: number;
  firstStep: number;
  lastStep: number;
  caller?: { kind: "input" | "output"; index: number };
}

/**
 * Which steps may make their rows from the last to the first, so that the output grows over the input from above: any, where that
 * makes the arena smaller, or those that lose no time by it and take no other code.
 */
export type Backward = "any" | "cheap";

/** What liveness depends on besides the schedule. */
export interface LivenessOptions {
  readonly ports: PortOptions;
  /** Absent: any. */
  readonly backward?: Backward;
}

export function computeLiveness(schedule: Schedule, ports: PortOptions, backward: Backward = "any"): Liveness {
  const { graph, steps } = schedule;
  const blockOf = new Map<TensorId, OpenBlock>();
  const blocks: OpenBlock[] = [];
  const spans = spansOf(schedule);
  const lastRead = lastReads(schedule, spans, ports);
  const outputs = new Set(graph.outputs.map((port) => port.tensor));

  const open = (id: TensorId, firstStep: number): OpenBlock => {
    const block: OpenBlock = {
      tensors: [id],
      bytes: bytesOf(schedule, id),
      firstStep,
      lastStep: lastRead.get(id) ?? firstStep,
    };
    blockOf.set(id, block);
    blocks.push(block);
    return block;
  };
  const join = (block: OpenBlock, id: TensorId): void => {
    block.tensors.push(id);
    block.bytes = Math.max(block.bytes, bytesOf(schedule, id));
    block.lastStep = Math.max(block.lastStep, lastRead.get(id) ?? 0);
    blockOf.set(id, block);
  };

  /** The whole is there with its first part. */
  const joinPart = ({ whole, start }: Part, { output }: Step, firstStep: number): void => {
    const block = blockOf.get(whole) ?? open(whole, firstStep);
    block.tensors.splice(block.tensors.indexOf(whole), 0, output);
    block.starts = new Map([...(block.starts ?? []), [output, start]]);
    blockOf.set(output, block);
  };

  for (const { pool, first, last } of schedule.streams) {
    if (pool.bytes === 0) continue;
    const block = { tensors: [...pool.rows.keys()], pool, bytes: pool.bytes, firstStep: first, lastStep: last };
    blocks.push(block);
    for (const id of block.tensors) blockOf.set(id, block);
  }
  graph.inputs.forEach((port, index) => {
    if (blockOf.has(port.tensor)) return;
    const block = open(port.tensor, -1);
    if (ports.io === "caller" && ports.input === "whole") block.caller = { kind: "input", index };
  });
  for (const step of steps) {
    const span = must(spans[step.index], "span");
    const stream = schedule.streams.find(({ first }) => first === span.first);
    if (blockOf.has(step.output)) continue;
    const part = schedule.parts.get(step.output);
    if (part) {
      joinPart(part, step, span.first);
      continue;
    }
    const host = stream ? undefined : sharedInput(schedule, step, blockOf, outputs);
    if (host) {
      join(host, step.output);
      continue;
    }
    const block = open(step.output, span.first);
    block.lastStep = Math.max(block.lastStep, span.last);
  }
  if (ports.io === "caller" && ports.output === "whole") {
    graph.outputs.forEach((port, index) => {
      must(blockOf.get(port.tensor), `block of %${port.tensor}`).caller ??= { kind: "output", index };
    });
  }
  const overlaps = [
    ...steps.flatMap((step) => (streamOf(schedule, step) ? [] : overlapsOf(schedule, step, blockOf))),
    ...schedule.streams.flatMap((stream) => streamOverlaps(schedule, stream, blockOf)),
    ...blocks.flatMap((block) => poolOverlaps(block, blockOf)),
  ];
  const any = { blocks: [...blocks, ...scratchBlocks(schedule)], overlaps };
  const dear = new Set(steps.flatMap((step) => (isDear(step) ? [step.index] : [])));
  const cheap = onlyForward(any, dear);
  if (backward === "cheap" || dear.size === 0) return cheap;
  // What loses time by running backward does so only where the arena would be larger otherwise.
  const peak = Math.max(...aliveBytes(any, steps.length));
  const alive = aliveBytes(cheap, steps.length);
  return onlyForward(any, new Set([...dear].filter((index) => (alive[index] ?? 0) <= peak)));
}

/** The same where some steps run from the first row to the last; rows of streams do anyway. */
function onlyForward({ blocks, overlaps }: Liveness, steps: ReadonlySet<number>): Liveness {
  const forward = ({ distances }: Overlap): SafeDistances => ({ ...distances, backward: Number.POSITIVE_INFINITY });
  return {
    blocks,
    overlaps: overlaps.map((one) => (steps.has(one.step) ? { ...one, distances: forward(one) } : one)),
  };
}

/** Inputs of the step that die in it, and over which its output, a block of its own, may grow. */
function overlapsOf(schedule: Schedule, step: Step, blockOf: ReadonlyMap<TensorId, Block>): readonly Overlap[] {
  const output = must(blockOf.get(step.output), `block of %${step.output}`);
  if (output.firstStep !== step.index || output.caller || schedule.parts.has(step.output)) return [];
  return step.node.inputs.flatMap((id, index): readonly Overlap[] => {
    const input = blockOf.get(id);
    if (!input || input === output || input.caller || input.lastStep !== step.index) return [];
    const readers = step.node.inputs.filter((other) => blockOf.get(other) === input);
    if (new Set(readers).size > 1 || step.node.inputs.indexOf(id) !== index) return [];
    const distances = safeDistances(schedule.graph, step, index);
    if (distances === undefined) return [];
    return [{ output, input, step: step.index, distances }];
  });
}

/** Share of its cycles that a layer may lose by running backward. */
const BACKWARD_LOSS = 0.01;

/** A flat kernel runs backward row by row (orderRows): rows may be short, and another kernel may be the best for them, in code of its own. */
function isDear({ call, byRows }: Step): boolean {
  if (call?.drive.kind !== "flat" || !call.estimate || !byRows?.estimate) return false;
  if (byRows.kernel !== call.kernel) return true;
  return byRows.estimate.cycles > (1 + BACKWARD_LOSS) * call.estimate.cycles;
}

/** The block that the step's output takes over: a view's source, or an input that dies here and may be overwritten. */
function sharedInput(
  schedule: Schedule,
  step: Step,
  blockOf: ReadonlyMap<TensorId, OpenBlock>,
  outputs: ReadonlySet<TensorId>,
): OpenBlock | undefined {
  const view = viewOf(schedule.graph, step.node);
  const source = step.node.inputs[0];
  if (!step.call) return source === undefined ? undefined : blockOf.get(source);
  if (outputs.has(step.output)) return undefined;
  for (const input of step.call.inPlace ? [0] : (opOf(step.node).inPlace?.(view) ?? [])) {
    const id = must(step.node.inputs[input], `input ${input} of %${step.node.id}`);
    const block = blockOf.get(id);
    const readTwice = step.node.inputs.filter((other) => blockOf.get(other) === block).length > 1;
    if (!block || block.caller || block.tensors.some((tensor) => outputs.has(tensor)) || readTwice) continue;
    if (block.lastStep === step.index && block.bytes === bytesOf(schedule, step.output)) return block;
  }
  return undefined;
}

/** Outputs of a stream over the inputs that die in it. Rows run upwards only. */
function streamOverlaps(schedule: Schedule, stream: Stream, blockOf: ReadonlyMap<TensorId, Block>): readonly Overlap[] {
  const rows = streamSteps(schedule, stream);
  const plan = planRows(schedule.graph, rows);
  const read = rows.flatMap(({ step }) => step?.node.inputs ?? []);
  const joined = new Set(rows.flatMap(({ into }) => into?.step ?? []));
  return rows.flatMap((row, i) =>
    (schedule.parts.has(row.output) || joined.has(i) ? [] : dyingInputs(rows)).flatMap((id): readonly Overlap[] => {
      const output = must(blockOf.get(row.output), "output");
      const input = must(blockOf.get(id), "input");
      const isWhole = output.pool === undefined && !output.caller && !input.caller;
      const isOneReader = input.tensors.every((other) => other === id || !read.includes(other));
      if (!isWhole || input === output || input.lastStep !== stream.last || !isOneReader) return [];
      const distances = { forward: plan.distance(i, id), backward: Number.POSITIVE_INFINITY };
      return [{ output, input, step: stream.first, distances }];
    }),
  );
}

/** The output that grows over the pool of its stream. */
function poolOverlaps(input: Block, blockOf: ReadonlyMap<TensorId, Block>): readonly Overlap[] {
  const grown = input.pool?.grown;
  if (grown === undefined) return [];
  const output = must(blockOf.get(grown.tensor), "output");
  if (output.caller || output.firstStep !== input.firstStep || (output.starts?.has(grown.tensor) ?? false)) return [];
  const distances = { forward: grown.distance, backward: Number.POSITIVE_INFINITY };
  return [{ output, input, step: input.firstStep, distances }];
}

/** Of steps that run alone; those of a stream have theirs in its pool. */
function scratchBlocks(schedule: Schedule): readonly Block[] {
  return schedule.steps.flatMap((step): readonly Block[] => {
    const { index, call, byRows } = step;
    const bytes = Math.max(0, ...[call, byRows].map((one) => (one ? totalScratchBytes(one) : 0)));
    if (bytes === 0 || streamOf(schedule, step)) return [];
    return [{ tensors: [], scratchOf: index, bytes, firstStep: index, lastStep: index }];
  });
}

/** Per step, when it runs: steps of one stream share one span. */
function spansOf({ steps, streams }: Schedule): readonly Span[] {
  return steps.map(
    ({ index }): Span =>
      streams.find(({ first, last }) => first <= index && index <= last) ?? { first: index, last: index },
  );
}

/**
 * Last step at which each tensor is read, directly or through a view; a stream reads until its last step. An output that is
 * handed over by rows is read where it is made.
 */
function lastReads(schedule: Schedule, spans: readonly Span[], ports: PortOptions): ReadonlyMap<TensorId, number> {
  const last = new Map<TensorId, number>();
  if (ports.output === "whole") for (const port of schedule.graph.outputs) last.set(port.tensor, schedule.steps.length);
  for (const step of schedule.steps.slice().reverse()) {
    const end = must(spans[step.index], "span").last;
    // A view's readers are its source's readers too.
    const through = step.call ? end : Math.max(end, last.get(step.output) ?? end);
    for (const input of step.node.inputs) last.set(input, Math.max(last.get(input) ?? -1, through));
  }
  return last;
}

/** Bytes of the arena alive at each step; an output counts only for what lies outside the input that it may overlap. */
export function aliveBytes({ blocks, overlaps }: Liveness, stepCount: number): readonly number[] {
  const inArena = blocks.filter((block) => block.caller === undefined);
  return Array.from({ length: stepCount }, (_, step) => {
    const isAlive = (block: Block): boolean => block.firstStep <= step && step <= block.lastStep;
    const saved = overlaps.flatMap(({ input, output, distances }) => {
      if (!isAlive(input) || !isAlive(output)) return [];
      const [inBytes, outBytes] = [alignBytes(input.bytes), alignBytes(output.bytes)];
      const forward = Math.max(alignBytes(distances.forward) + inBytes, outBytes);
      const backward = Math.max(alignBytes(distances.backward) + outBytes, inBytes);
      return [inBytes + outBytes - Math.min(forward, backward, inBytes + outBytes)];
    });
    const alive = inArena.filter(isAlive).reduce((sum, block) => sum + alignBytes(block.bytes), 0);
    return alive - Math.max(0, ...saved);
  });
}

function bytesOf({ graph }: Schedule, id: TensorId): number {
  return tensorBytes(tensorOf(graph, id));
}
