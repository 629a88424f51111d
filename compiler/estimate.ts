/** What a program needs, as far as the compiler knows without building it: RAM exactly, cycles and flash by the prices of the target. */

import { rowAddresses, tableType } from "./codegen/row-address.js";
import type { KernelCall } from "./ops/kernel.js";
import { waitCycles } from "./schedule/divide-arena.js";
import { contextBytes, programSizes } from "./schedule/program-sizes.js";
import type { Program } from "./schedule/schedule.js";
import { estimateOf, scheduleCycles } from "./schedule/schedule-cycles.js";

export interface ProgramEstimate {
  /** The context, and copies of constants; with buffers of the caller, without them. */
  readonly ramBytes: number;
  /** Modelled cycles of one inference, those that the core waits for a divided arena among them. */
  readonly cycles: number;
  /** Weights, tables, and the modelled code of kernels. */
  readonly flashBytes: number;
}

export function estimateProgram(program: Program): ProgramEstimate {
  const { schedule, arena } = program;
  const sizes = programSizes(program);
  const running = schedule.steps.flatMap((step) => (step.call ? [{ step, call: step.call }] : []));
  const cycles = scheduleCycles(schedule) + waitCycles(arena.regions ?? []);
  const instances = new Map(running.map(({ step, call }) => [instanceKey(call), estimateOf(schedule, step, call)]));
  const code = [...instances.values()].reduce((sum, { codeBytes }) => sum + codeBytes, 0);
  return {
    ramBytes: contextBytes(program) + (program.hot?.bytes ?? 0),
    cycles: Math.round(cycles),
    flashBytes: Math.round(sizes.weightBytes + sizes.tableBytes + code + rowTableBytes(program)),
  };
}

/** Tables of the offsets of rows in flight. */
function rowTableBytes(program: Program): number {
  return [...rowAddresses(program).values()].reduce((sum, address) => {
    if (address.kind === "ring") return sum;
    return sum + address.offsets.length * (tableType(address.offsets) === "uint16_t" ? 2 : 4);
  }, 0);
}

/** Layers of equal geometry share the code. */
function instanceKey({ kernel, params, drive }: KernelCall): string {
  return JSON.stringify([kernel, params, drive]);
}
