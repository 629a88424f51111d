/**
 * Liveness: which tensors share bytes (views and in-place results) and from which step to which each such block lives.
 */
import { must } from "../diagnostics.js";
import type { TensorId } from "../ir/graph.js";
import { tensorOf } from "../ir/graph.js";
import { elementCount } from "../ir/shape.js";
import { opOf } from "../ops/index.js";
import { totalScratchBytes } from "../ops/kernel.js";
import { viewOf } from "../ops/op.js";
import { type SafeDistances, safeDistances } from "./overlap.js";
import type { Schedule, Step } from "./schedule.js";

/** Tensors that share one piece of memory. */
export interface Block {
  readonly tensors: readonly TensorId[];
  readonly scratchOf?: number;
  readonly bytes: number;
  /** -1: filled by the caller before step 0. */
  readonly firstStep: number;
  /** steps.length: read by the caller after the last step. */
  readonly lastStep: number;
  /** Set when the bytes are the caller's. */
  readonly caller?: { readonly kind: "input" | "output"; readonly index: number };
}

/** At step `step` block `output` may share bytes with block `input`, at these distances. */
export interface Overlap {
  readonly output: Block;
  readonly input: Block;
  readonly step: number;
  readonly distances: SafeDistances;
}

export interface Liveness {
  readonly blocks: readonly Block[];
  readonly overlaps: readonly Overlap[];
}

interface OpenBlock {
  tensors: TensorId[];
  bytes: number;
  firstStep: number;
  lastStep: number;
  caller?: { kind: "input" | "output"; index: number };
}

export function computeLiveness(schedule: Schedule, io: "caller" | "arena"): Liveness {
  const { graph, steps } = schedule;
  const blockOf = new Map<TensorId, OpenBlock>();
  const blocks: OpenBlock[] = [];
  const lastRead = lastReads(schedule);
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

  graph.inputs.forEach((port, index) => {
    const block = open(port.tensor, -1);
    if (io === "caller") block.caller = { kind: "input", index };
  });
  for (const step of steps) {
    const host = sharedInput(schedule, step, blockOf, outputs);
    if (host) join(host, step.node.output);
    else open(step.node.output, step.index);
  }
  if (io === "caller") {
    graph.outputs.forEach((port, index) => {
      must(blockOf.get(port.tensor), `block of %${port.tensor}`).caller ??= { kind: "output", index };
    });
  }
  return {
    blocks: [...blocks, ...steps.flatMap(scratchBlock)],
    overlaps: steps.flatMap((step) => overlapsOf(schedule, step, blockOf)),
  };
}

/** Inputs of the step that die in it, and over which its output, a block of its own, may grow. */
function overlapsOf(schedule: Schedule, step: Step, blockOf: ReadonlyMap<TensorId, Block>): readonly Overlap[] {
  const output = must(blockOf.get(step.node.output), `block of %${step.node.output}`);
  if (output.firstStep !== step.index || output.caller) return [];
  return step.node.inputs.flatMap((id, index): readonly Overlap[] => {
    const input = blockOf.get(id);
    if (!input || input === output || input.caller || input.lastStep !== step.index) return [];
    const readers = step.node.inputs.filter((other) => blockOf.get(other) === input);
    if (new Set(readers).size > 1 || step.node.inputs.indexOf(id) !== index) return [];
    const distances = safeDistances(schedule.graph, step, index);
    return distances === undefined ? [] : [{ output, input, step: step.index, distances }];
  });
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
  if (outputs.has(step.node.output)) return undefined;
  for (const input of opOf(step.node).inPlace?.(view) ?? []) {
    const id = must(step.node.inputs[input], `input ${input} of %${step.node.id}`);
    const block = blockOf.get(id);
    const readTwice = step.node.inputs.filter((other) => blockOf.get(other) === block).length > 1;
    if (!block || block.caller || block.tensors.some((tensor) => outputs.has(tensor)) || readTwice) continue;
    if (block.lastStep === step.index && block.bytes === bytesOf(schedule, step.node.output)) return block;
  }
  return undefined;
}

function scratchBlock(step: Step): readonly Block[] {
  const bytes = Math.max(0, ...[step.call, step.byRows].map((call) => (call ? totalScratchBytes(call) : 0)));
  return bytes === 0
    ? []
    : [{ tensors: [], scratchOf: step.index, bytes, firstStep: step.index, lastStep: step.index }];
}

/** Last step that reads each tensor, directly or through a view. */
function lastReads(schedule: Schedule): ReadonlyMap<TensorId, number> {
  const last = new Map<TensorId, number>();
  for (const port of schedule.graph.outputs) last.set(port.tensor, schedule.steps.length);
  for (const step of schedule.steps.slice().reverse()) {
    // A view's readers are its source's readers too.
    const through = step.call ? step.index : Math.max(step.index, last.get(step.node.output) ?? step.index);
    for (const input of step.node.inputs) last.set(input, Math.max(last.get(input) ?? -1, through));
  }
  return last;
}

function bytesOf(schedule: Schedule, id: TensorId): number {
  const tensor = tensorOf(schedule.graph, id);
  return elementCount(tensor.shape) * (tensor.dtype === "int8" ? 1 : 4);
}
