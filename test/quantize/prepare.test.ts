/** Preparation keeps the function of a model: ONNX Runtime computes the same before and after. */
import { expect, test } from "vitest";
import { openInference } from "../../compiler/cli/float-inference.js";
import { writeOnnx } from "../../compiler/frontend/onnx/write-model.js";
import { planQuantization } from "../../compiler/quantize/plan.js";
import { prepare } from "../../compiler/quantize/prepare.js";
import { editModel, OnnxBuilder } from "../support/onnx-builder.js";
import { imageDims, inputTensor, mixedNet, randomConstant } from "./float-nets.js";

const load = await openInference();

async function output(bytes: Uint8Array, dims: readonly number[] = imageDims): Promise<readonly number[]> {
  const session = await load(bytes);
  const results = await session.run(inputTensor("x", dims));
  await session.release();
  return [...results.values()].flatMap((value) => Array.from(value.data));
}

async function expectSame(bytes: Uint8Array, dims: readonly number[] = imageDims): Promise<readonly string[]> {
  const prepared = await prepare(bytes, load);
  const [before, after] = [await output(bytes, dims), await output(writeOnnx(prepared, "test"), dims)];
  expect(after).toHaveLength(before.length);
  after.forEach((value, i) => {
    expect(value).toBeCloseTo(before[i]!, 4);
  });
  expect(prepared.opsets.get("")).toBeGreaterThanOrEqual(13);
  for (const node of prepared.nodes)
    for (const name of node.outputs) expect(prepared.shapes.has(name), name).toBe(true);
  return prepared.nodes.map((node) => node.opType);
}

test("batch normalization folds into the convolution in front, Gemm has one form", async () => {
  const operators = await expectSame(mixedNet());
  expect(operators).not.toContain("BatchNormalization");
  expect(operators.filter((op) => op === "Conv")).toHaveLength(5);
});

test("opset 9: Unsqueeze, Dropout, Clip, Pad, Upsample, Slice, Squeeze, Sum, initializers among the inputs", async () => {
  const b = new OnnxBuilder(9);
  const x = b.input("x", "float32", imageDims);
  const factor = b.node("Unsqueeze", [randomConstant(b, [3], 1)], { attributes: { axes: [1, 2] } });
  const scaled = b.node("Mul", [b.node("Dropout", [x], { attributes: { ratio: { float: 0.5 } } }), factor]);
  const clipped = b.node("Clip", [scaled], { attributes: { min: { float: -0.5 }, max: { float: 0.6 } } });
  const padded = b.node("Pad", [clipped], { attributes: { pads: [0, 0, 1, 1, 0, 0, 1, 1] } });
  const larger = b.node("Upsample", [padded, b.constant("float32", [4], [1, 1, 2, 2])]);
  const cut = b.node("Slice", [larger], { attributes: { starts: [4, 4], ends: [6, 6], axes: [2, 3] } });
  const sum = b.node("Sum", [cut, b.node("Relu", [cut]), b.node("Sigmoid", [cut])]);
  const probabilities = b.node("Softmax", [sum], { attributes: { axis: 1 } });
  const mean = b.node("GlobalAveragePool", [probabilities]);
  b.add("Squeeze", [mean], ["y"], { attributes: { axes: [2, 3] } });
  const bytes = b.output("y", "float32", [1, 3]).build();
  const listed = editModel(bytes, (graph) => {
    for (const { name, dataType, dims } of graph.initializer ?? []) {
      const dim = (dims ?? []).map((dimValue) => ({ dimValue }));
      graph.input?.push({ name: name ?? "", type: { tensorType: { elemType: dataType ?? 1, shape: { dim } } } });
    }
  });
  const operators = await expectSame(listed);
  for (const gone of ["Dropout", "Unsqueeze", "Upsample", "Sum"]) expect(operators).not.toContain(gone);
});

test.each([
  [2, 3],
  [0.5, 0.4],
  [0.4, 1],
  [1.7, 0.6],
])("opset 10: Resize by %d and %d takes the neighbours that it took", async (height, width) => {
  for (const mode of ["nearest", "linear"]) {
    const b = new OnnxBuilder(10);
    const x = b.input("x", "float32", imageDims);
    // As exporters leave it: computed.
    const scales = b.node("Concat", [b.constant("float32", [2], [1, 1]), b.constant("float32", [2], [height, width])], {
      attributes: { axis: 0 },
    });
    b.add("Resize", [x, scales], ["y"], { attributes: { mode } });
    const operators = await expectSame(b.output("y", "float32").build());
    expect(new Set(operators)).toEqual(new Set(["Resize"]));
  }
});

