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

interface OpenBlock {
  tensors: TensorId[];
  bytes: number;
  firstStep: number;
  lastStep: number;
  caller?: { kind: "input" | "output"; index: number };
}

export function computeLiveness(schedule: Schedule, io: "caller" | "arena"): readonly Block[] {
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
  return [...blocks, ...steps.flatMap(scratchBlock)];
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
  const bytes = step.call ? totalScratchBytes(step.call) : 0;
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
