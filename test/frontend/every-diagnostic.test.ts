/** What is not covered where its subject is tested: the smallest model that earns each diagnostic of the front end. */
import { describe, expect, test } from "vitest";
import { CompileError } from "../../compiler/diagnostics.js";
import { importGraph } from "../../compiler/frontend/onnx/import-graph.js";
import { decodeOnnx } from "../../compiler/frontend/onnx/onnx-model.js";
import { makeZeroPoint } from "../../compiler/ir/quant.js";
import { editModel, OnnxBuilder } from "../support/onnx-builder.js";

function codes(bytes: Uint8Array): readonly string[] {
  try {
    return importGraph(decodeOnnx(bytes)).warnings.map((warning) => warning.code);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    for (const { message } of error.diagnostics) expect(message).not.toMatch(/[\n\r]/);
    return error.diagnostics.map((diagnostic) => diagnostic.code);
  }
}

type Build = (b: OnnxBuilder, x: string) => string;
type Case = readonly [code: string, what: string, build: Build, dims?: readonly number[]];

const ones = (count: number): number[] => new Array<number>(count).fill(1);
const ints = (b: OnnxBuilder, values: readonly number[]): string => b.constant("int64", [values.length], values);
const f32 = (b: OnnxBuilder, values: readonly number[]): string => b.constant("float32", [values.length], values);
const weights = (b: OnnxBuilder, dims: readonly number[] = [3, 2, 1, 1]): string =>
  b.weights(dims, ones(dims.reduce((product, dim) => product * dim, 1)), [0.01]);
const scalar = (b: OnnxBuilder, value: number): string => b.constant("float32", [], [value]);
const zero = (b: OnnxBuilder, value = 0, dtype: "int8" | "uint8" | "int32" = "int8"): string =>
  b.constant(dtype, [], [value]);
const conv =
  (extra: (b: OnnxBuilder) => readonly string[]): Build =>
  (b, x) =>
    b.node("Conv", [x, ...extra(b)]);
const vector = [1, 4];
const pool2 = { attributes: { kernel_shape: [2, 2], strides: [2, 2] } };
const deconv = (b: OnnxBuilder, x: string, attributes: Readonly<Record<string, readonly number[]>>): string =>
  b.node("ConvTranspose", [x, weights(b, [2, 3, 1, 1])], { attributes });
const resize = (
  b: OnnxBuilder,
  x: string,
  scales: readonly number[],
  attributes: Readonly<Record<string, string | number>> = {},
): string => b.node("Resize", [x, "", f32(b, scales)], { attributes });

