/** Small float networks with random weights, and random samples for them. */
import type { RunTensor } from "../../compiler/quantize/float-runner.js";
import type { Sample, SampleSource } from "../../compiler/quantize/samples.js";
import { OnnxBuilder } from "../support/onnx-builder.js";

/** The same numbers for the same seed, in [-1, 1). */
export function randomNumbers(count: number, seed: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export function product(dims: readonly number[]): number {
  return dims.reduce((a, b) => a * b, 1);
}

export function randomConstant(b: OnnxBuilder, dims: readonly number[], seed: number, scale = 1): string {
  return b.constant(
    "float32",
    dims,
    randomNumbers(product(dims), seed).map((x) => x * scale),
  );
}

export function sampleList(name: string, dims: readonly number[], count: number): readonly Sample[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `sample ${i}`,
    inputs: new Map([[name, randomNumbers(product(dims), 1000 + i)]]),
    label: i % 3,
  }));
}

export function asSource(samples: readonly Sample[]): SampleSource {
  return {
    count: samples.length,
    async *[Symbol.asyncIterator]() {
      yield* samples;
    },
  };
}

export function randomSamples(name: string, dims: readonly number[], count: number): SampleSource {
  return asSource(sampleList(name, dims, count));
}

export function inputTensor(name: string, dims: readonly number[], seed = 5): ReadonlyMap<string, RunTensor> {
  return new Map([[name, { dims, data: randomNumbers(product(dims), seed), isFloat: true }]]);
}

export const imageDims = [1, 3, 8, 8] as const;

/** Conv, BatchNormalization, Relu, depthwise Conv, hard swish in parts, squeeze and excite, residual, Concat, pools, Gemm, Softmax. */
export function mixedNet(): Uint8Array {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", imageDims);
  const conv = (input: string, weights: readonly number[], seed: number, group = 1, pads = 0): string =>
    b.node("Conv", [input, randomConstant(b, weights, seed, 0.4), randomConstant(b, [weights[0]!], seed + 1, 0.2)], {
      attributes: { group, kernel_shape: weights.slice(2), pads: [pads, pads, pads, pads] },
    });
  const positive = (seed: number): string =>
    b.constant(
      "float32",
      [8],
      randomNumbers(8, seed).map((v) => 1.2 + v),
    );
  const stem = b.node("Relu", [
    b.node(
      "BatchNormalization",
      [
        conv(x, [8, 3, 3, 3], 1, 1, 1),
        positive(3),
        randomConstant(b, [8], 4),
        randomConstant(b, [8], 5, 0.1),
        positive(6),
      ],
      { attributes: { epsilon: { float: 1e-3 } } },
    ),
  ]);
  const dw = conv(stem, [8, 1, 3, 3], 7, 8, 1);
  const six = b.constant("float32", [], [6]);
  const gate = b.node("Clip", [
    b.node("Add", [dw, b.constant("float32", [], [3])]),
    b.constant("float32", [], [0]),
    six,
  ]);
  const swish = b.node("Div", [b.node("Mul", [dw, gate]), six]);
  const squeeze = b.node("HardSigmoid", [conv(b.node("GlobalAveragePool", [swish]), [8, 8, 1, 1], 9)]);
  const excited = b.node("Mul", [swish, squeeze]);
  const sum = b.node("Relu", [b.node("Add", [stem, conv(excited, [8, 8, 1, 1], 11)])]);
  const joined = b.node("Concat", [sum, conv(sum, [4, 8, 1, 1], 13)], { attributes: { axis: 1 } });
  const pooled = b.node("MaxPool", [joined], { attributes: { kernel_shape: [2, 2], strides: [2, 2] } });
  const mean = b.node("AveragePool", [pooled], { attributes: { kernel_shape: [2, 2], strides: [2, 2] } });
  const flat = b.node("Flatten", [mean]);
  const dense = b.node("Gemm", [flat, randomConstant(b, [48, 6], 15), randomConstant(b, [6], 16)]);
  b.add("Softmax", [dense], ["probabilities"], { attributes: { axis: 1 } });
  return b.output("probabilities", "float32", [1, 6]).build();
}
