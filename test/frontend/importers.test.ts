/** What each importer makes of its ONNX operator: operators, attributes, layouts, table entries. */
import { describe, expect, test } from "vitest";
import { importGraph } from "../../compiler/frontend/onnx/import-graph.js";
import { decodeOnnx } from "../../compiler/frontend/onnx/onnx-model.js";
import type { Graph, Node, Tensor } from "../../compiler/ir/graph.js";
import { verifyGraph } from "../../compiler/ops/verify-graph.js";
import { OnnxBuilder } from "../support/onnx-builder.js";

/** The graph of what `build` makes of a quantized input of scale 0.5 and zero point 0. */
function graphOf(dims: readonly number[], build: (b: OnnxBuilder, x: string) => string, opset = 13): Graph {
  const b = new OnnxBuilder(opset);
  const y = build(b, b.qdq(b.input("x", "float32", dims), 0.5, 0));
  const { graph } = importGraph(decodeOnnx(b.output(y, "float32").build()));
  expect(verifyGraph(graph)).toEqual([]);
  return graph;
}

const kinds = (graph: Graph): readonly string[] => graph.nodes.map((node) => node.kind);
const only = (graph: Graph, kind: string): Node => {
  const found = graph.nodes.filter((node) => node.kind === kind);
  expect(found).toHaveLength(1);
  return found[0]!;
};
const input = (graph: Graph, node: Node, i: number): Tensor => graph.tensors.get(node.inputs[i]!)!;
const ints = (b: OnnxBuilder, values: readonly number[]): string => b.constant("int64", [values.length], values);
const close = (b: OnnxBuilder, value: string): string => b.qdq(value, 0.5, 0);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe("products", () => {
  test("Conv: weights [O,I,kH,kW] become [O,kH,kW,I], the map NHWC", () => {
    const graph = graphOf([1, 2, 4, 5], (b, x) =>
      close(
        b,
        b.node("Conv", [x, b.weights([1, 2, 2, 1], [1, 2, 3, 4], [0.25])], {
          attributes: { strides: [2, 1], pads: [1, 0, 1, 0] },
        }),
      ),
    );
    const conv = only(graph, "conv2d");
    expect(conv.attrs).toEqual({
      groups: 1,
      strides: [2, 1],
      dilations: [1, 1],
      pads: [1, 0, 1, 0],
      clampMin: -128,
      clampMax: 127,
    });
    expect(Array.from(input(graph, conv, 1).data!)).toEqual([1, 3, 2, 4]);
    expect(input(graph, conv, 0).shape).toEqual([1, 4, 5, 2]);
    expect(graph.tensors.get(conv.output)!.shape).toEqual([1, 3, 5, 1]);
    expect(graph.inputs[0]).toMatchObject({ dtype: "float32", shape: [1, 2, 4, 5], perm: [0, 3, 1, 2] });
  });

  test.each([
    ["SAME_UPPER", [0, 0, 1, 1]],
    ["SAME_LOWER", [1, 1, 0, 0]],
    ["VALID", [0, 0, 0, 0]],
  ])("auto_pad %s", (mode, pads) => {
    const graph = graphOf([1, 1, 4, 4], (b, x) =>
      close(b, b.node("Conv", [x, b.weights([1, 1, 2, 2], [1, 2, 3, 4], [0.25])], { attributes: { auto_pad: mode } })),
    );
    expect(only(graph, "conv2d").attrs["pads"]).toEqual(pads);
  });

  test("uint8 weights and activations shift by 128, and the storage is remembered", () => {
    const b = new OnnxBuilder();
    const x = b.qdq(b.input("x", "float32", [1, 1, 1, 1]), 0.5, 130, "uint8");
    const y = b.node("Conv", [x, b.weights([1, 1, 1, 1], [200], [0.25], 0, "uint8", 127)]);
    const { graph } = importGraph(decodeOnnx(b.output(b.qdq(y, 0.5, 0, "uint8"), "float32").build()));
    const conv = only(graph, "conv2d");
    expect(input(graph, conv, 0).quant).toMatchObject({ zeroPoint: 2, storage: "uint8" });
    expect(input(graph, conv, 1).quant!.zeroPoint).toBe(-1);
    expect(Array.from(input(graph, conv, 1).data!)).toEqual([72]);
    expect(graph.tensors.get(conv.output)!.quant).toMatchObject({ zeroPoint: -128, storage: "uint8" });
  });

  test("a float bias is rounded half to even in accumulator units", () => {
    const graph = graphOf([1, 1], (b, x) =>
      close(
        b,
        b.node("Gemm", [x, b.weights([3, 1], [1, 1, 1], [0.25]), b.constant("float32", [3], [0.3125, 0.4375, -1])], {
          attributes: { transB: 1 },
        }),
      ),
    );
    expect(Array.from(input(graph, only(graph, "fully_connected"), 2).data!)).toEqual([2, 4, -8]);
  });

  test("alpha scales the accumulator, so the bias is in units of alpha too", () => {
    const graph = graphOf([1, 1], (b, x) =>
      close(
        b,
        b.node("Gemm", [x, b.weights([1, 1], [1], [0.25]), b.bias([10], [0.125])], {
          attributes: { transB: 1, alpha: { float: 0.5 } },
        }),
      ),
    );
    const node = only(graph, "fully_connected");
    expect(node.attrs["alpha"]).toBe(0.5);
    expect(Array.from(input(graph, node, 2).data!)).toEqual([20]);
    expect(node.origin.island).toMatch(/Gemm with alpha/);
  });

  test("QGemm: the bias belongs to the accumulator as it is", () => {
    const b = new OnnxBuilder();
    const scalar = (dtype: "float32" | "int8", value: number): string => b.constant(dtype, [], [value]);
    const x = b.quantize(b.input("x", "float32", [1, 1]), 0.5, 0);
    const weights = [b.constant("int8", [1, 1], [1]), scalar("float32", 0.25), scalar("int8", 0)];
    const y = b.node(
      "QGemm",
      [
        x,
        scalar("float32", 0.5),
        scalar("int8", 0),
        ...weights,
        b.constant("int32", [1], [10]),
        scalar("float32", 0.5),
        scalar("int8", 0),
      ],
      { domain: "com.microsoft", attributes: { transB: 1, alpha: { float: 0.5 } } },
    );
    const { graph } = importGraph(decodeOnnx(b.output(b.dequantize(y, 0.5, 0), "float32").build()));
    expect(Array.from(input(graph, only(graph, "fully_connected"), 2).data!)).toEqual([10]);
  });

  test("MatMul weights are transposed, those behind Transpose twice", () => {
    const build =
      (weights: (b: OnnxBuilder) => string) =>
      (b: OnnxBuilder, x: string): string =>
        close(b, b.node("MatMul", [x, weights(b)]));
    const straight = graphOf(
      [1, 2],
      build((b) => b.weights([2, 3], [1, 2, 3, 4, 5, 6], [0.1, 0.2, 0.3], 1)),
    );
    const turned = graphOf(
      [1, 2],
      build((b) => b.node("Transpose", [b.weights([3, 2], [1, 4, 2, 5, 3, 6], [0.1, 0.2, 0.3], 0)])),
    );
    for (const graph of [straight, turned]) {
      const w = input(graph, only(graph, "fully_connected"), 1);
      expect(Array.from(w.data!)).toEqual([1, 4, 2, 5, 3, 6]);
      expect(w.quant!.axis).toBe(0);
    }
    expect(only(turned, "fully_connected").origin.island).toMatch(/transposed or reshaped/);
  });

  test("float weights behind a per-channel QuantizeLinear", () => {
    const graph = graphOf([1, 2], (b, x) => {
      const parameters = [b.constant("float32", [2], [0.5, 0.25]), b.constant("int8", [2], [0, 0])];
      const q = b.node("QuantizeLinear", [b.constant("float32", [2, 2], [1, -1, 1, 100]), ...parameters], {
        attributes: { axis: 0 },
      });
      const w = b.node("DequantizeLinear", [q, ...parameters], { attributes: { axis: 0 } });
      return close(b, b.node("Gemm", [x, w], { attributes: { transB: 1 } }));
    });
    const w = input(graph, only(graph, "fully_connected"), 1);
    expect(Array.from(w.data!)).toEqual([2, -2, 4, 127]);
    expect(w.quant!.scales).toEqual([0.5, 0.25]);
  });

  test("MatMul + Add is one node; an Add along another axis is none", () => {
    const build =
      (dims: readonly number[]) =>
      (b: OnnxBuilder, x: string): string =>
        close(
          b,
          b.node("Add", [
            b.node("MatMul", [x, b.weights([2, 2], [1, 2, 3, 4], [0.25])]),
            b.constant("float32", dims, [1, 2]),
          ]),
        );
    const node = only(graphOf([1, 2], build([2])), "fully_connected");
    expect(node.origin).toMatchObject({ label: "MatMul + Add" });
    expect(node.origin.nodes).toHaveLength(2);
    expect(node.origin.island).toBeUndefined();
    expect(() => graphOf([1, 2], build([2, 1]))).toThrow(/LWC1108/);
  });

  test("Conv + Add: only a value per channel is a bias", () => {
    const build =
      (dims: readonly number[]) =>
      (b: OnnxBuilder, x: string): string =>
        close(
          b,
          b.node("Add", [
            b.node("Conv", [x, b.weights([2, 1, 1, 1], [1, 2], [0.25])]),
            b.constant("float32", dims, [1, 2]),
          ]),
        );
    for (const dims of [
      [2, 1, 1],
      [1, 2, 1, 1],
    ]) {
      const graph = graphOf([1, 1, 2, 2], build(dims));
      expect(only(graph, "conv2d").origin.island).toMatch(/Add behind it/);
    }
    // [2] broadcasts along the width, which is 2 as well.
    expect(() => graphOf([1, 1, 2, 2], build([2]))).toThrow(/LWC1108/);
  });

  test("nothing folds into a product across an activation", () => {
    const relu = (b: OnnxBuilder, x: string): string =>
      b.node("Relu", [b.node("Conv", [x, b.weights([2, 1, 1, 1], [1, 2], [0.25])])]);
    const per = (b: OnnxBuilder): string => b.constant("float32", [2], [1, 2]);
    expect(() =>
      graphOf([1, 1, 2, 2], (b, x) =>
        close(b, b.node("Add", [relu(b, x), b.constant("float32", [1, 2, 1, 1], [-1, -1])])),
      ),
    ).toThrow(/LWC1108/);
    expect(() =>
      graphOf([1, 1, 2, 2], (b, x) =>
        close(b, b.node("BatchNormalization", [relu(b, x), per(b), per(b), per(b), per(b)])),
      ),
    ).toThrow(/LWC1241/);
  });
});

