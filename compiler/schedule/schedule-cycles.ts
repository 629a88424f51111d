/** Modelled cycles of a schedule, by the prices of its target. */
import { tensorOf } from "../ir/graph.js";
import { elementCount } from "../ir/shape.js";
import type { KernelCall, KernelEstimate } from "../ops/kernel.js";
import { loopCost, streamSteps } from "./row-plan.js";
import type { Schedule, Step } from "./schedule.js";

/** Of an inference: its kernels, and the loops around rows. */
export function scheduleCycles(schedule: Schedule): number {
  const loops = schedule.streams.reduce(
    (sum, stream) => sum + loopCost(schedule.graph, streamSteps(schedule, stream)),
    0,
  );
  return schedule.steps.reduce(
    (sum, step) => sum + (step.call ? estimateOf(schedule, step, step.call).cycles : 0),
    loops,
  );
}

/** Of kernels without a price, about what plain loops cost. */
const UNPRICED = { mac: 8, output: 20, codeBytes: 400 } as const;

/** What the kernel of a step costs. */
export function estimateOf({ graph }: Schedule, { output, macs }: Step, call: KernelCall): KernelEstimate {
  if (call.estimate) return call.estimate;
  const outputs = elementCount(tensorOf(graph, output).shape);
  return { cycles: macs * UNPRICED.mac + outputs * UNPRICED.output, codeBytes: UNPRICED.codeBytes };
}
