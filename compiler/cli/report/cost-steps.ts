/** What each step of a schedule costs: parameters, bytes moved, arithmetic intensity. */
import { kernelInputs } from "../../codegen/kernel-inputs.js";
import { type TensorId, tensorBytes, tensorOf } from "../../ir/graph.js";
import { elementCount } from "../../ir/shape.js";
import { opOf } from "../../ops/index.js";
import { constantsOf } from "../../ops/kernel.js";
import { parametersOf, viewOf } from "../../ops/op.js";
import type { Program, Step } from "../../schedule/schedule.js";

export interface StepCost {
  /** Weights and biases; tables of functions do not count. */
  readonly params: number;
  /** Input, output and constants; 0 for a view. */
  readonly moved_bytes: number;
  /** Multiply-accumulates per byte moved. */
  readonly macs_per_byte: number;
}

/** Part of the whole: steps, what they move, and that as a share of all bytes moved, in [0, 1]. */
export interface Share {
  readonly steps: number;
  readonly moved_bytes: number;
  readonly share: number;
}

/** A step with what it costs, for the functions that look at the whole network. */
export interface CostedStep extends StepCost {
  readonly step: Step;
}

export function costSteps(program: Program): readonly CostedStep[] {
  const { graph, schedule } = program;
  const bytesOf = (id: TensorId): number => tensorBytes(tensorOf(graph, id));
  return schedule.steps.map((step): CostedStep => {
    const params = parametersOf(opOf(step.node), viewOf(graph, step.node)).reduce(
      (sum, { shape }) => sum + elementCount(shape),
      0,
    );
    if (!step.call) return { step, params, moved_bytes: 0, macs_per_byte: 0 };
    const inputs = [...new Set(kernelInputs(graph, step))].reduce((sum, id) => sum + bytesOf(id), 0);
    const constants = constantsOf(step.call).reduce((sum, constant) => sum + constant.data.byteLength, 0);
    // Where some of a join is in place, what it reads is all that it writes.
    const moved = inputs + (step.rest ? inputs : bytesOf(step.output)) + constants;
    return { step, params, moved_bytes: moved, macs_per_byte: ratio(step.macs, moved) };
  });
}

export function sumOf<T>(list: readonly T[], value: (one: T) => number): number {
  return list.reduce((sum, one) => sum + value(one), 0);
}

/** Four significant digits: these figures are for reading. */
export function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : Number((part / whole).toPrecision(4));
}