const cases: readonly Case[] = [
  ["LWC1102", "a scale that is not there", (b, x) => b.node("QuantizeLinear", [x, ""])],
  ["LWC1104", "a scale that is computed", (b, x) => b.node("QuantizeLinear", [x, x, zero(b)])],
  ["LWC1105", "a float input without quantization", (b) => b.node("Add", [b.input("y", "float32", [1, 4]), "y"])],
  [
    "LWC1106",
    "a convolution of a constant",
    (b) => b.node("Conv", [b.constant("float32", [1, 2, 4, 4], ones(32)), weights(b)]),
  ],
  [
    "LWC1107",
    "arithmetic on the result of ArgMax",
    (b, x) => b.node("Softmax", [b.node("ArgMax", [x], { attributes: { axis: 1 } })]),
    vector,
  ],
  ["LWC1121", "DequantizeLinear of a float", (b, x) => b.node("DequantizeLinear", [x, scalar(b, 0.1), zero(b)])],
  [
    "LWC1122",
    "int8 values that are dequantized as uint8",
    (b, x) => b.node("DequantizeLinear", [b.quantize(x, 0.1, 0, "int8"), scalar(b, 0.1), zero(b, 0, "uint8")]),
  ],
  [
    "LWC1123",
    "a constant that is quantized to int32",
    (b) => b.node("QuantizeLinear", [f32(b, [1]), scalar(b, 0.1), zero(b, 0, "int32")]),
  ],
  ["LWC1125", "values that are quantized twice", (b, x) => b.quantize(b.quantize(x, 0.1, 0), 0.2, 0)],
  ["LWC1126", "a bound of Clip with two elements", (b, x) => b.node("Clip", [x, f32(b, [0, 1])])],
  [
    "LWC1127",
    "int8 weights with a zero point of uint8",
    conv((b) => [
      b.node("DequantizeLinear", [b.constant("int8", [3, 2, 1, 1], ones(6)), scalar(b, 0.1), zero(b, 0, "uint8")]),
    ]),
  ],
  [
    "LWC1130",
    "int32 weights",
    conv((b) => [b.node("DequantizeLinear", [b.constant("int32", [3, 2, 1, 1], ones(6)), scalar(b, 0.1)])]),
  ],
  ["LWC1132", "weights that are computed", (b, x) => b.node("Conv", [x, x])],
  [
    "LWC1133",
    "zero points that differ between channels",
    conv((b) => [
      b.node(
        "DequantizeLinear",
        [b.constant("int8", [3, 2, 1, 1], ones(6)), f32(b, [0.1, 0.1, 0.1]), b.constant("int8", [3], [0, 1, 2])],
        {
          attributes: { axis: 0 },
        },
      ),
    ]),
  ],
  ["LWC1134", "an int8 bias", conv((b) => [weights(b), b.weights([3], [1, 2, 3], [0.001])])],
  [
    "LWC1136",
    "a bias that is computed",
    (b, x) => b.node("Conv", [x, weights(b), b.node("Reshape", [x, ints(b, [-1])])]),
  ],
  ["LWC1137", "a bias of the wrong length", conv((b) => [weights(b), f32(b, [1, 2])])],
  ["LWC1138", "a bias beyond int32", conv((b) => [weights(b), f32(b, [1e9, 0, 0])])],
  [
    "LWC1139",
    "a bias with a zero point",
    conv((b) => [
      weights(b),
      b.node("DequantizeLinear", [b.constant("int32", [3], [1, 2, 3]), scalar(b, 0.001), zero(b, 3, "int32")]),
    ]),
  ],
  [
    "LWC1144",
    "Gemm with a factor of the bias",
    (b, x) => b.node("Gemm", [x, weights(b, [4, 3]), f32(b, [1, 2, 3])], { attributes: { beta: { float: 0.5 } } }),
    vector,
  ],
  ["LWC1145", "a product of two matrices", (b, x) => b.node("MatMul", [x, weights(b, [4, 3])]), [1, 5, 4]],
  [
    "LWC1142",
    "a matrix quantized along its inputs",
    (b, x) => b.node("MatMul", [x, b.weights([4, 3], ones(12), [0.1, 0.1, 0.1, 0.1], 0)]),
    vector,
  ],
  [
    "LWC1153",
    "negative pads of a convolution",
    (b, x) => b.node("Conv", [x, weights(b)], { attributes: { pads: [-1, 0, 0, 0] } }),
  ],
  [
    "LWC1161",
    "a reshape of a value that is not quantized yet",
    (b, x) => b.node("Reshape", [b.node("Conv", [x, weights(b)]), ints(b, [1, -1])]),
  ],
  ["LWC1162", "Reshape without a shape", (b, x) => b.node("Reshape", [x])],
  [
    "LWC1166",
    "weights reshaped across the axis of their scales",
    (b, x) => b.node("MatMul", [x, b.node("Reshape", [b.weights([6, 2], ones(12), ones(6), 0), ints(b, [4, 3])])]),
    vector,
  ],
  [
    "LWC1182",
    "shapes that do not broadcast",
    (b, x) => b.node("Add", [x, b.qdq(b.node("MaxPool", [x], { attributes: { kernel_shape: [2, 2] } }), 0.1, 0)]),
  ],
  [
    "LWC1193",
    "a dilated average",
    (b, x) => b.node("AveragePool", [x], { attributes: { kernel_shape: [2, 2], dilations: [2, 2] } }),
  ],
  [
    "LWC1200",
    "concat of maps of other sizes",
    (b, x) =>
      b.node("Concat", [x, b.qdq(b.node("MaxPool", [x], { attributes: { kernel_shape: [2, 2] } }), 0.1, 0)], {
        attributes: { axis: 1 },
      }),
  ],
  ["LWC1201", "Slice without ends", (b, x) => b.node("Slice", [x, ints(b, [0])])],
  ["LWC1206", "Pad without pads", (b, x) => b.node("Pad", [x])],
  ["LWC1207", "pads that cut off all", (b, x) => b.node("Pad", [x, ints(b, [0, 0, -9, 0, 0, 0, 0, 0])])],
  [
    "LWC1208",
    "concat of integers of different scales",
    (b, x) =>
      b.dequantize(
        b.node("Concat", [b.quantize(x, 0.1, 0), b.quantize(x, 0.3, 0)], { attributes: { axis: 1 } }),
        0.1,
        0,
      ),
  ],
  [
    "LWC1220",
    "a Constant that holds text",
    (b, x) => b.node("Add", [x, b.node("Constant", [], { attributes: { value_string: "one" } })]),
  ],
  [
    "LWC1223",
    "an index outside the gathered shape",
    (b, x) => b.node("Reshape", [x, b.node("Gather", [b.node("Shape", [x]), ints(b, [9])])]),
  ],
  [
    "LWC1124",
    "a constant that becomes an output of QuantizeLinear",
    (b, x) =>
      b.node("Concat", [x, b.quantize(b.node("ArgMax", [x], { attributes: { axis: 1 } }), 0.1, 0)], {
        attributes: { axis: 1 },
      }),
  ],
  ["LWC1140", "a convolution with weights of a matrix", (b, x) => b.node("Conv", [x, weights(b, [3, 2])])],
  ["LWC1171", "Relu of an index", (b, x) => b.node("Relu", [b.node("ArgMax", [x], { attributes: { axis: 1 } })])],
  ["LWC1175", "a Gelu of an unknown form", (b, x) => b.node("Gelu", [x], { attributes: { approximate: "cubic" } })],
  ["LWC1176", "a FastGelu with a bias", (b, x) => b.node("FastGelu", [x, f32(b, [1, 2])], { domain: "com.microsoft" })],
  ["LWC1180", "a difference of three", (b, x) => b.node("Sub", [x, x, x])],
  ["LWC1181", "one activation to the power of another", (b, x) => b.node("Pow", [x, x])],
  ["LWC1182", "a slope per channel of another number", (b, x) => b.node("PRelu", [x, f32(b, [1, 2, 3, 4, 5, 6, 7])])],
  [
    "LWC1186",
    "a constant of more values than tables can be numbered",
    (b, x) =>
      b.node("Add", [
        x,
        b.constant(
          "float32",
          [1, 4 * 9001],
          Array.from({ length: 4 * 9001 }, (_, i) => i),
        ),
      ]),
    [1, 4 * 9001],
  ],
  ["LWC1187", "a slope that is computed", (b, x) => b.node("PRelu", [x, x])],
  ["LWC1198", "a product of activations", (b, x) => b.node("ReduceProd", [x])],
  [
    "LWC1198",
    "a norm of constants",
    (b, x) => b.node("Reshape", [x, b.node("ReduceL2", [ints(b, [1, 2])], { attributes: { axes: [0] } })]),
  ],
  [
    "LWC1199",
    "a sum of more squares than 32 bits hold",
    (b, x) => b.node("ReduceL2", [b.node("Tile", [x, ints(b, [1, 1, 100, 100])])]),
  ],
  [
    "LWC1117",
    "arithmetic on the indices of MaxPool",
    (b, x) => {
      b.add("MaxPool", [x], ["pooled", "indices"], { attributes: { kernel_shape: [2, 2] } });
      return b.node("Softmax", ["indices"]);
    },
  ],
  [
    "LWC1191",
    "indices of MaxPool in column order",
    (b, x) => {
      b.add("MaxPool", [x], ["pooled", "indices"], { attributes: { kernel_shape: [2, 2], storage_order: 1 } });
      return "pooled";
    },
  ],
  [
    "LWC1196",
    "MaxUnpool of a window of 17x17",
    (b, x) => {
      const attributes = { kernel_shape: [17, 17], strides: [17, 17] };
      b.add("MaxPool", [x], ["pooled", "indices"], { attributes });
      return b.node("MaxUnpool", [b.qdq("pooled", 0.1, 0), "indices"], { attributes });
    },
    [1, 2, 17, 17],
  ],
  ["LWC1197", "MaxUnpool of other indices", (b, x) => b.node("MaxUnpool", [x, ints(b, [1])], pool2)],
  [
    "LWC1198",
    "MaxUnpool to another shape",
    (b, x) => {
      b.add("MaxPool", [x], ["pooled", "indices"], pool2);
      return b.node("MaxUnpool", [b.qdq("pooled", 0.1, 0), "indices", ints(b, [1, 2, 5, 4])], pool2);
    },
  ],
  ["LWC1155", "an output padding beyond the stride", (b, x) => deconv(b, x, { output_padding: [1, 1] })],
  ["LWC1156", "an output shape beyond the result", (b, x) => deconv(b, x, { output_shape: [9, 9] })],
  ["LWC1152", "pads that cut off the whole result", (b, x) => deconv(b, x, { pads: [2, 2, 2, 2] })],
  [
    "LWC1142",
    "a transposed convolution quantized along its inputs",
    (b, x) => b.node("ConvTranspose", [x, b.weights([2, 3, 1, 1], ones(6), [0.1, 0.1], 0)]),
  ],
  ["LWC1250", "a cubic resize", (b, x) => resize(b, x, [1, 1, 2, 2], { mode: "cubic" })],
  ["LWC1251", "a resize with a filter", (b, x) => resize(b, x, [1, 1, 0.5, 0.5], { mode: "linear", antialias: 1 })],
  [
    "LWC1252",
    "a resize of a region",
    (b, x) => resize(b, x, [1, 1, 2, 2], { coordinate_transformation_mode: "tf_crop_and_resize" }),
  ],
  ["LWC1253", "a resize to the nearest odd pixel", (b, x) => resize(b, x, [1, 1, 2, 2], { nearest_mode: "odd" })],
  ["LWC1254", "a resize with three scales", (b, x) => resize(b, x, [1, 2, 2])],
  ["LWC1255", "a resize of channels", (b, x) => resize(b, x, [1, 2, 2, 2])],
  ["LWC1260", "blocks of nothing", (b, x) => b.node("DepthToSpace", [x], { attributes: { blocksize: 0 } })],
  [
    "LWC1261",
    "blocks in an unknown order",
    (b, x) => b.node("DepthToSpace", [x], { attributes: { blocksize: 1, mode: "RCD" } }),
  ],
  ["LWC1262", "blocks that do not fit", (b, x) => b.node("SpaceToDepth", [x], { attributes: { blocksize: 3 } })],
  [
    "LWC1242",
    "BatchNormalization with a factor of 0",
    (b, x) =>
      b.node("BatchNormalization", [
        b.node("Conv", [x, weights(b)]),
        f32(b, [0, 1, 1]),
        ...[1, 2, 3].map(() => f32(b, [1, 1, 1])),
      ]),
  ],
  [
    "LWC1243",
    "BatchNormalization behind weights with a zero point",
    (b, x) =>
      b.node("BatchNormalization", [
        b.node("Conv", [x, b.weights([3, 2, 1, 1], ones(6), [0.01], 0, "int8", 3)]),
        ...[1, 2, 3, 4].map(() => f32(b, [1, 1, 1])),
      ]),
  ],
  [
    "LWC1244",
    "a negative factor for a weight of -128",
    (b, x) =>
      b.node("BatchNormalization", [
        b.node("Conv", [x, b.weights([3, 2, 1, 1], [-128, 1, 1, 1, 1, 1], [0.01])]),
        f32(b, [-1, 1, 1]),
        ...[1, 2, 3].map(() => f32(b, [1, 1, 1])),
      ]),
  ],
  [
    "LWC1240",
    "BatchNormalization that trains",
    (b, x) =>
      b.node("BatchNormalization", [b.node("Conv", [x, weights(b)]), ...[1, 2, 3, 4].map(() => f32(b, [1, 1, 1]))], {
        attributes: { training_mode: 1 },
      }),
  ],
];

