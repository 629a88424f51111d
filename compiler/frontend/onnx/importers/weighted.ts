import { must } from "../../../diagnostics.js";
import type { Origin, TensorId } from "../../../ir/graph.js";
import { makeScale, makeZeroPoint, type Quant } from "../../../ir/quant.js";
import { elementCount, type Shape } from "../../../ir/shape.js";
import {
  type Context,
  type Importer,
  malformed,
  numberAttribute,
  originOf,
  realActivation,
  unsupported,
} from "../context.js";
import { identity, memoryShape, nhwc } from "../layout.js";
import type { OnnxTensor } from "../onnx-model.js";
import type { OutputSpec, PendingValue, TensorValue, Value, WeightsValue } from "../values.js";
import { readWindow } from "../window.js";
import { scaleBias, scaleWeights } from "./batch-normalization.js";
import { biasConstant, perChannel } from "./bias.js";
import { reshapeTo } from "./reshape.js";
import { mapRank, narrowPending, widenActivation, widenTensor } from "./spatial.js";

/** Constant weights of a product; says what is wrong with anything else. */
export function weightsInput(context: Context, value: Value | undefined): WeightsValue {
  if (value?.kind === "weights") {
    const { dtype, dims } = value.tensor;
    if (elementCount(dims) === 0) malformed(context, "LWC1147", `its weights are [${dims.join(",")}]: there are none`);
    return dtype === "int8" || dtype === "uint8"
      ? value
      : unsupported(context, "LWC1130", `its weights are ${dtype}`, "quantize weights to int8");
  }
  if (value?.kind === "constant")
    return unsupported(
      context,
      "LWC1131",
      "its weights are float while its input is quantized",
      "quantize the weights too (per channel, symmetric int8)",
    );
  return unsupported(
    context,
    "LWC1132",
    "its weights are computed at run time",
    "lwc needs constant weights: export for inference",
  );
}

/** Weights as int8 in the order that `index` gives, per-channel scales along axis 0. */
export function weightConstant(context: Context, weights: WeightsValue, shape: Shape, data: Int8Array): TensorId {
  const name = context.node.inputs[context.node.opType === "QLinearConv" ? 3 : 1] ?? `${context.node.name}_weights`;
  const shift = weights.tensor.dtype === "uint8" ? 128 : 0;
  const zero = must(weights.zeroPoints[0], "zero point");
  if (weights.zeroPoints.some((other) => other !== zero))
    unsupported(
      context,
      "LWC1133",
      "its weights have different zero points per channel",
      "quantize weights symmetrically",
    );
  const scales = weights.scales.map((scale) => makeScale(scale, name));
  const quant: Quant = {
    scales,
    zeroPoint: makeZeroPoint(zero - shift, name),
    storage: "int8",
    ...(scales.length > 1 ? { axis: 0 } : {}),
  };
  return context.assembler.constant(name, "int8", shape, data, quant);
}

function int8Weights(weights: WeightsValue): Int8Array {
  const { data, dtype } = weights.tensor;
  return dtype === "uint8" ? Int8Array.from(data, (w) => w - 128) : Int8Array.from(data);
}

export const importConv: Importer = (context) => [
  convolve(context, context.input(0), context.input(1), context.input(2)),
];

/** y = Conv(x, w) + b over a 1-D or 2-D map, waiting for its quantization. */
export function convolve(
  context: Context,
  input: Value | undefined,
  filter: Value | undefined,
  bias: Value | undefined,
): PendingValue {
  const x = realActivation(context, input, 0);
  const weights = weightsInput(context, filter);
  const rank = mapRank(context, x);
  if (weights.tensor.dims.length !== x.dims.length) {
    malformed(
      context,
      "LWC1140",
      `a convolution of a ${rank}-dimensional map with weights [${weights.tensor.dims.join(",")}]`,
    );
  }
  const wide = { ...weights, tensor: widenTensor(weights.tensor, rank) };
  return narrowPending(context, convolveMap(context, widenActivation(context, x, rank), wide, bias, rank), rank);
}

