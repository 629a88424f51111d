/**
 * Element-wise operators in the spellings of exporters, with and without Q/DQ pairs between their parts: what lwc makes of them, and
 * that ONNX Runtime yields the same. Where it computes in float with polynomials of its own, one step may differ.
 */
import { describe, expect, test } from "vitest";
import { type Build, compareWithOnnxRuntime } from "../support/against-onnxruntime.js";
import { randomInts } from "../support/graph-builder.js";
import type { OnnxBuilder } from "../support/onnx-builder.js";

const map = [1, 4, 3, 5];
const scalar = (b: OnnxBuilder, value: number): string => b.constant("float32", [], [value]);
const floats = (b: OnnxBuilder, dims: readonly number[], seed = 1, low = -300, high = 300): string => {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return b.constant(
    "float32",
    dims,
    randomInts(count, seed, low, high).map((x) => Math.fround(x / 100)),
  );
};
const node =
  (opType: string, attributes: Readonly<Record<string, number | string | { readonly float: number }>> = {}): Build =>
  (b, x) =>
    b.node(opType, [x], { attributes });
const pair = (b: OnnxBuilder, value: string, scale = 0.06, zero = 2): string => b.qdq(value, scale, zero);

/** name, opset, model, kinds of the nodes, distance allowed. */
type Row = readonly [name: string, opset: number, build: Build, kinds: readonly string[], allowed?: number];

const hardSigmoid = { alpha: { float: 1 / 6 }, beta: { float: 0.5 } };

const functions: readonly Row[] = [
  ["Exp", 13, node("Exp"), ["lookup"]],
  ["Log", 13, node("Log"), ["lookup"]],
  ["Sqrt", 13, node("Sqrt"), ["lookup"]],
  ["Reciprocal", 13, node("Reciprocal"), ["lookup"]],
  ["Neg", 13, node("Neg"), ["lookup"]],
  ["Abs", 13, node("Abs"), ["lookup"]],
  ["Sign", 13, node("Sign"), ["lookup"]],
  ["Floor", 13, node("Floor"), ["lookup"]],
  ["Ceil", 13, node("Ceil"), ["lookup"]],
  ["Round", 13, node("Round"), ["lookup"]],
  ["Erf", 13, node("Erf"), ["lookup"]],
  ["Elu", 13, node("Elu", { alpha: { float: 0.7 } }), ["lookup"]],
  ["Selu", 13, node("Selu"), ["lookup"]],
  ["Celu", 13, node("Celu", { alpha: { float: 1.3 } }), ["lookup"]],
  ["Softplus", 13, node("Softplus"), ["lookup"]],
  ["Softsign", 13, node("Softsign"), ["lookup"]],
  ["ThresholdedRelu", 13, node("ThresholdedRelu", { alpha: { float: 0.8 } }), ["lookup"]],
  ["Shrink", 13, node("Shrink", { lambd: { float: 0.9 }, bias: { float: 0.2 } }), ["lookup"]],
  ["Tanh", 13, node("Tanh"), ["lookup"]],
  ["Sin", 13, node("Sin"), ["lookup"]],
  ["Cos", 13, node("Cos"), ["lookup"]],
  ["Tan", 13, node("Tan"), ["lookup"]],
  ["Atan", 13, node("Atan"), ["lookup"]],
  ["Asin", 13, node("Asin"), ["lookup"]],
  ["Acos", 13, node("Acos"), ["lookup"]],
  ["Sinh", 13, node("Sinh"), ["lookup"]],
  ["Cosh", 13, node("Cosh"), ["lookup"]],
  ["Asinh", 13, node("Asinh"), ["lookup"]],
  ["Acosh", 13, node("Acosh"), ["lookup"]],
  ["Atanh", 13, node("Atanh"), ["lookup"]],
  ["Gelu", 20, node("Gelu"), ["lookup"]],
  ["Gelu, tanh", 20, node("Gelu", { approximate: "tanh" }), ["lookup"]],
  ["Mish", 18, node("Mish"), ["lookup"]],
  ["HardSwish", 14, node("HardSwish"), ["lookup"]],
  ["Pow 2", 13, (b, x) => b.node("Pow", [x, scalar(b, 2)]), ["lookup"]],
  ["Pow 3", 13, (b, x) => b.node("Pow", [x, scalar(b, 3)]), ["lookup"]],
  ["Pow 0.5", 13, (b, x) => b.node("Pow", [x, scalar(b, 0.5)]), ["lookup"]],
  ["Pow -1.5", 13, (b, x) => b.node("Pow", [x, scalar(b, -1.5)]), ["lookup"]],
  ["2 to the power of x", 13, (b, x) => b.node("Pow", [scalar(b, 2), x]), ["lookup"]],
];

