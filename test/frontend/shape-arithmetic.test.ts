/** Constants fold as ONNX Runtime computes them, and what picks elements by constant indices moves bytes only. */
import { describe, expect, test } from "vitest";
import { importGraph } from "../../compiler/frontend/onnx/import-graph.js";
import { decodeOnnx } from "../../compiler/frontend/onnx/onnx-model.js";
import { compareWithOnnxRuntime, type ModelSpec, modelBytes } from "../support/against-onnxruntime.js";
import type { OnnxBuilder } from "../support/onnx-builder.js";

const ints = (b: OnnxBuilder, values: readonly number[]): string => b.constant("int64", [values.length], values);
const int = (b: OnnxBuilder, value: number): string => b.constant("int64", [], [value]);
const map = [1, 6, 4, 5];

/** name, model, kinds of the nodes that stay. */
const models: readonly (readonly [string, ModelSpec, readonly string[]])[] = [
  [
    "view(size(0), -1) as PyTorch exports it",
    {
      inputs: [map],
      build: (b, x = "") => {
        const batch = b.node("Gather", [b.node("Shape", [x]), int(b, 0)], { attributes: { axis: 0 } });
        const unsqueezed = b.node("Unsqueeze", [batch, ints(b, [0])]);
        return b.node("Reshape", [x, b.node("Concat", [unsqueezed, ints(b, [-1])], { attributes: { axis: 0 } })]);
      },
    },
    ["transpose", "reshape"],
  ],
  [
    "halves by Shape, Add, Div, Mul and Slice, as torch.chunk",
    {
      inputs: [map],
      build: (b, x = "") => {
        const channels = b.node("Gather", [b.node("Shape", [x]), int(b, 1)]);
        const half = b.node("Div", [b.node("Add", [channels, int(b, 1)]), int(b, 2)]);
        const start = b.node("Unsqueeze", [b.node("Mul", [half, int(b, 1)]), ints(b, [0])]);
        const end = b.node("Unsqueeze", [b.node("Mul", [half, int(b, 2)]), ints(b, [0])]);
        return b.node("Slice", [x, start, end, ints(b, [1])]);
      },
    },
    ["slice"],
  ],
  [
    "a shape of ConstantOfShape, Equal and Where, as torch.expand",
    {
      inputs: [[1, 6, 1, 1]],
      build: (b, x = "") => {
        const wanted = ints(b, [-1, 6, 2, 3]);
        const ones = b.node("ConstantOfShape", [ints(b, [4])]);
        const one = b.node("Add", [b.node("Cast", [ones], { attributes: { to: 7 } }), int(b, 1)]);
        const minus = b.node("Mul", [one, int(b, -1)]);
        const shape = b.node("Where", [b.node("Equal", [wanted, minus]), one, wanted]);
        return b.node("Expand", [x, shape]);
      },
    },
    ["take", "take"],
  ],
  [
    "a channel order of Range, Reshape, Transpose, Flatten",
    {
      inputs: [map],
      build: (b, x = "") => {
        const range = b.node("Range", [int(b, 0), int(b, 6), int(b, 1)]);
        const grid = b.node("Transpose", [b.node("Reshape", [range, ints(b, [2, 3])])], {
          attributes: { perm: [1, 0] },
        });
        return b.node("Gather", [x, b.node("Reshape", [grid, ints(b, [-1])])], { attributes: { axis: 1 } });
      },
    },
    ["take"],
  ],
  [
    "constants of two dimensions: Slice, Concat, Tile, Split",
    {
      inputs: [map],
      build: (b, x = "") => {
        const grid = b.constant("int64", [2, 3], [0, 1, 2, 3, 4, 5]);
        const turned = b.node("Slice", [grid, ints(b, [-1]), ints(b, [-9]), ints(b, [1]), ints(b, [-1])]);
        const tiled = b.node("Tile", [turned, ints(b, [1, 2])]);
        b.add("Split", [tiled, ints(b, [2, 4])], ["left", "right"], { attributes: { axis: 1 } });
        const joined = b.node("Concat", ["right", "left"], { attributes: { axis: 1 } });
        const picked = b.node("Gather", [joined, int(b, 1)], { attributes: { axis: 0 } });
        return b.node("Gather", [x, picked], { attributes: { axis: 1 } });
      },
    },
    ["take"],
  ],
  [
    "Gather of one index drops its axis",
    { inputs: [map], build: (b, x = "") => b.node("Gather", [x, int(b, -2)], { attributes: { axis: 2 } }) },
    ["slice", "reshape"],
  ],
  [
    "Gather of indices of two dimensions",
    {
      inputs: [map],
      build: (b, x = "") =>
        b.node("Gather", [x, b.constant("int64", [2, 2], [3, 0, 0, -1])], { attributes: { axis: 3 } }),
    },
    ["take", "reshape"],
  ],
  [
    "Gather of every second channel is a slice",
    { inputs: [map], build: (b, x = "") => b.node("Gather", [x, ints(b, [1, 3, 5])], { attributes: { axis: 1 } }) },
    ["slice"],
  ],
  ["Tile", { inputs: [map], build: (b, x = "") => b.node("Tile", [x, ints(b, [1, 2, 1, 3])]) }, ["take", "take"]],
  ["Expand", { inputs: [[1, 6, 1, 5]], build: (b, x = "") => b.node("Expand", [x, ints(b, [3, 1])]) }, ["take"]],
  [
    "Expand to a higher rank",
    { inputs: [[1, 5]], build: (b, x = "") => b.node("Expand", [x, ints(b, [1, 2, 3, 1])]) },
    ["reshape", "take", "take"],
  ],
  [
    "Slice with steps of two axes, one backwards",
    {
      inputs: [map],
      build: (b, x = "") =>
        b.node("Slice", [x, ints(b, [5, 0]), ints(b, [-100, 4]), ints(b, [1, -1]), ints(b, [-2, 3])]),
    },
    ["slice"],
  ],
  [
    "Pad and Clip by attribute, before opset 11",
    {
      inputs: [map],
      opset: 10,
      build: (b, x = "") =>
        b.node("Clip", [b.node("Pad", [x], { attributes: { pads: [0, 0, 1, 0, 0, 0, 0, 1], value: { float: 1 } } })], {
          attributes: { min: { float: -1.5 }, max: { float: 2 } },
        }),
    },
    ["pad", "lookup"],
  ],
  [
    "Split by attribute, before opset 13",
    {
      inputs: [map],
      opset: 11,
      build: (b, x = "") => {
        b.add("Split", [x], ["first", "second"], { attributes: { axis: 1, split: [2, 4] } });
        return "second";
      },
    },
    ["slice"],
  ],
  [
    "Split by num_outputs, the last part smaller",
    {
      inputs: [map],
      opset: 18,
      build: (b, x = "") => {
        b.add("Split", [x], ["p", "q"], { attributes: { axis: 3, num_outputs: 2 } });
        return "q";
      },
    },
    ["slice"],
  ],
  [
    "Squeeze and Unsqueeze by attribute, before opset 13",
    {
      inputs: [[1, 6, 1, 5]],
      opset: 11,
      build: (b, x = "") =>
        b.node("Unsqueeze", [b.node("Squeeze", [x], { attributes: { axes: [-2] } })], { attributes: { axes: [0, 4] } }),
    },
    ["reshape", "reshape"],
  ],
  [
    "Identity, Dropout, Cast to float",
    {
      inputs: [map],
      build: (b, x = "") =>
        b.node("Neg", [b.node("Dropout", [b.node("Identity", [b.node("Cast", [x], { attributes: { to: 1 } })])])]),
    },
    ["lookup"],
  ],
  [
    "Flatten behind axis 2",
    { inputs: [map], build: (b, x = "") => b.node("Flatten", [x], { attributes: { axis: -2 } }) },
    ["reshape"],
  ],
];