describe("activations", () => {
  test("Relu and Clip tighten the clamp of what is in front of them", () => {
    const graph = graphOf([1, 1, 2, 2], (b, x) =>
      close(
        b,
        b.node("Clip", [
          b.node("Relu", [b.node("Conv", [x, b.weights([1, 1, 1, 1], [1], [0.25])])]),
          b.constant("float32", [], [-1]),
          b.constant("float32", [], [6]),
        ]),
      ),
    );
    const conv = only(graph, "conv2d");
    expect(conv.attrs).toMatchObject({ clampMin: 0, clampMax: 12 });
    expect(conv.origin).toMatchObject({ label: "Conv + Relu + Clip" });
    expect(conv.origin.island).toMatch(/narrower/);
  });

  test("a chain on one tensor is one table", () => {
    const graph = graphOf([1, 4], (b, x) => {
      const half = b.node("Div", [x, b.constant("float32", [], [2])]);
      return close(b, b.node("Mul", [x, b.node("Abs", [b.node("Sub", [half, b.constant("float32", [], [1])])])]));
    });
    const lookup = only(graph, "lookup");
    expect(kinds(graph)).toEqual(["lookup"]);
    const table = input(graph, lookup, 1).data!;
    // x = 0.5 q; x * |x / 2 - 1| in units of 0.5.
    for (const q of [-20, -1, 0, 1, 4, 12])
      expect(table[q + 128]).toBe(Math.round((0.5 * q * Math.abs(0.25 * q - 1)) / 0.5));
    expect(lookup.origin).toMatchObject({ label: "Div + Sub + Abs + Mul" });
    expect(lookup.origin.island).toMatch(/exactly/);
  });

  test("a transposed view of the same tensor is no function of it", () => {
    expect(() =>
      graphOf([1, 2, 3, 3], (b, x) =>
        close(
          b,
          b.node("Mul", [x, b.node("Sigmoid", [b.node("Transpose", [x], { attributes: { perm: [0, 1, 3, 2] } })])]),
        ),
      ),
    ).toThrow(/LWC1108/);
  });

  test("pools and pads of a function come behind its table", () => {
    const neg = (b: OnnxBuilder, x: string): string => b.node("Neg", [x]);
    const pooled = graphOf([1, 1, 2, 2], (b, x) =>
      close(b, b.node("MaxPool", [neg(b, x)], { attributes: { kernel_shape: [2, 2] } })),
    );
    expect(kinds(pooled)).toEqual(["lookup", "max_pool2d"]);
    const padded = graphOf([1, 1, 2, 2], (b, x) =>
      close(b, b.node("Pad", [b.node("Exp", [x]), ints(b, [0, 0, 1, 1, 0, 0, 1, 1])])),
    );
    expect(kinds(padded)).toEqual(["lookup", "pad"]);
    expect(only(padded, "pad").attrs).toEqual({ before: [0, 1, 1, 0], after: [0, 1, 1, 0], value: 0 });
  });

  test("a padding value is rounded once, to the scale of the result", () => {
    const pad = (value: number): Graph =>
      graphOf([1, 1, 2, 2], (b, x) =>
        b.qdq(b.node("Pad", [x, ints(b, [0, 0, 1, 1, 0, 0, 1, 1]), b.constant("float32", [], [value])]), 0.25, 0),
      );
    // 0.5 holds 1.5; of 1.2 it would make 1.0 or 1.5.
    expect(kinds(pad(1.5))).toEqual(["pad", "lookup"]);
    expect(kinds(pad(1.2))).toEqual(["lookup", "pad"]);
    expect(only(pad(1.2), "pad").attrs["value"]).toBe(5);
  });

  test("undefined values warn and are the lowest", () => {
    const b = new OnnxBuilder();
    const x = b.qdq(b.input("x", "float32", [1, 4]), 0.5, 0);
    const { graph, warnings } = importGraph(decodeOnnx(b.output(close(b, b.node("Sqrt", [x])), "float32").build()));
    expect(warnings.map((warning) => warning.code)).toEqual(["LWC1173"]);
    const table = input(graph, only(graph, "lookup"), 1).data!;
    expect([table[0], table[127], table[128], table[128 + 8]]).toEqual([-128, -128, 0, 4]);
  });
});