const spellings: readonly Row[] = [
  [
    "gelu as x * 0.5 * (1 + erf(x / sqrt(2)))",
    13,
    (b, x) => {
      const inner = b.node("Add", [b.node("Erf", [b.node("Div", [x, scalar(b, Math.SQRT2)])]), scalar(b, 1)]);
      return b.node("Mul", [b.node("Mul", [x, scalar(b, 0.5)]), inner]);
    },
    ["lookup"],
  ],
  [
    "gelu as PyTorch exports it: x * (1 + erf(x / sqrt(2))) * 0.5",
    13,
    (b, x) => {
      const inner = b.node("Add", [b.node("Erf", [b.node("Div", [x, scalar(b, Math.SQRT2)])]), scalar(b, 1)]);
      return b.node("Mul", [b.node("Mul", [x, inner]), scalar(b, 0.5)]);
    },
    ["lookup"],
  ],
  [
    "hard swish: x * HardSigmoid(x)",
    13,
    (b, x) => b.node("Mul", [x, b.node("HardSigmoid", [x], { attributes: hardSigmoid })]),
    ["lookup"],
  ],
  [
    "hard swish: x * HardSigmoid(x), quantized between",
    13,
    (b, x) => b.node("Mul", [x, pair(b, b.node("HardSigmoid", [x], { attributes: hardSigmoid }), 1 / 256, -128)]),
    ["lookup", "mul"],
  ],
  [
    "hard swish: x * Clip(x + 3, 0, 6) / 6",
    13,
    (b, x) => {
      const clip = b.node("Clip", [b.node("Add", [x, scalar(b, 3)]), scalar(b, 0), scalar(b, 6)]);
      return b.node("Div", [b.node("Mul", [x, clip]), scalar(b, 6)]);
    },
    ["lookup"],
  ],
  [
    "hard swish: x * Clip(x + 3, 0, 6) / 6, quantized between all",
    13,
    (b, x) => {
      const sum = pair(b, b.node("Add", [x, scalar(b, 3)]), 0.12, -20);
      const clip = pair(b, b.node("Clip", [sum, scalar(b, 0), scalar(b, 6)]), 6 / 255, -128);
      return b.node("Div", [pair(b, b.node("Mul", [x, clip]), 0.3, 3), scalar(b, 6)]);
    },
    ["lookup", "lookup", "mul", "lookup"],
  ],
  [
    "hard swish: x * Min(Max(x + 3, 0), 6) * (1 / 6)",
    13,
    (b, x) => {
      const relu6 = b.node("Min", [b.node("Max", [b.node("Add", [x, scalar(b, 3)]), scalar(b, 0)]), scalar(b, 6)]);
      return b.node("Mul", [b.node("Mul", [x, relu6]), scalar(b, 1 / 6)]);
    },
    ["lookup"],
  ],
  ["SiLU: x * Sigmoid(x)", 13, (b, x) => b.node("Mul", [x, b.node("Sigmoid", [x])]), ["lookup"]],
  [
    "SiLU, quantized between",
    13,
    (b, x) => b.node("Mul", [pair(b, b.node("Sigmoid", [x]), 1 / 256, -128), x]),
    ["lookup", "mul"],
  ],
  [
    "mish: x * Tanh(Softplus(x))",
    13,
    (b, x) => b.node("Mul", [x, b.node("Tanh", [b.node("Softplus", [x])])]),
    ["lookup"],
  ],
  ["ReLU6 as Min of Relu", 13, (b, x) => b.node("Min", [b.node("Relu", [x]), scalar(b, 6)]), ["lookup"]],
  [
    "Min, Max with constants first",
    13,
    (b, x) => b.node("Max", [scalar(b, -1), b.node("Min", [scalar(b, 3), x])]),
    ["lookup"],
  ],
  ["Max of three: x and two constants", 13, (b, x) => b.node("Max", [scalar(b, -2), x, scalar(b, -1)]), ["lookup"]],
  ["leaky ReLU: Max(x, 0.1 * x)", 13, (b, x) => b.node("Max", [x, b.node("Mul", [x, scalar(b, 0.1)])]), ["lookup"]],
  [
    "leaky ReLU, quantized between",
    13,
    (b, x) => b.node("Max", [x, pair(b, b.node("Mul", [x, scalar(b, 0.1)]), 0.011, 4)]),
    ["lookup", "lookup", "lookup", "extremum"],
  ],
  [
    "swish with a factor: x * Sigmoid(1.7 * x)",
    13,
    (b, x) => b.node("Mul", [x, b.node("Sigmoid", [b.node("Mul", [x, scalar(b, 1.702)])])]),
    ["lookup"],
  ],
  [
    "1 / (1 + exp(-x))",
    13,
    (b, x) => b.node("Div", [scalar(b, 1), b.node("Add", [scalar(b, 1), b.node("Exp", [b.node("Neg", [x])])])]),
    ["lookup"],
  ],
  [
    "mean and deviation per channel",
    13,
    (b, x) => b.node("Div", [b.node("Sub", [x, floats(b, [1, 4, 1, 1])]), floats(b, [4, 1, 1], 7, 20, 300)]),
    ["lookup_each"],
  ],
  ["Add per channel", 13, (b, x) => b.node("Add", [floats(b, [4, 1, 1]), x]), ["lookup_each"]],
  [
    "Mul per channel, then Relu",
    13,
    (b, x) => b.node("Relu", [b.node("Mul", [x, floats(b, [1, 4, 1, 1], 5)])]),
    ["lookup_each"],
  ],
  ["Add per row", 13, (b, x) => b.node("Add", [x, floats(b, [3, 1])]), ["lookup_each"]],
  ["Mul per column", 13, (b, x) => b.node("Mul", [x, floats(b, [5], 9)]), ["lookup_each"]],
  ["Sub of a whole constant", 13, (b, x) => b.node("Sub", [floats(b, map, 11), x]), ["lookup_each"]],
  [
    "Div by a constant per pixel",
    13,
    (b, x) => b.node("Div", [x, floats(b, [1, 1, 3, 5], 3, 30, 300)]),
    ["lookup_each"],
  ],
  ["Min with a constant per channel", 13, (b, x) => b.node("Min", [x, floats(b, [4, 1, 1], 13)]), ["lookup_each"]],
  [
    "Pow with an exponent per channel",
    13,
    (b, x) => b.node("Pow", [b.node("Abs", [x]), b.constant("float32", [4, 1, 1], [1, 2, 3, 0.5])]),
    ["lookup_each"],
  ],
  [
    "per channel, then x times that",
    13,
    (b, x) => b.node("Mul", [x, b.node("Sigmoid", [b.node("Add", [x, floats(b, [4, 1, 1], 17)])])]),
    ["lookup_each"],
  ],
  [
    "per channel, then transposed",
    13,
    (b, x) =>
      b.node("Transpose", [b.node("Mul", [x, floats(b, [4, 1, 1], 19)])], { attributes: { perm: [0, 2, 3, 1] } }),
    ["lookup_each"],
  ],
  [
    "PRelu per channel",
    13,
    (b, x) => b.node("PRelu", [x, b.constant("float32", [4, 1, 1], [0.25, 0.1, -0.3, 0])]),
    ["lookup_each"],
  ],
  ["PRelu with one slope", 13, (b, x) => b.node("PRelu", [x, b.constant("float32", [1], [0.25])]), ["lookup"]],
  [
    "PRelu with quantized slopes",
    13,
    (b, x) => b.node("PRelu", [x, b.weights([4, 1, 1], [25, 10, -30, 0], [0.01])]),
    ["lookup_each"],
  ],
];

