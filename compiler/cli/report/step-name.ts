/** What a step is called in reports. */
import type { Step } from "../../schedule/schedule.js";

/** The model's name of the node; the compiler's where the model has none. */
export function stepName(step: Step): string {
  return step.node.origin.nodes[0] || step.node.id;
}
