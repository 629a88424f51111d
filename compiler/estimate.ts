/** What a program needs, as far as the compiler knows without building it: RAM exactly, cycles and flash by the prices of the target. */

import { rowAddress, tableType } from "./codegen/row-address.js";
import { tensorOf } from "./ir/graph.js";
import { elementCount, rowLength } from "./ir/shape.js";
import type { KernelCall, KernelEstimate } from "./ops/kernel.js";
import { contextBytes, programSizes } from "./schedule/program-sizes.js";
import { loopCost, streamSteps } from "./schedule/row-plan.js";
import type { Program, Step } from "./schedule/schedule.js";

export interface ProgramEstimate {
  /** The context; with buffers of the caller, without them. */
  readonly ramBytes: number;
  /** Modelled cycles of one inference. */
  readonly cycles: number;
  /** Weights, tables, and the modelled code of kernels. */
  readonly flashBytes: number;
}

export function estimateProgram(program: Program): ProgramEstimate {
  const { graph, schedule } = program;
  const sizes = programSizes(program);
  const running = schedule.steps.flatMap((step) => (step.call ? [{ step, call: step.call }] : []));
  const loops = schedule.streams.reduce((sum, stream) => sum + loopCost(streamSteps(schedule, stream)), 0);
  const cycles = running.reduce((sum, { step, call }) => sum + estimateOf(graph, step, call).cycles, loops);
  const instances = new Map(running.map(({ step, call }) => [instanceKey(call), estimateOf(graph, step, call)]));
  const code = [...instances.values()].reduce((sum, { codeBytes }) => sum + codeBytes, 0);
  return {
    ramBytes: contextBytes(program),
    cycles: Math.round(cycles),
    flashBytes: Math.round(sizes.weightBytes + sizes.tableBytes + code + rowTableBytes(program)),
  };
}

/** Tables of the offsets of rows in flight. */
function rowTableBytes({ graph, arena }: Program): number {
  return Array.from(arena.places).reduce((sum, [id, place]) => {
    if (place.kind !== "arena" || place.rowOffsets === undefined) return sum;
    const address = rowAddress(place.rowOffsets, rowLength(tensorOf(graph, id).shape));
    return address.kind === "ring"
      ? sum
      : sum + address.offsets.length * (tableType(address.offsets) === "uint16_t" ? 2 : 4);
  }, 0);
}

/** Of kernels without a price, about what plain loops cost. */
const UNPRICED = { mac: 8, output: 20, codeBytes: 400 } as const;

function estimateOf(graph: Program["graph"], { output, macs }: Step, call: KernelCall): KernelEstimate {
  if (call.estimate) return call.estimate;
  const outputs = elementCount(tensorOf(graph, output).shape);
  return { cycles: macs * UNPRICED.mac + outputs * UNPRICED.output, codeBytes: UNPRICED.codeBytes };
}

/** Layers of equal geometry share the code. */
function instanceKey({ kernel, params, drive }: KernelCall): string {
  return JSON.stringify([kernel, params, drive]);
}