describe("quantization", () => {
  test("equal parameters are the identity, others a rescaling table", () => {
    expect(kinds(graphOf([1, 4], (b, x) => b.qdq(x, 0.5, 0)))).toEqual([]);
    const graph = graphOf([1, 4], (b, x) => b.qdq(x, 1, 3));
    const table = input(graph, only(graph, "lookup"), 1).data!;
    // Half to even: 0.5 / 1 is 0, 1.5 is 2.
    expect([128, 129, 131].map((i) => table[i])).toEqual([3, 3, 5]);
  });

  test("without a zero point: uint8, or what output_dtype says", () => {
    const build =
      (attributes: Readonly<Record<string, number>>) =>
      (b: OnnxBuilder, x: string): string => {
        const scale = b.constant("float32", [], [0.5]);
        const q = b.node("QuantizeLinear", [b.node("Neg", [x]), scale], { attributes });
        return b.node("DequantizeLinear", [q, scale]);
      };
    const storage = (graph: Graph): unknown => graph.tensors.get(graph.outputs[0]!.tensor)!.quant!.storage;
    expect(storage(graphOf([1, 4], build({}), 21))).toBe("uint8");
    expect(storage(graphOf([1, 4], build({ output_dtype: 3 }), 21))).toBe("int8");
    expect(() => graphOf([1, 4], build({ output_dtype: 22 }), 21)).toThrow(/LWC1103.*INT4/);
  });

  test("DequantizeLinear without a zero point has that of its input's type", () => {
    const b = new OnnxBuilder();
    const x = b.input("x", "int8", [1, 4]);
    const y = b.node("DequantizeLinear", [x, b.constant("float32", [], [0.5])]);
    const { graph } = importGraph(decodeOnnx(b.output(close(b, b.node("Neg", [y])), "float32").build()));
    expect(graph.inputs[0]!.dtype).toBe("int8");
    expect(graph.tensors.get(graph.inputs[0]!.tensor)!.quant).toMatchObject({ zeroPoint: 0, storage: "int8" });
  });
});

