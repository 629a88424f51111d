/** The figures of a program that the banner, the report and the command line print. */
import { type TensorId, tensorBytes, tensorOf } from "../ir/graph.js";
import { elementCount } from "../ir/shape.js";
import { opOf } from "../ops/index.js";
import { constantsOf, type PackedConstant } from "../ops/kernel.js";
import { parametersOf, viewOf } from "../ops/op.js";
import { alignBytes } from "./arena-align.js";
import { feedCounters } from "./row-plan.js";
import type { PortOptions, Program, Schedule } from "./schedule.js";

export interface ProgramSizes {
  readonly macs: number;
  /** Elements of the graph's constant weights and biases. */
  readonly params: number;
  /** Packed weight values alone. */
  readonly weightBytes: number;
  /** Bias, requantization and lookup tables. */
  readonly tableBytes: number;
  readonly arenaBytes: number;
  /** The arena and what the context holds beside it. */
  readonly contextBytes: number;
  readonly arenaLowerBound: number;
  /** Graph inputs and outputs, wherever they live. */
  readonly ioBytes: number;
}

export function programSizes(program: Program): ProgramSizes {
  const { graph, schedule, arena } = program;
  const constants = distinctConstants(schedule.steps.flatMap((step) => (step.call ? constantsOf(step.call) : [])));
  const bytesWith = (role: PackedConstant["role"]): number =>
    constants.filter((constant) => constant.role === role).reduce((sum, constant) => sum + constant.data.byteLength, 0);
  const parameters = new Set(graph.nodes.flatMap((node) => parametersOf(opOf(node), viewOf(graph, node))));
  const ports = [...graph.inputs, ...graph.outputs].map((port) => graph.tensors.get(port.tensor));
  return {
    macs: schedule.steps.reduce((sum, step) => sum + step.macs, 0),
    params: [...parameters].reduce((sum, { shape }) => sum + elementCount(shape), 0),
    weightBytes: bytesWith("weights"),
    tableBytes: bytesWith("table"),
    arenaBytes: arena.bytes,
    contextBytes: contextBytes(program),
    arenaLowerBound: arena.lowerBound,
    ioBytes: ports.reduce((sum, t) => sum + (t ? tensorBytes(t) : 0), 0),
  };
}

/** The arena, wherever its parts are, and what the context holds beside it. */
export function contextBytes({ schedule, arena, options }: Program): number {
  return arena.bytes + bytesBeside(schedule, options, arena.regions?.length);
}

/**
 * What the context holds beside the arena, on a core with pointers of 32 bits: with rows from the caller a phase and counters, and where
 * rows go; pointers to the parts of a divided arena.
 */
export function bytesBeside(schedule: Schedule, { input, output }: PortOptions, parts = 0): number {
  const feeding = input === "rows" ? 1 + feedCounters(schedule) + (output === "rows" ? 2 : 0) : 0;
  return alignBytes(4 * (feeding + parts));
}

/**
 * Bytes that layer by layer execution needs at its busiest step: graph inputs and outputs, the tensors of the step and all that
 * is read later, each in memory of its own.
 */
export function liveTensorBytes({ graph, schedule }: Program): number {
  const { steps } = schedule;
  const lastRead = new Map<TensorId, number>();
  for (const { node, output, index } of steps) for (const id of [output, ...node.inputs]) lastRead.set(id, index);
  for (const { tensor } of graph.outputs) lastRead.set(tensor, steps.length);
  const made = new Map(steps.map(({ output, index }) => [output, index]));
  const sizes = [...lastRead].flatMap(([id, last]) => {
    const tensor = tensorOf(graph, id);
    return tensor.data ? [] : [{ first: made.get(id) ?? -1, last, bytes: tensorBytes(tensor) }];
  });
  const alive = steps.map(({ index }) =>
    sizes.reduce((sum, { first, last, bytes }) => sum + (first <= index && index <= last ? bytes : 0), 0),
  );
  return Math.max(0, ...alive);
}

/** Constants of equal type and bytes are stored once. */
export function distinctConstants(constants: readonly PackedConstant[]): readonly PackedConstant[] {
  const byKey = new Map<string, PackedConstant[]>();
  const distinct: PackedConstant[] = [];
  for (const constant of constants) {
    const key = `${constant.data.constructor.name}:${constant.data.length}:${constant.data[0]}:${constant.data.at(-1)}`;
    const candidates = byKey.get(key) ?? [];
    if (candidates.some((other) => sameData(other.data, constant.data))) continue;
    byKey.set(key, [...candidates, constant]);
    distinct.push(constant);
  }
  return distinct;
}

/** Of one type and equal: bit patterns are compared, so that NaN payloads and signed zeros of float tables count. */
export function sameData(a: PackedConstant["data"], b: PackedConstant["data"]): boolean {
  if (a.constructor !== b.constructor || a.byteLength !== b.byteLength) return false;
  const x = new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
  const y = new Uint8Array(b.buffer, b.byteOffset, b.byteLength);
  return x.every((byte, i) => byte === y[i]);
}