describe.each([
  { name: "functions", rows: functions },
  { name: "spellings", rows: spellings },
])("$name", ({ rows }) => {
  test.each(rows.map(([name, ...rest]) => ({ name, rest })))(
    "$name",
    async ({ rest: [opset, build, kinds, allowed = 0] }) => {
      const result = await compareWithOnnxRuntime({ inputs: [map], opset, build });
      expect(result.graph.nodes.map((one) => one.kind)).toEqual(kinds);
      expect(result.worst).toBeLessThanOrEqual(allowed);
      expect(result.distinct).toBeGreaterThan(1);
    },
  );
});

const other = [1, 4, 3, 5];
const several: readonly (readonly [
  name: string,
  shapes: readonly (readonly number[])[],
  build: Build,
  kinds: readonly string[],
  allowed?: number,
])[] = [
  ["Sub", [map, other], (b, x, y) => b.node("Sub", [x, y!]), ["sum"]],
  ["Sub, broadcast per channel", [map, [1, 4, 1, 1]], (b, x, y) => b.node("Sub", [y!, x]), ["sum"]],
  ["Sub with Relu", [map, other], (b, x, y) => b.node("Relu", [b.node("Sub", [x, y!])]), ["sum"]],
  ["Sum of two", [map, other], (b, x, y) => b.node("Sum", [x, y!]), ["sum"]],
  ["Sum of three", [map, other, map], (b, x, y, z) => b.node("Sum", [x, y!, z!]), ["sum"]],
  [
    "Sum of four, broadcast",
    [map, [1, 4, 1, 1], [1, 5], [1, 1, 3, 5]],
    (b, x, y, z, w) => b.node("Sum", [x, y!, z!, w!]),
    ["reshape", "reshape", "take", "take", "sum"],
  ],
  ["Mean of three", [map, other, map], (b, x, y, z) => b.node("Mean", [x, y!, z!]), ["sum"]],
  ["Div", [map, other], (b, x, y) => b.node("Div", [x, y!]), ["div"]],
  ["Min", [map, other], (b, x, y) => b.node("Min", [x, y!]), ["lookup", "lookup", "extremum"]],
  [
    "Max of three and a constant",
    [map, other, map],
    (b, x, y, z) => b.node("Max", [x, scalar(b, -1), y!, z!]),
    ["lookup", "lookup", "lookup", "extremum", "extremum", "lookup"],
  ],
  [
    "Max of functions",
    [map, other],
    (b, x, y) => b.node("Max", [b.node("Sigmoid", [x]), y!]),
    ["lookup", "lookup", "extremum"],
  ],
  ["Mul per pixel, as spatial attention has it", [map, [1, 1, 3, 5]], (b, x, y) => b.node("Mul", [x, y!]), ["mul"]],
  [
    "Mul per row and per column, as coordinate attention has it",
    [map, [1, 4, 3, 1], [1, 4, 1, 5]],
    (b, x, y, z) => b.node("Mul", [pair(b, b.node("Mul", [x, y!])), z!]),
    ["take", "mul", "take", "mul"],
  ],
  [
    "Add of a row and a column",
    [
      [1, 4, 3, 1],
      [1, 4, 1, 5],
    ],
    (b, x, y) => b.node("Add", [x, y!]),
    ["take", "take", "add"],
  ],
  [
    "Add of values of other ranks",
    [map, [1, 3, 1]],
    (b, x, y) => b.node("Add", [y!, x]),
    ["reshape", "reshape", "take", "take", "add"],
  ],
];