function model(build: Build, dims: readonly number[] = [1, 2, 4, 4]): Uint8Array {
  const b = new OnnxBuilder();
  const x = b.qdq(b.input("x", "float32", dims), 0.1, 0);
  return b.output(b.qdq(build(b, x), 0.2, 0), "float32").build();
}

describe("nodes", () => {
  for (const [code, what, build, dims] of cases) {
    test(`${code}: ${what}`, () => {
      expect(codes(model(build, dims))).toContain(code);
    });
  }
});

const sound = model((b, x) => b.node("Conv", [x, weights(b)]));

describe("files and graphs", () => {
  test.each<[string, string, () => Uint8Array]>([
    ["LWC1003", "no outputs", () => editModel(sound, (graph) => graph.output?.splice(0))],
    [
      "LWC1021",
      "a tensor of 300 dimensions",
      () => editModel(sound, (graph) => Object.assign(graph.initializer![0]!, { dims: ones(300) })),
    ],
    [
      "LWC1022",
      "a negative dimension",
      () => editModel(sound, (graph) => Object.assign(graph.initializer![0]!, { dims: [-1] })),
    ],
    [
      "LWC1024",
      "five bytes of float32",
      () => editModel(sound, (graph) => Object.assign(graph.initializer![0]!, { rawData: new Uint8Array(5) })),
    ],
    [
      "LWC1310",
      "an input without a shape",
      () => editModel(sound, (graph) => Object.assign(graph.input![0]!.type!.tensorType!, { shape: null })),
    ],
  ])("%s: %s", (code, _, bytes) => {
    expect(codes(bytes())).toContain(code);
  });

  test("LWC1304: an integer input whose scale nobody says", () => {
    const b = new OnnxBuilder();
    const y = b.node("MaxPool", [b.input("x", "int8", [1, 2, 4, 4])], { attributes: { kernel_shape: [2, 2] } });
    const other = b.qdq(b.input("z", "float32", [1, 4]), 0.1, 0);
    expect(codes(b.output(y, "int8").output(other, "float32").build())).toContain("LWC1304");
  });

  test("LWC1305: an output that no quantized operator computes", () => {
    const b = new OnnxBuilder();
    const x = b.qdq(b.input("x", "float32", [1, 4]), 0.1, 0);
    const bytes = b
      .output(b.qdq(b.node("Relu", [x]), 0.2, 0), "float32")
      .output("table", "float32")
      .build();
    expect(
      codes(
        editModel(bytes, (graph) => graph.initializer!.push({ name: "table", dataType: 1, dims: [1], floatData: [1] })),
      ),
    ).toContain("LWC1305");
  });

  test("LWC1307: indices of MaxPool as an output", () => {
    const b = new OnnxBuilder();
    const x = b.qdq(b.input("x", "float32", [1, 1, 4, 4]), 0.1, 0);
    b.add("MaxPool", [x], ["pooled", "indices"], pool2);
    expect(codes(b.output("indices", "int64").build())).toEqual(["LWC1307"]);
  });

  test("LWC2002: a zero point outside its type", () => {
    expect(() => makeZeroPoint(200, "x")).toThrow("LWC2002");
  });

  test("LWC1302: an input that reaches nothing", () => {
    const b = new OnnxBuilder();
    b.input("unused", "float32", [1, 4]);
    const x = b.qdq(b.input("x", "float32", [1, 4]), 0.1, 0);
    expect(codes(b.output(b.qdq(b.node("Relu", [x]), 0.2, 0), "float32").build())).toContain("LWC1302");
  });
});

