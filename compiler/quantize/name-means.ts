/** Average pools over the whole map as GlobalAveragePool, which ONNX Runtime and lwc add in integers once it is quantized. */
import type { OnnxNode } from "../frontend/onnx/onnx-model.js";
import { makeNode, type PreparedModel } from "./float-graph.js";

export function nameMeans(model: PreparedModel): PreparedModel {
  return { ...model, nodes: model.nodes.map((node) => (isOverAll(node, model) ? globalAverage(node) : node)) };
}

/** One window as large as the map, without padding. */
function isOverAll(node: OnnxNode, { shapes }: PreparedModel): boolean {
  if (node.domain !== "" || node.opType !== "AveragePool") return false;
  const ints = (name: string): readonly number[] => {
    const value = node.attributes.get(name);
    return Array.isArray(value) ? value.map(Number) : [];
  };
  const size = shapes.get(node.inputs[0] ?? "")?.slice(2) ?? [];
  const kernel = ints("kernel_shape");
  const autoPad = node.attributes.get("auto_pad") ?? "NOTSET";
  const isUnpadded = (autoPad === "NOTSET" && ints("pads").every((pad) => pad === 0)) || autoPad === "VALID";
  const isPlain = ints("dilations").every((dilation) => dilation === 1);
  return isUnpadded && isPlain && size.length > 0 && size.every((dim, axis) => kernel[axis] === dim);
}

function globalAverage({ name, inputs, outputs }: OnnxNode): OnnxNode {
  return makeNode(name, "GlobalAveragePool", inputs.slice(0, 1), outputs);
}
