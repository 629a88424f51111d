/**
 * Random quantized models, as exporters write them, against ONNX Runtime: 0 LSB apart. Groups that ONNX Runtime computes in
 * float are left out here unless lwc holds them as exact tables.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { importGraph } from "../../compiler/frontend/onnx/import-graph.js";
import { decodeOnnx } from "../../compiler/frontend/onnx/onnx-model.js";
import { printGraph } from "../../compiler/ir/print.js";
import { prepareInterpreter } from "../../compiler/reference/interpret.js";
import { generateCases } from "../../compiler/verify/inputs.js";
import { runOnnxRuntime } from "../../compiler/verify/onnxruntime.js";
import { randomInts } from "../support/graph-builder.js";
import { OnnxBuilder } from "../support/onnx-builder.js";

interface Spec {
  readonly unsigned: boolean;
  readonly c: number;
  readonly h: number;
  readonly w: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly scale: number;
  readonly zero: number;
  readonly outScale: number;
  readonly outZero: number;
  readonly seed: number;
}

const spec: fc.Arbitrary<Spec> = fc.record({
  unsigned: fc.boolean(),
  c: fc.integer({ min: 1, max: 9 }),
  h: fc.integer({ min: 5, max: 9 }),
  w: fc.integer({ min: 5, max: 9 }),
  outputs: fc.integer({ min: 1, max: 9 }),
  kernel: fc.integer({ min: 1, max: 4 }),
  stride: fc.integer({ min: 1, max: 2 }),
  pad: fc.integer({ min: 0, max: 1 }),
  scale: fc.double({ min: 0.01, max: 0.2, noNaN: true }).map(Math.fround),
  zero: fc.integer({ min: -128, max: 127 }),
  outScale: fc.double({ min: 0.02, max: 0.4, noNaN: true }).map(Math.fround),
  outZero: fc.integer({ min: -128, max: 127 }),
  seed: fc.integer({ min: 1, max: 100_000 }),
});

/** Builds from a quantized map [1,c,h,w]; `q` closes a float value with the output's parameters. */
type Build = (b: OnnxBuilder, x: string, s: Spec, q: (value: string) => string) => string;

function weightScales(count: number, s: Spec): number[] {
  return Array.from({ length: count }, (_, i) => Math.fround(0.003 + ((s.seed + i) % 13) * 0.0007));
}

/** Biases in units of input scale * weight scale. */
function biases(b: OnnxBuilder, count: number, s: Spec): string {
  const scales = weightScales(count, s).map((scale) => Math.fround(scale * s.scale));
  return b.bias(randomInts(count, s.seed + 1, -2000, 2000), scales);
}

function weights(b: OnnxBuilder, dims: readonly number[], s: Spec, axis = 0): string {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return b.weights(dims, randomInts(count, s.seed, -127), weightScales(dims[axis]!, s), axis);
}

function convolution(b: OnnxBuilder, x: string, s: Spec, depthwise: boolean): string {
  const outputs = depthwise ? s.c : s.outputs;
  const dims = [outputs, depthwise ? 1 : s.c, s.kernel, s.kernel];
  const bias = biases(b, outputs, s);
  const attributes = {
    kernel_shape: [s.kernel, s.kernel],
    strides: [s.stride, s.stride],
    pads: [s.pad, 0, s.pad, s.pad],
    group: depthwise ? s.c : 1,
    dilations: [1, 1],
  };
  return b.node("Conv", [x, weights(b, dims, s), bias], { attributes });
}

const pool = (s: Spec): Record<string, number | readonly number[]> => {
  const k = Math.max(2, s.kernel);
  return { kernel_shape: [k, k], strides: [s.stride, s.stride], pads: [s.pad, s.pad, s.pad, s.pad] };
};

