/** Weights and bias of one Conv or fully connected layer as integers: int8 symmetric per output channel, int32 in units of s_x * s_w. */
import { roundHalfEven } from "../arith/saturate.js";
import { must } from "../diagnostics.js";
import type { OnnxNode, OnnxTensor } from "../frontend/onnx/onnx-model.js";

export interface QuantizedProduct {
  readonly weights: Int8Array;
  /** float32; one for each channel along `axis`. */
  readonly scales: Float32Array;
  /** Axis of the weights that the scales lie along. */
  readonly axis: number;
  readonly bias: Int32Array | undefined;
  /** One for each element of the bias. */
  readonly biasScales: Float32Array;
}

export interface ProductInputs {
  readonly weights: OnnxTensor;
  readonly bias: OnnxTensor | undefined;
  readonly inputScale: number;
  /** Mean of each input channel over the samples: then the mean error that rounding weights makes goes into the bias. */
  readonly inputMeans?: ArrayLike<number>;
}

/** Largest bias in its units: far from overflow of the accumulator, which also holds the products. */
const largestBias = 2 ** 29;
const smallestScale = 2 ** -40;

export function quantizeProduct(node: OnnxNode, inputs: ProductInputs): QuantizedProduct {
  const { weights, bias, inputScale, inputMeans } = inputs;
  const layout = layoutOf(node, weights);
  const scales = new Float32Array(layout.channels);
  weights.data.forEach((w, i) => {
    const o = layout.channelOf(i);
    scales[o] = Math.max(must(scales[o], "scale"), Math.abs(w) / 127);
  });
  const offsets = Array.from(bias?.data ?? new Float32Array(inputMeans && takesBias(node) ? layout.channels : 0));
  scales.forEach((scale, o) => {
    const peak = offsets.reduce((most, b, i) => (i % scales.length === o ? Math.max(most, Math.abs(b)) : most), 0);
    scales[o] = Math.max(scale, smallestScale, peak / (inputScale * largestBias));
  });
  const data = Int8Array.from(weights.data, (w, i) => {
    const q = roundHalfEven(w / must(scales[layout.channelOf(i)], "scale"));
    return Math.max(-127, Math.min(127, q));
  });
  if (inputMeans && offsets.length === scales.length) {
    weights.data.forEach((w, i) => {
      const o = layout.channelOf(i);
      const error = must(data[i], "weight") * must(scales[o], "scale") - w;
      offsets[o] = must(offsets[o], "offset") - error * (inputMeans[layout.inputOf(i)] ?? 0);
    });
  }
  const units = Float32Array.from(
    offsets,
    (_, o) => Math.fround(inputScale) * must(scales[o % scales.length], "scale"),
  );
  return {
    weights: data,
    scales,
    axis: layout.axis,
    bias:
      offsets.length > 0
        ? Int32Array.from(offsets, (offset, o) => roundHalfEven(offset / must(units[o], "unit")))
        : undefined,
    biasScales: units,
  };
}

/** MatMul has no third input. */
function takesBias(node: OnnxNode): boolean {
  return node.opType !== "MatMul";
}

export interface WeightLayout {
  /** Channels with a scale of their own: all outputs, or those of one group where the weights are [in][out / groups]. */
  readonly channels: number;
  readonly axis: number;
  /** Such a channel, and the input channel, of element i. */
  readonly channelOf: (i: number) => number;
  readonly inputOf: (i: number) => number;
}

export function layoutOf(node: OnnxNode, { dims }: OnnxTensor): WeightLayout {
  const [first = 1, second = 1, ...kernel] = dims;
  const area = kernel.reduce((product, k) => product * k, 1);
  const inner = second * area;
  const groups = Number(node.attributes.get("group") ?? 1);
  const isOutputFirst = node.opType === "Conv" || node.attributes.get("transB") === 1;
  const rowOf = (i: number): number => Math.floor(i / inner);
  const columnOf = (i: number): number => Math.floor(i / area) % second;
  return isOutputFirst
    ? {
        channels: first,
        axis: 0,
        channelOf: rowOf,
        inputOf: (i) => Math.floor(rowOf(i) / (first / groups)) * second + columnOf(i),
      }
    : { channels: second, axis: 1, channelOf: columnOf, inputOf: rowOf };
}