describe("shapes and layouts", () => {
  test("transposes, 1x1 flattens and channel splits are free; other flattens move", () => {
    const nhwc = { attributes: { perm: [0, 2, 3, 1] } };
    const nchw = { attributes: { perm: [0, 3, 1, 2] } };
    expect(kinds(graphOf([1, 4, 3, 3], (b, x) => b.node("Transpose", [b.node("Transpose", [x], nhwc)], nchw)))).toEqual(
      [],
    );
    const flatten = (dims: readonly number[]): Graph => graphOf(dims, (b, x) => b.node("Flatten", [x]));
    expect(kinds(flatten([1, 4, 1, 1]))).toEqual(["reshape"]);
    expect(kinds(flatten([1, 4, 3, 3]))).toEqual(["transpose", "reshape"]);
    const split = graphOf([1, 4, 3, 3], (b, x) => b.node("Reshape", [x, ints(b, [1, 2, 2, 3, 3])]));
    expect(kinds(split)).toEqual(["reshape"]);
  });

  test("arithmetic on shapes folds, and its division truncates", () => {
    const graph = graphOf([1, 3, 4, 4], (b, x) => {
      const channels = b.node("Gather", [b.node("Shape", [x]), ints(b, [1])]);
      const half = b.node("Div", [channels, ints(b, [2])]);
      const shape = b.node("Concat", [ints(b, [1]), half, ints(b, [-1])], { attributes: { axis: 0 } });
      return b.node("Reshape", [x, shape]);
    });
    expect(graph.outputs[0]!.shape).toEqual([1, 1, 48]);
    const every = graphOf([1, 4], (b, x) =>
      b.node("Reshape", [
        x,
        b.node("Slice", [ints(b, [9, 4, 9, 1]), ints(b, [-1]), ints(b, [-9]), ints(b, [0]), ints(b, [-2])]),
      ]),
    );
    expect(every.outputs[0]!.shape).toEqual([1, 4]);
  });

  test("Slice, Split, Pad speak IR axes", () => {
    const slice = graphOf([1, 5, 2, 3], (b, x) =>
      b.node("Slice", [x, ints(b, [-1]), ints(b, [-100]), ints(b, [3]), ints(b, [-1])]),
    );
    expect(only(slice, "slice").attrs).toEqual({ starts: [0, 0, 2, 0], ends: [1, 2, -1, 5], steps: [1, 1, -1, 1] });
    const split = graphOf([1, 5, 2, 2], (b, x) => {
      b.add("Split", [x, ints(b, [2, 3])], ["first", "second"], { attributes: { axis: 1 } });
      return "second";
    });
    expect(only(split, "slice").attrs).toEqual({ starts: [0, 0, 0, 2], ends: [1, 2, 2, 5], steps: [1, 1, 1, 1] });
  });

  test("Add of a value per channel says whose span is scalar", () => {
    const add = (swap: boolean): Node =>
      only(
        graphOf([1, 4, 3, 3], (b, x) => {
          const mean = close(b, b.node("GlobalAveragePool", [x]));
          return close(b, b.node("Add", swap ? [mean, x] : [x, mean]));
        }),
        "add",
      );
    expect(add(false).attrs["spanScalar"]).toBe("b");
    expect(add(true).attrs["spanScalar"]).toBe("a");
  });

  test("ceil_mode counts windows that start inside", () => {
    const pool = (attributes: Readonly<Record<string, number | readonly number[]>>): Node =>
      only(
        graphOf([1, 1, 5, 5], (b, x) =>
          b.node("MaxPool", [x], { attributes: { kernel_shape: [2, 2], strides: [2, 2], ...attributes } }),
        ),
        "max_pool2d",
      );
    expect(pool({}).attrs["pads"]).toEqual([0, 0, 0, 0]);
    expect(pool({ ceil_mode: 1 }).attrs["pads"]).toEqual([0, 0, 1, 1]);
  });

  test("ArgMax: indices of the type that a Cast gives them", () => {
    const build =
      (to: number | undefined) =>
      (b: OnnxBuilder, x: string): string => {
        const y = b.node("ArgMax", [x], { attributes: { axis: 1, keepdims: 0 } });
        return to === undefined ? y : b.node("Cast", [y], { attributes: { to } });
      };
    const plain = graphOf([1, 4, 3, 3], build(undefined));
    expect(only(plain, "argmax").attrs).toEqual({ axis: 3, keepDims: false, selectLast: false });
    expect(plain.outputs[0]!.dtype).toBe("int64");
    expect(graphOf([1, 4, 3, 3], build(6)).outputs[0]!.dtype).toBe("int32");
  });

  test("Cast is free only where it changes no number", () => {
    const cast = (to: number) => (b: OnnxBuilder, x: string) =>
      close(b, b.node("Neg", [b.node("Cast", [x], { attributes: { to } })]));
    expect(kinds(graphOf([1, 4], cast(1)))).toEqual(["lookup"]);
    for (const to of [6, 10]) expect(() => graphOf([1, 4], cast(to))).toThrow(/LWC1164/);
  });
});

test("names are made of the model's, legal, unique, short", () => {
  const long = "layer/".repeat(40);
  const graph = graphOf([1, 1, 2, 2], (b, x) =>
    close(
      b,
      b.node(
        "Conv",
        [
          close(b, b.node("Conv", [x, b.weights([1, 1, 1, 1], [1], [0.25])], { name: long })),
          b.weights([1, 1, 1, 1], [1], [0.25]),
        ],
        { name: long },
      ),
    ),
  );
  const ids = [...graph.tensors.keys(), ...graph.nodes.map((node) => node.id)];
  for (const id of ids) expect(id).toMatch(/^[A-Za-z_][A-Za-z0-9_.]{0,63}$/);
  expect(new Set(graph.nodes.map((node) => node.id)).size).toBe(graph.nodes.length);
  expect(upTo(2).map((i) => graph.nodes[i]!.origin.nodes)).toEqual([[long], [long]]);
});