const models: Readonly<Record<string, Build>> = {
  Conv: (b, x, s, q) => q(convolution(b, x, s, false)),
  "Conv, depthwise": (b, x, s, q) => q(convolution(b, x, s, true)),
  "Conv + Relu": (b, x, s) => {
    const lowest = s.unsigned ? 0 : -128;
    return b.qdq(b.node("Relu", [convolution(b, x, s, false)]), s.outScale, lowest, s.unsigned ? "uint8" : "int8");
  },
  Gemm: (b, x, s, q) =>
    q(
      b.node("Gemm", [b.node("Flatten", [x]), weights(b, [s.outputs, s.c * s.h * s.w], s), biases(b, s.outputs, s)], {
        attributes: { transB: 1 },
      }),
    ),
  "MatMul behind GlobalAveragePool": (b, x, s, q) => {
    const pooled = q(b.node("GlobalAveragePool", [x]));
    return q(
      b.node("MatMul", [
        b.node("Flatten", [pooled]),
        b.weights([s.c, s.outputs], randomInts(s.c * s.outputs, s.seed, -127), [0.01]),
      ]),
    );
  },
  Add: (b, x, s, q) =>
    q(
      b.node("Add", [
        x,
        b.qdq(
          convolution(b, x, { ...s, kernel: 1, stride: 1, pad: 0, outputs: s.c }, false),
          0.1,
          3,
          s.unsigned ? "uint8" : "int8",
        ),
      ]),
    ),
  "Mul per channel": (b, x, _, q) => q(b.node("Mul", [x, q(b.node("GlobalAveragePool", [x]))])),
  Mul: (b, x, s, q) =>
    q(
      b.node("Mul", [
        b.qdq(
          convolution(b, x, { ...s, kernel: 1, stride: 1, pad: 0, outputs: s.c }, true),
          0.1,
          7,
          s.unsigned ? "uint8" : "int8",
        ),
        x,
      ]),
    ),
  MaxPool: (b, x, s) =>
    b.qdq(
      b.node("MaxPool", [x], { attributes: pool(s) }),
      s.scale,
      s.zero + (s.unsigned ? 128 : 0),
      s.unsigned ? "uint8" : "int8",
    ),
  AveragePool: (b, x, s, q) =>
    q(b.node("AveragePool", [x], { attributes: { ...pool(s), count_include_pad: s.seed % 2 } })),
  Concat: (b, x, s, q) =>
    q(
      b.node("Concat", [x, q(convolution(b, x, { ...s, kernel: 1, stride: 1, pad: 0 }, false)), x], {
        attributes: { axis: 1 },
      }),
    ),
  Softmax: (b, x, s) => {
    const logits = b.qdq(
      b.node("Gemm", [b.node("Flatten", [x]), weights(b, [s.outputs, s.c * s.h * s.w], s)], {
        attributes: { transB: 1 },
      }),
      0.2,
      s.unsigned ? 128 : 0,
      s.unsigned ? "uint8" : "int8",
    );
    return b.qdq(
      b.node("Softmax", [logits], { attributes: { axis: 1 } }),
      1 / 256,
      s.unsigned ? 0 : -128,
      s.unsigned ? "uint8" : "int8",
    );
  },
  Sigmoid: (b, x, _, q) => q(b.node("Sigmoid", [x])),
  LeakyRelu: (b, x, _, q) => q(b.node("LeakyRelu", [x], { attributes: { alpha: { float: 0.1 } } })),
  "h-sigmoid and h-swish": (b, x, _, q) =>
    q(
      b.node("Mul", [
        x,
        q(b.node("HardSigmoid", [x], { attributes: { alpha: { float: 1 / 6 }, beta: { float: 0.5 } } })),
      ]),
    ),
  "x * HardSigmoid(x) in float": (b, x, _, q) =>
    q(
      b.node("Mul", [x, b.node("HardSigmoid", [x], { attributes: { alpha: { float: 1 / 6 }, beta: { float: 0.5 } } })]),
    ),
  "channel shuffle, slice, transpose": (b, x, s, q) => {
    const wide = q(convolution(b, x, { ...s, kernel: 1, stride: 1, pad: 0, outputs: 6 }, false));
    const split = b.node("Reshape", [wide, b.constant("int64", [5], [1, 2, 3, s.h, s.w])]);
    const swapped = b.node("Transpose", [split], { attributes: { perm: [0, 2, 1, 3, 4] } });
    const shuffled = b.node("Reshape", [swapped, b.constant("int64", [4], [1, 6, s.h, s.w])]);
    const part = b.node("Slice", [
      shuffled,
      b.constant("int64", [1], [1]),
      b.constant("int64", [1], [5]),
      b.constant("int64", [1], [1]),
    ]);
    return q(b.node("Transpose", [part], { attributes: { perm: [0, 2, 3, 1] } }));
  },
};

test.each(Object.keys(models))(
  "%s",
  async (name) => {
    for (const s of fc.sample(spec, { numRuns: 12, seed: name.length })) {
      const b = new OnnxBuilder();
      const dtype = s.unsigned ? ("uint8" as const) : ("int8" as const);
      const shift = s.unsigned ? 128 : 0;
      const x = b.qdq(b.input("x", "float32", [1, s.c, s.h, s.w]), s.scale, s.zero + shift, dtype);
      const y = models[name]!(b, x, s, (value) => b.qdq(value, s.outScale, s.outZero + shift, dtype));
      const bytes = b.output(y, "float32").build();
      const { graph } = importGraph(decodeOnnx(bytes));
      const cases = generateCases(graph, 8, s.seed);
      const run = prepareInterpreter(graph, makeNumerics("ort"));
      const expected = await runOnnxRuntime(bytes, graph, cases);
      cases.forEach((one, i) => {
        const context = `${JSON.stringify(s)}\n${printGraph(graph)}`;
        expect(Array.from(run(one.inputs).outputs[0]!), context).toEqual(Array.from(expected[i]![0]!));
      });
    }
  },
  120_000,
);