test.each([1, 2])("batch normalization behind a transposed convolution of %d groups folds into it", async (groups) => {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", imageDims);
  const wide = b.node("Conv", [x, randomConstant(b, [4, 3, 1, 1], 1)]);
  const attributes = { group: groups, strides: [2, 2] };
  const up = b.node("ConvTranspose", [wide, randomConstant(b, [4, 6 / groups, 2, 2], 2)], { attributes });
  const positive = b.constant("float32", [6], [1, 2, 0.5, 0.7, 1.5, 3]);
  b.add("BatchNormalization", [up, positive, randomConstant(b, [6], 3), randomConstant(b, [6], 4), positive], ["y"]);
  expect(await expectSame(b.output("y", "float32", [1, 6, 16, 16]).build())).toEqual(["Conv", "ConvTranspose"]);
});

test.each(["Gelu", "BiasGelu", "FastGelu", "FastGelu with a bias", "QuickGelu"])(
  "%s of ONNX Runtime's own domain in parts, which are one function",
  async (form) => {
    const b = new OnnxBuilder(13);
    const x = b.input("x", "float32", imageDims);
    const bias = form.toLowerCase().includes("bias") ? [randomConstant(b, [8], 3)] : [];
    const attributes = form === "QuickGelu" ? { alpha: { float: 1.5 } } : {};
    b.add(form.replace(/ .*/, ""), [x, ...bias], ["y"], { domain: "com.microsoft", attributes });
    const bytes = b.output("y", "float32", imageDims).build();
    const operators = await expectSame(bytes);
    expect(operators.at(-1)).toBe("Mul");
    expect([...planQuantization(await prepare(bytes, load)).owners.keys()]).toEqual(["x", "y"]);
  },
);

test.each([13, 18])("opset %d: the logarithm of a sum", async (opset) => {
  const b = new OnnxBuilder(opset);
  const positive = b.node("Exp", [b.input("x", "float32", imageDims)]);
  const [axes, attributes] = opset < 18 ? [[], { axes: [1, -1] }] : [[b.constant("int64", [2], [1, -1])], {}];
  b.add("ReduceLogSum", [positive, ...axes], ["y"], { attributes: { ...attributes, keepdims: 0 } });
  expect(await expectSame(b.output("y", "float32", [1, 8]).build())).toEqual(["Exp", "ReduceSum", "Log"]);
});

test("constants among the terms of a mean", async () => {
  for (const count of [1, 2]) {
    const b = new OnnxBuilder(13);
    const x = b.input("x", "float32", imageDims);
    const activations = count === 1 ? [x] : [x, b.node("Sigmoid", [x])];
    b.add("Mean", [randomConstant(b, [3, 1, 1], 1), ...activations, randomConstant(b, [8], 2)], ["y"]);
    const operators = await expectSame(b.output("y", "float32", imageDims).build());
    expect(operators.filter((op) => op === "Mean")).toHaveLength(count - 1);
  }
});

test("an average pool over the whole map is a global one; over less, or over padding, it is none", async () => {
  const pool = async (attributes: Readonly<Record<string, string | number | readonly number[]>>) => {
    const b = new OnnxBuilder(13);
    b.add("AveragePool", [b.input("x", "float32", imageDims)], ["y"], { attributes });
    return expectSame(b.output("y", "float32").build());
  };
  expect(await pool({ kernel_shape: [8, 8] })).toEqual(["GlobalAveragePool"]);
  expect(await pool({ kernel_shape: [8, 8], auto_pad: "VALID", strides: [8, 8] })).toEqual(["GlobalAveragePool"]);
  expect(await pool({ kernel_shape: [8, 7] })).toEqual(["AveragePool"]);
  expect(await pool({ kernel_shape: [8, 8], pads: [0, 1, 0, 0], count_include_pad: 1 })).toEqual(["AveragePool"]);
});

test("shape arithmetic is folded", async () => {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", imageDims);
  const shape = b.node("Shape", [x]);
  const batch = b.node("Gather", [shape, b.constant("int64", [1], [0])]);
  const target = b.node("Concat", [batch, b.constant("int64", [1], [-1])], { attributes: { axis: 0 } });
  b.add("Reshape", [x, target], ["y"]);
  const operators = await expectSame(b.output("y", "float32", [1, 192]).build());
  expect(operators).toEqual(["Reshape"]);
});

