/** ConvTranspose: its weights [in][out / groups][kernel] turned into those of a convolution. */
import { must } from "../../../diagnostics.js";
import type { Origin } from "../../../ir/graph.js";
import {
  type Context,
  type Importer,
  malformed,
  numberAttribute,
  originOf,
  realActivation,
  unsupported,
} from "../context.js";
import { memoryShape, nhwc } from "../layout.js";
import type { OnnxTensor } from "../onnx-model.js";
import type { OutputSpec, PendingValue, TensorValue, Value, WeightsValue } from "../values.js";
import { readTransposedWindow } from "../window.js";
import { scaleBias, scaleWeights } from "./batch-normalization.js";
import { biasConstant, perChannel } from "./bias.js";
import { mapRank, narrowPending, widenActivation, widenTensor } from "./spatial.js";
import { toChannelsLast, weightConstant, weightsInput } from "./weighted.js";

export const importConvTranspose: Importer = (context) => {
  const x = realActivation(context, context.input(0), 0);
  const rank = mapRank(context, x);
  const given = weightsInput(context, context.input(1));
  const groups = numberAttribute(context, "group", 1);
  const { dims } = given.tensor;
  const channels = must(x.dims[1], "channels");
  if (dims.length !== x.dims.length || dims[0] !== channels || channels % groups !== 0)
    malformed(
      context,
      "LWC1141",
      `weights [${dims.join(",")}] with ${groups} groups do not fit ${channels} input channels`,
    );
  const weights = outputsFirst(context, given, groups);
  const wide = { ...weights, tensor: widenTensor(weights.tensor, rank) };
  const product: Product = { context, x: widenActivation(context, x, rank), groups, rank };
  return [narrowPending(context, transposedProduct(product, wide, context.input(2)), rank)];
};

interface Product {
  readonly context: Context;
  readonly x: TensorValue;
  readonly groups: number;
  readonly rank: 1 | 2;
}

/** [I][O / groups][k...] with scales along axis 1 to [O][I / groups][k...] with scales along axis 0. */
function outputsFirst(context: Context, weights: WeightsValue, groups: number): WeightsValue {
  const { tensor, scales, axis } = weights;
  const [inputs = 1, perGroup = 1, ...kernel] = tensor.dims;
  if (scales.length > 1 && axis !== 1)
    unsupported(
      context,
      "LWC1142",
      `its weights are quantized along axis ${axis}`,
      "quantize the weights of a ConvTranspose per output channel (axis 1)",
    );
  const inPerGroup = inputs / groups;
  const area = kernel.reduce((product, k) => product * k, 1);
  const outputs = perGroup * groups;
  const data = tensor.data.slice();
  for (let o = 0; o < outputs; o++) {
    const firstInput = Math.floor(o / perGroup) * inPerGroup;
    for (let i = 0; i < inPerGroup; i++) {
      for (let at = 0; at < area; at++)
        data[(o * inPerGroup + i) * area + at] =
          tensor.data[((firstInput + i) * perGroup + (o % perGroup)) * area + at] ?? 0;
    }
  }
  const moved = { ...tensor, dims: [outputs, inPerGroup, ...kernel], data };
  if (scales.length === 1) return { ...weights, tensor: moved };
  // One scale for the channels of equal place in each group.
  const spread = Array.from({ length: outputs }, (_, o) => must(scales[o % perGroup], "scale"));
  return { ...weights, tensor: moved, scales: spread, zeroPoints: weights.zeroPoints.slice(0, 1), axis: 0 };
}

/** The product over a 2-D map, waiting for its quantization. */
function transposedProduct(product: Product, weights: WeightsValue, bias: Value | undefined): PendingValue {
  const { context, x, groups, rank } = product;
  const [outputs = 0, perGroup = 0, ...kernel] = weights.tensor.dims;
  const window = readTransposedWindow(context, x.dims.slice(2), kernel, rank);
  const dims = [1, outputs, ...window.out];
  const origin: Origin = {
    ...originOf(context),
    island: "ONNX Runtime computes ConvTranspose in float; lwc requantizes an exact integer sum, as for Conv",
  };
  const finish = (output: OutputSpec): TensorValue => {
    const { assembler } = context;
    const source = assembler.toLayout(x, nhwc, origin);
    const w = weightConstant(context, weights, [outputs, ...kernel, perGroup], toChannelsLast(weights));
    const b = biasConstant(context, bias, assembler.quantOf(x), weights, outputs);
    const { strides, dilations, pads, outputPadding } = window;
    const { clampMin, clampMax } = output;
    const attrs = { groups, strides, dilations, pads, outputPadding, clampMin, clampMax };
    const id = assembler.node("conv_transpose2d", [source.id, w, ...b], attrs, {
      name: output.name,
      shape: memoryShape(dims, nhwc),
      quant: output.quant,
      origin: output.origin,
    });
    return { kind: "tensor", id, dims, perm: nhwc, real: true };
  };
  return {
    kind: "pending",
    dims,
    low: Number.NEGATIVE_INFINITY,
    high: Number.POSITIVE_INFINITY,
    origin,
    finish,
    applyAffine: (affine) =>
      transposedProduct(product, scaleWeights(context, weights, affine), scaleBias(bias, affine)),
    ...(bias
      ? {}
      : {
          addBias: (tensor: OnnxTensor) => {
            const vector = perChannel(tensor, dims, 1);
            return vector && transposedProduct(product, weights, { kind: "constant", tensor: vector });
          },
        }),
  };
}