describe("operators of the QOperator form", () => {
  const quantized = (build: Build): Uint8Array => {
    const b = new OnnxBuilder();
    const x = b.quantize(b.input("x", "float32", [1, 2, 4, 4]), 0.1, 0);
    return b.output(b.dequantize(build(b, x), 0.2, 0), "float32").build();
  };
  const microsoft = { domain: "com.microsoft" };

  test.each<[string, string, Build]>([
    [
      "LWC1230",
      "a float operand",
      (b, x) =>
        b.node(
          "QLinearAdd",
          [b.dequantize(x, 0.1, 0), scalar(b, 0.1), zero(b), x, scalar(b, 0.1), zero(b), scalar(b, 0.2), zero(b)],
          microsoft,
        ),
    ],
    [
      "LWC1232",
      "a concat with half a triple",
      (b, x) =>
        b.node("QLinearConcat", [scalar(b, 0.1), zero(b), x, scalar(b, 0.1)], {
          ...microsoft,
          attributes: { axis: 1 },
        }),
    ],
    [
      "LWC1231",
      "a product without an output scale",
      (b, x) =>
        b.node(
          "QGemm",
          [x, scalar(b, 0.1), zero(b), b.constant("int8", [32, 3], ones(96)), scalar(b, 0.1), zero(b)],
          microsoft,
        ),
    ],
    [
      "LWC1233",
      "an average in NHWC",
      (b, x) =>
        b.node("QLinearAveragePool", [x, scalar(b, 0.1), zero(b), scalar(b, 0.2), zero(b)], {
          ...microsoft,
          attributes: { kernel_shape: [2, 2], channels_last: 1 },
        }),
    ],
  ])("%s: %s", (code, _, build) => {
    expect(codes(quantized(build))).toContain(code);
  });
});
