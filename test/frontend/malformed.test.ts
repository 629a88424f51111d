/** Damaged and hostile models: a diagnostic within a moment, whatever stands in the file. */
import { describe, expect, test } from "vitest";
import { CompileError } from "../../compiler/diagnostics.js";
import { importGraph } from "../../compiler/frontend/onnx/import-graph.js";
import { decodeOnnx } from "../../compiler/frontend/onnx/onnx-model.js";
import { editModel, OnnxBuilder } from "../support/onnx-builder.js";

/** Codes of everything that is said about a model; a bug of lwc is never the answer. */
function codes(bytes: Uint8Array): readonly string[] {
  try {
    return importGraph(decodeOnnx(bytes)).warnings.map((warning) => warning.code);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    for (const { kind, message } of error.diagnostics) expect(kind, message).not.toBe("bug");
    return error.diagnostics.map((diagnostic) => diagnostic.code);
  }
}

type Build = (b: OnnxBuilder, x: string) => string;

function model(dims: readonly number[], build: Build): Uint8Array {
  const b = new OnnxBuilder();
  const x = b.qdq(b.input("x", "float32", dims), 0.1, 5);
  return b.output(b.qdq(build(b, x), 0.05, 3), "float32").build();
}

const map = [1, 2, 4, 4];
const vector = [1, 4];
const ints = (b: OnnxBuilder, values: readonly number[]): string => b.constant("int64", [values.length], values);
const weights = (b: OnnxBuilder): string => b.weights([3, 2, 1, 1], [1, 2, 3, 4, 5, 6], [0.01]);
const conv: Build = (b, x) => b.node("Conv", [x, weights(b)], { name: "conv1" });
const pool =
  (attributes: Readonly<Record<string, readonly number[]>>): Build =>
  (b, x) =>
    b.node("MaxPool", [x], { attributes });
const pads = (b: OnnxBuilder, size: number): string => ints(b, [0, 0, size, size, 0, 0, size, size]);

const refused: readonly (readonly [string, string, readonly number[], Build])[] = [
  [
    "ConstantOfShape of -3",
    "LWC1221",
    vector,
    (b, x) => b.node("Reshape", [x, b.node("ConstantOfShape", [ints(b, [-3])])]),
  ],
  [
    "ConstantOfShape of 2^40",
    "LWC1221",
    vector,
    (b, x) => b.node("Reshape", [x, b.node("ConstantOfShape", [ints(b, [2 ** 40])])]),
  ],
  ["300 dimensions", "LWC1165", vector, (b, x) => b.node("Reshape", [x, ints(b, [...new Array(299).fill(1), 4])])],
  ["Unsqueeze outside", "LWC1110", vector, (b, x) => b.node("Unsqueeze", [x, ints(b, [9])])],
  ["Unsqueeze twice", "LWC1110", vector, (b, x) => b.node("Unsqueeze", [x, ints(b, [0, 0])])],
  ["Flatten outside", "LWC1110", vector, (b, x) => b.node("Flatten", [x], { attributes: { axis: 9 } })],
  ["a pad of 10^9", "LWC1340", map, (b, x) => b.node("Pad", [x, pads(b, 1e9)])],
  [
    "a padding value of NaN",
    "LWC1209",
    map,
    (b, x) => b.node("Pad", [x, pads(b, 1), b.constant("float32", [], [Number.NaN])]),
  ],
  ["a bound of NaN", "LWC1172", map, (b, x) => b.node("Clip", [conv(b, x), b.constant("float32", [], [Number.NaN])])],
  ["Concat of nothing", "LWC1101", vector, (b) => b.node("Concat", [])],
  [
    "a Split of too few sizes",
    "LWC1204",
    vector,
    (b, x) => {
      b.add("Split", [x, ints(b, [4])], ["p", "q"], { attributes: { axis: 1 } });
      return "q";
    },
  ],
  [
    "a Split of less than all",
    "LWC1204",
    vector,
    (b, x) => {
      b.add("Split", [x, ints(b, [1, 2])], ["p", "q"], { attributes: { axis: 1 } });
      return "q";
    },
  ],
  ["a window of 0x0", "LWC1151", map, pool({ kernel_shape: [0, 0] })],
  ["a window of 2", "LWC1199", map, pool({ kernel_shape: [2] })],
  ["a window of 2x2x2", "LWC1199", map, pool({ kernel_shape: [2, 2, 2] })],
  ["a window in the padding", "LWC1195", map, pool({ kernel_shape: [2, 2], pads: [2, 2, 2, 2] })],
  ["no weights", "LWC1147", map, (b, x) => b.node("Conv", [x, b.weights([0, 2, 1, 1], [], [0.01])])],
  ["text for a number", "LWC1111", map, (b, x) => b.node("Conv", [x, weights(b)], { attributes: { group: "x" } })],
  ["a batch of 2 inside", "LWC1146", [1, 4, 4, 4], (b, x) => conv(b, b.node("Reshape", [x, ints(b, [2, 2, 4, 4])]))],
  ["arithmetic on integers", "LWC1170", vector, (b, x) => b.node("Add", [b.quantize(x, 0.1, 5), x])],
];