function convolveMap(
  context: Context,
  x: TensorValue,
  weights: WeightsValue,
  bias: Value | undefined,
  rank: 1 | 2,
): PendingValue {
  const [outputs = 0, perGroup = 0, ...kernel] = weights.tensor.dims;
  const groups = numberAttribute(context, "group", 1);
  const channels = x.dims[1] ?? 0;
  if (perGroup * groups !== channels || outputs % groups !== 0) {
    malformed(
      context,
      "LWC1141",
      `weights [${weights.tensor.dims.join(",")}] with ${groups} groups do not fit ${channels} input channels`,
    );
  }
  if (weights.scales.length > 1 && weights.axis !== 0)
    unsupported(
      context,
      "LWC1142",
      `its weights are quantized along axis ${weights.axis}`,
      "quantize convolution weights per output channel (axis 0)",
    );
  const window = readWindow(context, x.dims.slice(2), kernel, rank);
  const origin = originOfProduct(context, weights);
  const finish = (output: OutputSpec): TensorValue => {
    const { assembler } = context;
    const source = assembler.toLayout(x, nhwc, origin);
    const w = weightConstant(context, weights, [outputs, ...kernel, perGroup], toChannelsLast(weights));
    const b = biasConstant(context, bias, assembler.quantOf(x), weights, outputs);
    const dims = [1, outputs, ...window.out];
    const attrs = {
      groups,
      strides: window.strides,
      dilations: window.dilations,
      pads: window.pads,
      clampMin: output.clampMin,
      clampMax: output.clampMax,
    };
    const id = assembler.node("conv2d", [source.id, w, ...b], attrs, {
      name: output.name,
      shape: memoryShape(dims, nhwc),
      quant: output.quant,
      origin: output.origin,
    });
    return { kind: "tensor", id, dims, perm: nhwc, real: true };
  };
  return {
    kind: "pending",
    dims: [1, outputs, ...window.out],
    low: Number.NEGATIVE_INFINITY,
    high: Number.POSITIVE_INFINITY,
    origin,
    finish,
    applyAffine: (affine) =>
      convolveMap(context, x, scaleWeights(context, weights, affine), scaleBias(bias, affine), rank),
    ...(bias
      ? {}
      : {
          addBias: (tensor: OnnxTensor) => {
            const vector = perChannel(tensor, [1, outputs, ...window.out], 1);
            if (!vector) return undefined;
            const island =
              "ONNX Runtime computes a Conv with an Add behind it in float on x64; lwc adds it as the bias";
            const sum = convolveMap(context, x, weights, { kind: "constant", tensor: vector }, rank);
            return { ...sum, origin: { ...origin, island } };
          },
        }),
  };
}

function originOfProduct(context: Context, weights: WeightsValue): Origin {
  const origin = originOf(context);
  if (!weights.moved) return origin;
  const { opType } = context.node;
  return {
    ...origin,
    island: `ONNX Runtime computes a ${opType} whose weights are transposed or reshaped in float on x64`,
  };
}

/** [O][I][kH][kW] to [O][kH][kW][I]. */
export function toChannelsLast(weights: WeightsValue): Int8Array {
  const source = int8Weights(weights);
  const [outputs = 1, inputs = 1, height = 1, width = 1] = weights.tensor.dims;
  const data = new Int8Array(source.length);
  const area = height * width;
  for (let o = 0; o < outputs; o++) {
    for (let c = 0; c < inputs; c++) {
      for (let at = 0; at < area; at++) data[(o * area + at) * inputs + c] = source[(o * inputs + c) * area + at] ?? 0;
    }
  }
  return data;
}

