/** Fully connected layers in one form: Gemm with W [out][in], alpha and beta inside the constants; MatMul likewise where it is one. */
import { must } from "../diagnostics.js";
import type { OnnxNode, OnnxTensor } from "../frontend/onnx/onnx-model.js";
import { elementCount } from "../ir/shape.js";
import { floatConstant, makeNode, type PreparedModel } from "./float-graph.js";

export function normalizeGemm(model: PreparedModel): PreparedModel {
  const initializers = new Map(model.initializers);
  const nodes = model.nodes.map((node) => normalize(node, model, initializers) ?? node);
  return { ...model, nodes, initializers };
}

function normalize(node: OnnxNode, model: PreparedModel, initializers: Map<string, OnnxTensor>): OnnxNode | undefined {
  if (node.domain !== "" || (node.opType !== "Gemm" && node.opType !== "MatMul")) return undefined;
  const number = (name: string, fallback: number): number => Number(node.attributes.get(name) ?? fallback);
  const [input = "", weights = "", bias = ""] = node.inputs;
  const matrix = initializers.get(weights);
  if (matrix?.dims.length !== 2 || model.shapes.get(input)?.length !== 2 || number("transA", 0) !== 0) return undefined;
  const isTransposed = number("transB", 0) !== 0;
  const alpha = number("alpha", 1);
  const beta = number("beta", 1);
  const [rows = 0, columns = 0] = matrix.dims;
  const [outputs, inputs] = isTransposed ? [rows, columns] : [columns, rows];
  const offsets = bias === "" ? undefined : initializers.get(bias);
  if (bias !== "" && (!offsets || (offsets.data.length !== 1 && offsets.dims.at(-1) !== elementCount(offsets.dims))))
    return undefined;
  const name = isTransposed && alpha === 1 ? weights : `${node.name}_weights`;
  const data = new Float32Array(rows * columns);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      const from = isTransposed ? o * inputs + i : i * outputs + o;
      data[o * inputs + i] = alpha * must(matrix.data[from], "weight");
    }
  }
  initializers.set(name, floatConstant(name, [outputs, inputs], data));
  if (!offsets) return makeNode(node.name, "Gemm", [input, name], node.outputs, { transB: 1 });
  const biasName = `${node.name}_bias`;
  const scaled = Float32Array.from({ length: outputs }, (_, o) => {
    return beta * must(offsets.data[offsets.data.length === 1 ? 0 : o], "bias");
  });
  initializers.set(biasName, floatConstant(biasName, [outputs], scaled));
  return makeNode(node.name, "Gemm", [input, name, biasName], node.outputs, { transB: 1 });
}
