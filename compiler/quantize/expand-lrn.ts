/**
 * Local response normalization, y = x / (bias + alpha / size * s)^beta with s the sum of squares over `size` neighbouring channels,
 * in operators that have integer forms: a table of squares, a 1x1 convolution that sums them, a table of the power, a product.
 */
import { must } from "../diagnostics.js";
import type { OnnxNode, OnnxTensor } from "../frontend/onnx/onnx-model.js";
import { floatConstant, makeNode, type PreparedModel } from "./float-graph.js";

export function expandLrn(model: PreparedModel): PreparedModel {
  const initializers = new Map(model.initializers);
  const nodes = model.nodes.flatMap((node) => (node.opType === "LRN" ? expand(node, model, initializers) : [node]));
  return { ...model, nodes, initializers };
}

/** Powers that square roots reach: the exponents in use. */
const roots: ReadonlyMap<number, readonly ("root" | "fourth")[]> = new Map([
  [0.5, ["root"]],
  [0.75, ["root", "fourth"]],
]);

function expand(node: OnnxNode, model: PreparedModel, initializers: Map<string, OnnxTensor>): readonly OnnxNode[] {
  const number = (name: string, fallback: number): number => Number(node.attributes.get(name) ?? fallback);
  const factors = roots.get(number("beta", 0.75));
  const [input = "", output = ""] = [node.inputs[0], node.outputs[0]];
  const shape = model.shapes.get(input);
  if (!factors || shape?.length !== 4) return [node];
  const channels = must(shape[1], "channels");
  const name = (part: string): string => `${output}_${part}`;
  const step = (opType: string, inputs: readonly string[], part: string): OnnxNode =>
    makeNode(name(part), opType, inputs, [name(part)]);
  const weights = bandMatrix(channels, number("size", 1), number("alpha", 1e-4));
  initializers.set(name("band"), floatConstant(name("band"), [channels, channels, 1, 1], weights));
  initializers.set(name("bias"), floatConstant(name("bias"), [], Float32Array.of(number("bias", 1))));
  initializers.set(name("one"), floatConstant(name("one"), [], Float32Array.of(1)));
  const power = factors.length === 1 ? name("root") : name("power");
  return [
    step("Mul", [input, input], "square"),
    step("Conv", [name("square"), name("band")], "sum"),
    step("Add", [name("sum"), name("bias")], "base"),
    step("Sqrt", [name("base")], "root"),
    ...(factors.length === 1
      ? []
      : [step("Sqrt", [name("root")], "fourth"), step("Mul", [name("root"), name("fourth")], "power")]),
    step("Div", [name("one"), power], "factor"),
    makeNode(node.name, "Mul", [input, name("factor")], [output]),
  ];
}

/** alpha / size where two channels are neighbours. */
function bandMatrix(channels: number, size: number, alpha: number): Float32Array {
  const before = Math.floor((size - 1) / 2);
  const after = Math.ceil((size - 1) / 2);
  const data = new Float32Array(channels * channels);
  for (let c = 0; c < channels; c++) {
    for (let other = Math.max(0, c - before); other <= Math.min(channels - 1, c + after); other++)
      data[c * channels + other] = alpha / size;
  }
  return data;
}
