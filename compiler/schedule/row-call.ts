/** How a step makes one row at a time. */
import type { KernelCall } from "../ops/kernel.js";
import type { Step } from "./schedule.js";

/** The call that makes one row, where the step can be streamed. */
export function rowCall(step: Step): KernelCall | undefined {
  return step.byRows ?? (step.call?.drive.kind === "rows" ? step.call : undefined);
}