test("batch normalization with nothing in front becomes a depthwise convolution; factors behind it fold into that", async () => {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", imageDims);
  const pooled = b.node("MaxPool", [x], { attributes: { kernel_shape: [2, 2] } });
  const ones = b.constant("float32", [3], [1, 2, 0.5]);
  const normalized = b.node("BatchNormalization", [
    pooled,
    ones,
    randomConstant(b, [3], 2),
    randomConstant(b, [3], 3),
    ones,
  ]);
  const factors = b.node("Mul", [normalized, randomConstant(b, [3, 1, 1], 4)]);
  b.add("Add", [factors, randomConstant(b, [1, 3, 1, 1], 5)], ["y"]);
  expect(await expectSame(b.output("y", "float32", [1, 3, 7, 7]).build())).toEqual(["MaxPool", "Conv"]);
});

test("MatMul and Add are one Gemm; alpha, beta and a transposition are in its constants", async () => {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", [1, 10]);
  const first = b.node("Add", [b.node("MatMul", [x, randomConstant(b, [10, 4], 1)]), randomConstant(b, [4], 2)]);
  b.add("Gemm", [first, randomConstant(b, [4, 3], 3), randomConstant(b, [1, 3], 4)], ["y"], {
    attributes: { alpha: { float: 0.5 }, beta: { float: 2 } },
  });
  const bytes = b.output("y", "float32", [1, 3]).build();
  expect(await expectSame(bytes, [1, 10])).toEqual(["Gemm", "Gemm"]);
  const { nodes } = await prepare(bytes, load);
  expect([...nodes[1]!.attributes]).toEqual([["transB", 1]]);
});

test.each([0.75, 0.5])("local response normalization with beta = %d in parts", async (beta) => {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", imageDims);
  const many = b.node("Conv", [x, randomConstant(b, [7, 3, 1, 1], 1, 3)]);
  const attributes = { size: 5, alpha: { float: 0.8 }, beta: { float: beta }, bias: { float: 1.5 } };
  b.add("LRN", [many], ["y"], { attributes });
  const operators = await expectSame(b.output("y", "float32", [1, 7, 8, 8]).build());
  expect(operators).not.toContain("LRN");
});

test("a Relu behind pools and movements goes in front of them", async () => {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", imageDims);
  const conv = b.node("Conv", [x, randomConstant(b, [4, 3, 3, 3], 1)]);
  const pooled = b.node("MaxPool", [conv], { attributes: { kernel_shape: [2, 2], pads: [0, 0, 1, 1] } });
  const flat = b.node("Flatten", [b.node("Transpose", [pooled], { attributes: { perm: [0, 2, 3, 1] } })]);
  b.add("Relu", [flat], ["y"]);
  const bytes = b.output("y", "float32", [1, 144]).build();
  expect(await expectSame(bytes)).toEqual(["Conv", "Relu", "MaxPool", "Transpose", "Flatten"]);
});

function tiny(values: readonly number[], dtype: "float32" | "int8" = "float32"): Uint8Array {
  const b = new OnnxBuilder(13);
  const x = b.input("x", dtype, [1, 1, 2, 2]);
  b.add("Conv", [x, b.constant("float32", [1, 1, 1, 1], values)], ["y"]);
  return b.output("y", dtype, [1, 1, 2, 2]).build();
}

test("NaN and infinity in the model, and inputs of another type, are named", async () => {
  await expect(prepare(tiny([Number.NaN]), load)).rejects.toThrow(/LWC8005 .*holds NaN/);
  await expect(prepare(tiny([Number.POSITIVE_INFINITY]), load)).rejects.toThrow(/LWC8005 .*holds Infinity/);
  await expect(prepare(tiny([1], "int8"), load)).rejects.toThrow(/LWC8004 .*INT8/);
});

test("a quantized model is not quantized again", async () => {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", [1, 4]);
  b.add("Identity", [b.qdq(x, 0.1, 0)], ["y"]);
  await expect(prepare(b.output("y", "float32", [1, 4]).build(), load)).rejects.toThrow(/LWC8003 .*QuantizeLinear/);
});

test("symbolic dimensions are given, or asked for", async () => {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", ["N", 1, "H", 4]);
  b.add("Relu", [x], ["y"]);
  const bytes = b.output("y", "float32").build();
  await expect(prepare(bytes, load)).rejects.toThrow(/LWC1311/);
  const prepared = await prepare(bytes, load, { inputShapes: new Map([["x", [1, 1, 3, 4]]]) });
  expect(prepared.shapes.get("y")).toEqual([1, 1, 3, 4]);
});