test.each(models)("%s", async (_, spec, kinds) => {
  const quants = [...spec.inputs.map(() => ({ scale: 0.05, zero: 3 })), { scale: 0.05, zero: 3 }];
  const { graph, worst, distinct } = await compareWithOnnxRuntime({ quants, ...spec });
  expect(worst).toBe(0);
  expect(distinct).toBeGreaterThan(2);
  expect(graph.nodes.map((node) => node.kind)).toEqual(kinds);
});

test("opset 9: Slice takes attributes", () => {
  const spec: ModelSpec = {
    inputs: [map],
    opset: 9,
    build: (b, x = "") => b.node("Slice", [x], { attributes: { starts: [1, -2], ends: [1000, -1], axes: [1, 3] } }),
  };
  const { graph } = importGraph(decodeOnnx(modelBytes(spec)));
  expect(graph.nodes.map(({ attrs }) => attrs)).toContainEqual({
    starts: [0, 0, 3, 1],
    ends: [1, 4, 4, 6],
    steps: [1, 1, 1, 1],
  });
});

describe("refused", () => {
  test.each<readonly [string, ModelSpec["build"], RegExp]>([
    ["an index outside", (b, x = "") => b.node("Gather", [x, ints(b, [6])], { attributes: { axis: 1 } }), /LWC1223/],
    ["no index", (b, x = "") => b.node("Gather", [x, ints(b, [])], { attributes: { axis: 1 } }), /LWC1225/],
    ["an empty slice", (b, x = "") => b.node("Slice", [x, ints(b, [3]), ints(b, [3]), ints(b, [1])]), /LWC1202/],
    [
      "parts that do not add up",
      (b, x = "") => b.node("Split", [x, ints(b, [5])], { attributes: { axis: 1 } }),
      /LWC1204/,
    ],
    ["repeats of another rank", (b, x = "") => b.node("Tile", [x, ints(b, [2])]), /LWC1226/],
    ["shapes that do not broadcast", (b, x = "") => b.node("Expand", [x, ints(b, [7])]), /LWC1182/],
  ])("%s", (_, build, code) => {
    expect(() => importGraph(decodeOnnx(modelBytes({ inputs: [map], build })))).toThrow(code);
  });
});