describe("several activations", () => {
  test.each(several.map(([name, ...rest]) => ({ name, rest })))(
    "$name",
    async ({ rest: [inputs, build, kinds, allowed = 0] }) => {
      const result = await compareWithOnnxRuntime({ inputs, opset: 13, build });
      expect(result.graph.nodes.map((one) => one.kind).sort()).toEqual([...kinds].sort());
      expect(result.worst).toBeLessThanOrEqual(allowed);
      expect(result.distinct).toBeGreaterThan(1);
    },
  );
});

const ints = (b: OnnxBuilder, values: readonly number[]): string => b.constant("int64", [values.length], values);

/** name, opset, model, kinds of the nodes, distance allowed, quantizations of input and output. */
const reductions: readonly (readonly [
  name: string,
  opset: number,
  build: Build,
  kinds: readonly string[],
  allowed?: number,
  close?: boolean,
])[] = [
  // Means follow the arithmetic of ONNX Runtime's global average pool: in float, exact ties fall the other way.
  ...["ReduceSum", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceMax", "ReduceMin", "ReduceMean"].flatMap(
    (opType): (readonly [string, number, Build, readonly string[], number])[] => {
      const kind = opType === "ReduceMean" ? "mean" : "reduce";
      const allowed = opType === "ReduceMean" ? 1 : 0;
      const rescaled = opType === "ReduceMax" || opType === "ReduceMin" ? [kind, "lookup"] : [kind];
      const asAttribute: Build = (b, x) => b.node(opType, [x], { attributes: { axes: [1], keepdims: 1 } });
      const asInput: Build = (b, x) => b.node(opType, [x, ints(b, [-1, 2])], { attributes: { keepdims: 0 } });
      const apart: Build = (b, x) => b.node(opType, [x, ints(b, [1, 2])], { attributes: { keepdims: 1 } });
      const all: Build = (b, x) => b.node(opType, [x]);
      return [
        ...(opType === "ReduceSum"
          ? []
          : [[`${opType} over channels, an attribute`, 13, asAttribute, rescaled, allowed] as const]),
        [`${opType} over height and width, an input`, 18, asInput, rescaled, allowed],
        [`${opType} over channels and height`, 18, apart, ["transpose", ...rescaled], allowed],
        [`${opType} over everything`, 18, all, rescaled, allowed],
      ];
    },
  ),
  [
    "ReduceMean of no axes",
    18,
    (b, x) => b.node("ReduceMean", [x, ints(b, [])], { attributes: { noop_with_empty_axes: 1 } }),
    ["lookup"],
  ],
  ["ReduceSum with Relu", 13, (b, x) => b.node("Relu", [b.node("ReduceSum", [x, ints(b, [1])])]), ["reduce"]],
  [
    "Softmax before opset 13 flattens",
    11,
    (b, x) => b.node("Softmax", [x], { attributes: { axis: 1 } }),
    ["transpose", "reshape", "softmax", "reshape"],
  ],
  [
    "Softmax before opset 13 over height and width",
    11,
    (b, x) => b.node("Softmax", [x], { attributes: { axis: 2 } }),
    ["reshape", "transpose", "softmax", "reshape"],
  ],
  [
    "Softmax before opset 13, the default axis",
    11,
    (b, x) => b.node("Softmax", [b.qdq(b.node("Flatten", [x]), 0.1, 5)]),
    ["transpose", "reshape", "softmax"],
  ],
  ["LogSoftmax over channels", 13, (b, x) => b.node("LogSoftmax", [x], { attributes: { axis: 1 } }), ["log_softmax"]],
  [
    "LogSoftmax over rows",
    13,
    (b, x) => b.node("LogSoftmax", [x], { attributes: { axis: -2 } }),
    ["transpose", "log_softmax"],
  ],
  [
    "LogSoftmax before opset 13",
    11,
    (b, x) => b.node("LogSoftmax", [x], { attributes: { axis: 2 } }),
    ["reshape", "transpose", "log_softmax", "reshape"],
  ],
  [
    "ArgMin over channels",
    13,
    (b, x) => b.node("ArgMin", [x], { attributes: { axis: 1 } }),
    ["lookup", "argmax"],
    0,
    false,
  ],
  [
    "ArgMin, the last of equals",
    13,
    (b, x) => b.node("ArgMin", [x], { attributes: { axis: -1, keepdims: 0, select_last_index: 1 } }),
    ["lookup", "argmax"],
    0,
    false,
  ],
  [
    "ArgMax over height",
    13,
    (b, x) => b.node("ArgMax", [x], { attributes: { axis: 2, keepdims: 0 } }),
    ["argmax"],
    0,
    false,
  ],
];