describe("nodes", () => {
  test.each(refused)("%s: %s", (_, code, dims, build) => {
    expect(codes(model(dims, build))).toContain(code);
  });

  test("an input quantized twice with different parameters", () => {
    const b = new OnnxBuilder();
    const x = b.input("x", "float32", vector);
    const y = b.node("Add", [b.qdq(x, 0.3, 1), b.qdq(x, 0.05, 7)]);
    expect(codes(b.output(b.qdq(y, 1, 0), "float32").build())).toEqual(["LWC1306"]);
  });

  test("scales and zero points that do not fit", () => {
    const quantized = (scales: number, zeroPoints: number, axis: number): Uint8Array =>
      model([1, 2], (b, x) => {
        const per = (count: number, value: number): number[] => new Array(count).fill(value);
        const w = b.node(
          "DequantizeLinear",
          [
            b.constant("int8", [3, 2], per(6, 1)),
            b.constant("float32", [scales], per(scales, 0.1)),
            b.constant("int8", [zeroPoints], per(zeroPoints, 0)),
          ],
          { attributes: { axis } },
        );
        return b.node("Gemm", [x, w], { attributes: { transB: 1 } });
      });
    expect(codes(quantized(3, 3, 0))).toEqual([]);
    expect(codes(quantized(3, 2, 0))).toEqual(["LWC1113"]);
    expect(codes(quantized(3, 3, 7))).toEqual(["LWC1120"]);
    expect(codes(quantized(2, 2, 0))).toEqual(["LWC1120"]);
  });
});

describe("graphs", () => {
  const sound = model(map, conv);

  test("names that are given twice", () => {
    expect(codes(sound)).toEqual([]);
    expect(codes(editModel(sound, (g) => g.initializer!.push(g.initializer![0]!)))).toEqual(["LWC1013"]);
    expect(codes(editModel(sound, (g) => g.input!.push(g.input![0]!)))).toEqual(["LWC1013"]);
    expect(codes(editModel(sound, (g) => g.output!.push(g.output![0]!)))).toEqual(["LWC1013"]);
    expect(
      codes(
        editModel(sound, (g) => {
          g.node!.at(-1)!.output = ["x"];
        }),
      ),
    ).toContain("LWC1320");
  });

  test("inputs of other types: one diagnostic, not one per reader", () => {
    const typed = (elemType: number): Uint8Array =>
      editModel(sound, (g) => {
        g.input![0]!.type!.tensorType!.elemType = elemType;
      });
    expect(codes(typed(10))).toEqual(["LWC1301"]);
    expect(
      codes(
        editModel(sound, (g) => {
          g.input![0]!.type = { sequenceType: {} };
        }),
      ),
    ).toEqual(["LWC1301"]);
  });

  test("subgraphs", () => {
    const attribute = [{ name: "then_branch", type: 5, g: { name: "g" } }];
    const branch = editModel(sound, (g) => {
      g.node!.push({ opType: "If", name: "branch", input: ["x"], output: ["z"], attribute });
    });
    expect(codes(branch)).toEqual(["LWC1012"]);
  });

  test("a scale of another type", () => {
    const patched = editModel(sound, (g) => {
      g.initializer![0]!.dataType = 6;
    });
    expect(codes(patched)).toContain("LWC1112");
  });
});

