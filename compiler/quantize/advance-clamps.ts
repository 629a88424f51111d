/** Moves Relu and Clip in front of max pooling and movements, where they fold into a layer. All of them commute: max is monotone. */
import type { OnnxNode } from "../frontend/onnx/onnx-model.js";
import { linksOf, type PreparedModel, soleConsumer } from "./float-graph.js";
import { classOf } from "./operators.js";

const commuting: ReadonlySet<string> = new Set([
  "Flatten",
  "MaxPool",
  "Reshape",
  "Slice",
  "Squeeze",
  "Transpose",
  "Unsqueeze",
]);

export function advanceClamps(model: PreparedModel): PreparedModel {
  let current = model;
  for (;;) {
    const next = advanceOne(current);
    if (next === current) return current;
    current = next;
  }
}

/** clamp(move(x)) as move(clamp(x)), where nobody else reads x or move(x). */
function advanceOne(model: PreparedModel): PreparedModel {
  const links = linksOf(model);
  for (const clamp of model.nodes) {
    if (clamp.domain !== "" || classOf(clamp.opType) !== "clamp") continue;
    const moved = clamp.inputs[0] ?? "";
    const move = links.producer.get(moved);
    if (!move || !commuting.has(move.opType) || move.outputs.length > 1) continue;
    const source = move.inputs[0] ?? "";
    if (soleConsumer(links, moved) !== clamp || soleConsumer(links, source) !== move) continue;
    const clamped = `${source}_clamped`;
    const first: OnnxNode = { ...clamp, inputs: [source, ...clamp.inputs.slice(1)], outputs: [clamped] };
    const second: OnnxNode = { ...move, inputs: [clamped, ...move.inputs.slice(1)], outputs: clamp.outputs };
    const nodes = model.nodes.flatMap((node) => (node === move ? [first, second] : node === clamp ? [] : [node]));
    return { ...model, nodes };
  }
  return model;
}