/** Constants behind DequantizeLinear: ONNX Runtime multiplies them in integers, and 0.1 * 0.03 / 0.05 has ties. */
describe.each(["int8", "uint8"] as const)("quantized constants, %s", (dtype) => {
  const shapes: readonly (readonly number[])[] = [[], [4, 1, 1], [3, 1], map];
  const cases = shapes.flatMap((dims) => [false, true].map((first) => ({ dims, first })));
  test.each(cases)("of shape $dims, the first operand: $first", async ({ dims, first }) => {
    for (const opType of ["Add", "Mul"]) {
      const build: Build = (b, x) => {
        const count = dims.reduce((product, dim) => product * dim, 1);
        const constant = b.weights(dims, randomInts(count, 3, 0, 120), [0.03], 0, dtype, 3);
        return b.node(opType, first ? [constant, x] : [x, constant]);
      };
      const result = await compareWithOnnxRuntime({ inputs: [map], opset: 13, dtype, build });
      expect(result.worst, opType).toBe(0);
      expect(result.distinct).toBeGreaterThan(1);
    }
  });
});

describe("reductions and heads", () => {
  test.each(reductions.map(([name, ...rest]) => ({ name, rest })))("$name", async ({ rest }) => {
    const [opset, build, kinds, allowed = 0, close = true] = rest;
    const quants = [
      { scale: 0.1, zero: 5 },
      { scale: 0.3, zero: -60 },
    ];
    const result = await compareWithOnnxRuntime({ inputs: [map], opset, build, close, quants });
    expect(result.graph.nodes.map((one) => one.kind)).toEqual(kinds);
    expect(result.worst).toBeLessThanOrEqual(allowed);
    expect(result.distinct).toBeGreaterThan(1);
  });
});