export const importGemm: Importer = (context) => {
  if (numberAttribute(context, "transA", 0) !== 0)
    unsupported(context, "LWC1143", "transA = 1", "export the transposed input as it is used");
  const alpha = numberAttribute(context, "alpha", 1);
  const beta = numberAttribute(context, "beta", 1);
  const bias = context.input(2);
  if (beta !== 1 && bias) unsupported(context, "LWC1144", `beta = ${beta}`, "fold beta into the bias");
  const transposed = numberAttribute(context, "transB", 0) !== 0;
  const product = multiply(context, context.input(0), context.input(1), bias, transposed, alpha);
  if (alpha === 1 || !bias) return [product];
  const island =
    "ONNX Runtime computes a Gemm with alpha and a bias in float on x64; lwc rounds the bias to accumulator units";
  return [{ ...product, origin: { ...product.origin, island } }];
};

export const importMatMul: Importer = (context) => [
  multiply(context, context.input(0), context.input(1), undefined, false, 1),
];

/** y = alpha * x * W + b with W [in][out], or [out][in] where transposed; waiting for its quantization. */
export function multiply(
  context: Context,
  input: Value | undefined,
  matrix: Value | undefined,
  bias: Value | undefined,
  transposed: boolean,
  alpha: number,
): PendingValue {
  const x = realActivation(context, input, 0);
  const weights = weightsInput(context, matrix);
  const [rows = 0, columns = 0] = weights.tensor.dims;
  const [outputs, inputs] = transposed ? [rows, columns] : [columns, rows];
  if (weights.tensor.dims.length !== 2 || elementCount(x.dims) !== inputs || x.dims.at(-1) !== inputs) {
    unsupported(
      context,
      "LWC1145",
      `a product of [${x.dims.join(",")}] and [${weights.tensor.dims.join(",")}]`,
      "lwc runs one vector times a constant matrix: flatten in front of it, or use a 1x1 convolution",
    );
  }
  if (weights.scales.length > 1 && weights.axis !== (transposed ? 0 : 1))
    unsupported(
      context,
      "LWC1142",
      `its weights are quantized along axis ${weights.axis}`,
      "quantize per output (axis of the result)",
    );
  const origin = originOfProduct(context, weights);
  const dims = [...x.dims.slice(0, -1), outputs];
  const finish = (output: OutputSpec): TensorValue => {
    const { assembler } = context;
    const source = reshapeTo(context, assembler.toLayout(x, identity(x.dims.length), origin), [1, inputs]);
    const data = transposed ? int8Weights(weights) : transposeMatrix(int8Weights(weights), inputs, outputs);
    const w = weightConstant(context, weights, [outputs, inputs], data);
    const b = biasConstant(context, bias, assembler.quantOf(x), weights, outputs, alpha);
    const attrs = { alpha, clampMin: output.clampMin, clampMax: output.clampMax };
    const id = assembler.node("fully_connected", [source.id, w, ...b], attrs, {
      name: output.name,
      shape: [1, outputs],
      quant: output.quant,
      origin: output.origin,
    });
    return reshapeTo(context, { kind: "tensor", id, dims: [1, outputs], perm: [0, 1], real: true }, dims);
  };
  return {
    kind: "pending",
    dims,
    low: Number.NEGATIVE_INFINITY,
    high: Number.POSITIVE_INFINITY,
    origin,
    finish,
    ...(bias
      ? {}
      : {
          addBias: (tensor: OnnxTensor) => {
            const vector = perChannel(tensor, dims, dims.length - 1);
            if (!vector) return undefined;
            const sum = multiply(context, input, matrix, { kind: "constant", tensor: vector }, transposed, alpha);
            const { opType } = context.node;
            if (opType === "MatMul" && elementCount(vector.dims) === outputs) return sum;
            const island = `ONNX Runtime computes a ${opType} with an Add behind it in float on x64; lwc adds it as the bias`;
            return { ...sum, origin: { ...origin, island } };
          },
        }),
  };
}

function transposeMatrix(data: Int8Array, rows: number, columns: number): Int8Array {
  const out = new Int8Array(data.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c] ?? 0;
  }
  return out;
}
