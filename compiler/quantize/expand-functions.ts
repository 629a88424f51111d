/**
 * Operators that are a few others in a row: the Gelu family of ONNX Runtime's own domain, whose parts are functions of one value
 * and so become one table again, and ReduceLogSum.
 */
import type { OnnxAttribute, OnnxNode } from "../frontend/onnx/onnx-model.js";
import { floatConstant, makeNode, type PreparedModel } from "./float-graph.js";

export function expandFunctions(model: PreparedModel): PreparedModel {
  const initializers = new Map(model.initializers);
  const nodes = model.nodes.flatMap((node): readonly OnnxNode[] => {
    const expand = expansions.get(`${node.domain}.${node.opType}`);
    if (!expand) return [node];
    const parts: OnnxNode[] = [];
    const add: Add = (opType, inputs, attributes) => {
      const name = `${node.outputs[0]}_part_${parts.length}`;
      const names = inputs.map((input, i) => {
        if (typeof input === "string") return input;
        const id = `${name}_constant_${i}`;
        const constant =
          typeof input === "number"
            ? floatConstant(id, [], Float32Array.of(input))
            : { name: id, dtype: "int64" as const, dims: [input.length], data: Float64Array.from(input) };
        initializers.set(id, constant);
        return id;
      });
      parts.push(makeNode(name, opType, names, [name], attributes));
      return name;
    };
    expand(add, node);
    const last = parts.pop();
    return last ? [...parts, { ...last, name: node.name, outputs: node.outputs.slice(0, 1) }] : [node];
  });
  return { ...model, nodes, initializers };
}

/** Adds a node of values, numbers and lists of integers, and names its result. */
type Add = (
  opType: string,
  inputs: readonly (string | number | readonly number[])[],
  attributes?: Readonly<Record<string, OnnxAttribute>>,
) => string;

/** Adds the nodes that a node stands for; the last one has its result. */
type Expand = (add: Add, node: OnnxNode) => void;

/** The input, with the bias that some of the family add to it. */
function biased(add: Add, { inputs: [input = "", bias = ""] }: OnnxNode): string {
  return bias === "" ? input : add("Add", [input, bias]);
}

/** x * (0.5 + erf(x / sqrt(2)) / 2) */
const gelu: Expand = (add, node) => {
  const x = biased(add, node);
  const half = add("Mul", [add("Erf", [add("Mul", [x, Math.SQRT1_2])]), 0.5]);
  add("Mul", [x, add("Add", [half, 0.5])]);
};

/** x * (0.5 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)) / 2) */
const fastGelu: Expand = (add, node) => {
  const x = biased(add, node);
  const cube = add("Mul", [add("Pow", [x, 3]), 0.044715]);
  const inner = add("Mul", [add("Add", [x, cube]), Math.sqrt(2 / Math.PI)]);
  add("Mul", [x, add("Add", [add("Mul", [add("Tanh", [inner]), 0.5]), 0.5])]);
};

/** x * sigmoid(alpha * x) */
const quickGelu: Expand = (add, { inputs: [x = ""], attributes }) => {
  const alpha = Number(attributes.get("alpha") ?? 1.702);
  add("Mul", [x, add("Sigmoid", [add("Mul", [x, alpha])])]);
};

/** The axes of ReduceLogSum are an attribute until operator set 17, those of ReduceSum an input since 13. */
const logOfSum: Expand = (add, { inputs, attributes }) => {
  const { axes, ...rest } = Object.fromEntries(attributes);
  const summed = Array.isArray(axes) ? [inputs[0] ?? "", axes.map(Number)] : inputs;
  add("Log", [add("ReduceSum", summed, rest)]);
};

const expansions: ReadonlyMap<string, Expand> = new Map([
  ["com.microsoft.BiasGelu", gelu],
  ["com.microsoft.FastGelu", fastGelu],
  ["com.microsoft.Gelu", gelu],
  ["com.microsoft.QuickGelu", quickGelu],
  [".ReduceLogSum", logOfSum],
]);
