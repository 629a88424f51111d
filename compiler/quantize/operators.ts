/** What quantization needs to know of each ONNX operator; one line each. */

/**
 * - `product`: Conv, Gemm: constant weights and a bias, quantized on both sides.
 * - `arithmetic`: quantized on both sides, each with parameters of its own.
 * - `move`: results hold values of the input, and keep its parameters.
 * - `join`: Concat: keeps parameters too, where ranges are alike.
 * - `unary`: a function of one value, element by element: a chain of them is one table.
 * - `clamp`: Relu, Clip: folds into the operator in front of it, else as `unary`.
 * - `index`: ArgMax, ArgMin: quantized input, integers out.
 */
export type OperatorClass = "product" | "arithmetic" | "move" | "join" | "unary" | "clamp" | "index";

const classes: Readonly<Record<OperatorClass, readonly string[]>> = {
  product: ["Conv", "ConvTranspose", "Gemm", "MatMul"],
  arithmetic: [
    "Add",
    "AveragePool",
    "Div",
    "GlobalAveragePool",
    "LogSoftmax",
    "Max",
    "Mean",
    "Min",
    "Mul",
    "Pow",
    "PRelu",
    "ReduceL1",
    "ReduceL2",
    "ReduceMean",
    "ReduceSum",
    "ReduceSumSquare",
    "Softmax",
    "Sub",
  ],
  move: [
    "DepthToSpace",
    "Expand",
    "Flatten",
    "Gather",
    "GlobalMaxPool",
    "Identity",
    "MaxPool",
    "MaxUnpool",
    "Pad",
    "ReduceMax",
    "ReduceMin",
    "Reshape",
    "Resize",
    "Slice",
    "SpaceToDepth",
    "Split",
    "Squeeze",
    "Tile",
    "Transpose",
    "Unsqueeze",
  ],
  join: ["Concat"],
  unary: [
    "Abs",
    "Acos",
    "Acosh",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "Ceil",
    "Celu",
    "Cos",
    "Cosh",
    "Elu",
    "Erf",
    "Exp",
    "Floor",
    "Gelu",
    "HardSigmoid",
    "HardSwish",
    "LeakyRelu",
    "Log",
    "Mish",
    "Neg",
    "Reciprocal",
    "Round",
    "Selu",
    "Shrink",
    "Sigmoid",
    "Sign",
    "Sin",
    "Sinh",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Swish",
    "Tan",
    "Tanh",
    "ThresholdedRelu",
  ],
  clamp: ["Clip", "Relu"],
  index: ["ArgMax", "ArgMin"],
};

const table: ReadonlyMap<string, OperatorClass> = new Map(
  Object.entries(classes).flatMap(([name, operators]) => operators.map((op) => [op, classNamed(name)] as const)),
);

function classNamed(name: string): OperatorClass {
  return name as OperatorClass; // Object.entries forgets that these are the keys of `classes`
}

/** Undefined for operators that cannot be quantized. */
export function classOf(opType: string): OperatorClass | undefined {
  return table.get(opType);
}

/** Element-wise operators of two inputs: with a constant, or with two functions of the same value, they are unary too. */
export const elementwise: ReadonlySet<string> = new Set(["Add", "Div", "Max", "Min", "Mul", "PRelu", "Pow", "Sub"]);

/** Those that two activations, or more, have as well. */
export const combines: ReadonlySet<string> = new Set(["Add", "Div", "Max", "Mean", "Min", "Mul", "Sub"]);

/** Operators in front of which a clamp costs nothing: it becomes the bounds of their result. */
export const takesClamp: ReadonlySet<string> = new Set([
  "Add",
  "AveragePool",
  "Conv",
  "ConvTranspose",
  "Div",
  "Gemm",
  "GlobalAveragePool",
  "MatMul",
  "Mean",
  "Mul",
  "ReduceL1",
  "ReduceL2",
  "ReduceMean",
  "ReduceSum",
  "ReduceSumSquare",
  "Sub",
]);

/** Ranges that an operator's result has by definition. */
export const knownRange: ReadonlyMap<string, { readonly min: number; readonly max: number }> = new Map([
  // 1/256 steps, the scale that softmax tables and ONNX Runtime's own kernel are made for.
  ["Softmax", { min: 0, max: 255 / 256 }],
]);
