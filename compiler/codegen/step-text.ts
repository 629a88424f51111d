/** How a step is called in comments, and text that steps have alone and in streams. */
import { type Graph, type TensorId, tensorOf } from "../ir/graph.js";
import { formatShape, type Shape } from "../ir/shape.js";
import { originOf, type Part, type Step } from "../schedule/schedule.js";
import { commentText } from "./c-comment.js";
import { callText } from "./c-literal.js";
import { kernelInputs } from "./kernel-inputs.js";

/** A shape without the batch, which is always 1. */
export function shapeText(shape: Shape): string {
  return formatShape(shape.length === 4 ? shape.slice(1) : shape);
}

/** "[24,24,32] -> [24,24,32]" */
export function stepShapes(graph: Graph, step: Step): string {
  const shapeOf = (id: TensorId): string => shapeText(tensorOf(graph, id).shape);
  return `${kernelInputs(graph, step).map(shapeOf).join(" ")} -> ${shapeOf(step.output)}`;
}

/** `conv2 = Conv + Relu`: the model's name of the node and what it was. */
export function stepTitle(step: Step): string {
  const { nodes, label } = originOf(step);
  return `${commentText(nodes[0] || step.node.id, 60)} = ${commentText(label, 60)}`;
}

/** A pointer `offset` bytes behind another. */
export function behind(pointer: string, offset: number): string {
  return offset === 0 ? pointer : `${pointer} + ${offset}`;
}

/** The trace of pixels that lie in those of another tensor, from `pointer` on, pixel by pixel. */
export function partTrace(
  indent: string,
  step: Step,
  { pitch, width }: Part,
  { pointer, bytes }: { readonly pointer: string; readonly bytes: number },
): string {
  const args = [String(step.index), `${pointer} + (i * ${pitch})`, `${width}u`];
  return [
    `${indent}for (int32_t i = 0; i < ${bytes / width}; ++i) {`,
    callText(`${indent}    `, "lwc_trace", args, ";"),
    `${indent}}`,
  ].join("\n");
}

/** "dw3x3 s1": the geometry of the kernel in words. */
export function stepGeometry(step: Step): string {
  return step.call ? step.call.geometry.replaceAll("_", " ") : "view";
}