describe("size", () => {
  const chain =
    (length: number, step: (b: OnnxBuilder, value: string) => string): Build =>
    (b, x) => {
      let value = x;
      for (let i = 0; i < length; i++) value = step(b, value);
      return value;
    };

  test("long chains of functions end in a diagnostic, long chains of Q and DQ in a graph", () => {
    expect(
      codes(
        model(
          vector,
          chain(900, (b, value) => b.node("Neg", [value])),
        ),
      ),
    ).toEqual([]);
    expect(
      codes(
        model(
          vector,
          chain(5000, (b, value) => b.node("Neg", [value])),
        ),
      ),
    ).toEqual(["LWC1174"]);
    expect(
      codes(
        model(
          map,
          chain(4000, (b, value) => b.qdq(value, 0.1, 5)),
        ),
      ),
    ).toEqual([]);
  });

  test("values that are read twice at every step do not double the work", () => {
    expect(
      codes(
        model(
          vector,
          chain(60, (b, value) => b.node("Add", [b.node("Neg", [value]), value])),
        ),
      ),
    ).toEqual([]);
    const b = new OnnxBuilder();
    let value = b.input("x", "int8", [1, 1, 1, 1]);
    for (let i = 0; i < 24; i++) {
      const both = [b.node("Identity", [value]), b.node("Identity", [value])];
      value = b.node("Concat", both, { attributes: { axis: 1 } });
    }
    expect(codes(b.output(b.dequantize(value, 0.1, 0), "float32").build())).toEqual([]);
  });
});

/** Swaps, drops and corrupts parts of the decoded model, which damage to bytes rarely reaches. */
test("structural damage never escapes as another exception", () => {
  let state = 2463534242;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const rich = model([1, 4, 6, 6], (b, x) => {
    const a = b.qdq(
      b.node("Relu", [
        b.node("Conv", [x, b.weights([4, 4, 3, 3], new Array(144).fill(2), [0.1, 0.2, 0.1, 0.2])], {
          attributes: { pads: [1, 1, 1, 1] },
        }),
      ]),
      0.1,
      -128,
    );
    const c = b.node("Concat", [a, x], { attributes: { axis: 1 } });
    const p = b.node("MaxPool", [b.qdq(c, 0.1, 0)], { attributes: { kernel_shape: [2, 2], strides: [2, 2] } });
    const s = b.node("Slice", [p, ints(b, [1]), ints(b, [5]), ints(b, [1]), ints(b, [2])]);
    const r = b.node("Reshape", [s, ints(b, [1, -1])]);
    const h = b.node("Mul", [r, b.node("HardSigmoid", [r])]);
    return b.node("MatMul", [b.qdq(h, 0.1, 0), b.weights([18, 3], new Array(54).fill(1), [0.1])]);
  });
  expect(codes(rich)).toEqual([]);
  const opTypes = [
    "Add",
    "Pad",
    "Transpose",
    "Softmax",
    "Split",
    "Gemm",
    "Cast",
    "Clip",
    "Flatten",
    "AveragePool",
    "ArgMax",
    "Gather",
    "QLinearConv",
    "QLinearAdd",
    "ReduceMean",
    "Unsqueeze",
  ];
  const dims = [0, 1, 2, 3, 255, -1, 2 ** 31, 2 ** 53];
  for (let round = 0; round < 1500; round++) {
    const damaged = editModel(rich, (g) => {
      for (let i = random(3); i >= 0; i--) {
        const node = g.node![random(g.node!.length)]!;
        const other = g.node![random(g.node!.length)]!;
        const tensor = g.initializer![random(g.initializer!.length)]!;
        const at = random(Math.max(1, node.input!.length));
        const ways: readonly (() => void)[] = [
          () => (node.opType = opTypes[random(opTypes.length)]!),
          () => (node.input![at] = other.output![0]!),
          () => (node.input![at] = tensor.name!),
          () => (node.input![at] = ""),
          () => node.input!.splice(at, 1),
          () => node.input!.push(tensor.name!),
          () => (tensor.dims = [...tensor.dims!, dims[random(dims.length)]!]),
          () => (tensor.dims = []),
          () => (tensor.dataType = random(24)),
          () => (tensor.rawData = tensor.rawData!.map(() => random(256))),
          () => {
            for (const attribute of node.attribute!) attribute.ints = attribute.ints!.map(() => random(9) - 2);
          },
          () => node.attribute!.push({ name: "axis", type: 2, i: random(12) - 6 }),
          () => (g.input![0]!.type!.tensorType!.shape!.dim![random(4)]!.dimValue = dims[random(dims.length)]!),
        ];
        ways[random(ways.length)]!();
      }
    });
    expect(() => codes(damaged), `round ${round}`).not.toThrow();
  }
});
