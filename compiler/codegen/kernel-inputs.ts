/** The tensors that a step's kernel reads through pointers: the activations that are not in place. Constants reach it packed. */
import { type Graph, type TensorId, tensorOf } from "../ir/graph.js";
import type { Step } from "../schedule/schedule.js";

export function kernelInputs(graph: Graph, step: Step): readonly TensorId[] {
  return step.rest?.inputs ?? step.node.inputs.filter((id) => tensorOf(graph, id).data === undefined);
}
