/** BatchNormalization behind a product with constant weights: folds into its scales and its bias. */
import { must } from "../../../diagnostics.js";
import { elementCount } from "../../../ir/shape.js";
import { type Context, constantInput, type Importer, malformed, numberAttribute, unsupported } from "../context.js";
import type { OnnxTensor } from "../onnx-model.js";
import type { ConstantValue, Value, WeightsValue } from "../values.js";

/** y = factor * x + offset, per output channel. */
export interface Affine {
  readonly factor: readonly number[];
  readonly offset: readonly number[];
}

export const importBatchNormalization: Importer = (context) => {
  const value = context.input(0);
  for (const name of ["momentum", "spatial"]) context.seen.add(name);
  if (numberAttribute(context, "training_mode", 0) !== 0) {
    unsupported(context, "LWC1240", "training_mode = 1", "export the model for inference (model.eval())");
  }
  const affine = affineOf(context);
  const folded = value?.kind === "pending" ? value.applyAffine?.(affine) : undefined;
  if (value?.kind !== "pending" || !folded) {
    return unsupported(
      context,
      "LWC1241",
      "it does not follow a convolution or fully connected layer directly",
      "fold it when exporting: torch.onnx.export does so in inference mode, and ONNX Runtime's pre-processing too",
    );
  }
  const origin = {
    nodes: [...value.origin.nodes, context.node.name],
    label: `${value.origin.label} + BatchNormalization`,
    island:
      "ONNX Runtime computes a convolution with a BatchNormalization behind it in float; lwc folds it into the weights",
  };
  return [{ ...folded, origin }];
};

/** gamma / sqrt(variance + epsilon), and what is left of beta. */
function affineOf(context: Context): Affine {
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) => {
    const tensor = constantInput(context, i, "a parameter") ?? malformed(context, "LWC1101", `input ${i} is missing`);
    return Array.from(tensor.data);
  });
  const epsilon = numberAttribute(context, "epsilon", 1e-5);
  const factor = must(gamma, "gamma").map((g, c) => g / Math.sqrt((variance?.[c] ?? 0) + epsilon));
  if (factor.some((a) => !Number.isFinite(a) || a === 0)) {
    malformed(
      context,
      "LWC1242",
      "a channel has factor 0 or none",
      "a dead channel: remove it, or fold when exporting",
    );
  }
  return { factor, offset: factor.map((a, c) => (beta?.[c] ?? 0) - a * (mean?.[c] ?? 0)) };
}

/** Quantized weights times a factor per output channel: the scales take it, a negative one turns the sign of the values. */
export function scaleWeights(context: Context, weights: WeightsValue, { factor }: Affine): WeightsValue {
  const { tensor, scales } = weights;
  const outputs = factor.length;
  if (weights.zeroPoints.some((zero) => zero !== 0) || tensor.dims[0] !== outputs) {
    return unsupported(
      context,
      "LWC1243",
      "the weights in front of it are not symmetric",
      "quantize weights symmetrically, per output channel",
    );
  }
  const per = elementCount(tensor.dims) / outputs;
  const data = Int8Array.from(tensor.data, (w, i) => {
    const isNegative = (factor[Math.floor(i / per)] ?? 1) < 0;
    if (isNegative && w === -128)
      malformed(context, "LWC1244", "a weight of -128 cannot change its sign", "quantize weights to [-127, 127]");
    return isNegative ? -w : w;
  });
  return {
    ...weights,
    tensor: { ...tensor, data },
    scales: factor.map((a, o) => Math.fround((scales[scales.length === 1 ? 0 : o] ?? 1) * Math.abs(a))),
    zeroPoints: [0],
    axis: 0,
  };
}

/** The bias in real numbers, times the factor, plus the offset: float, to be rounded like any float bias. */
export function scaleBias(bias: Value | undefined, affine: Affine): ConstantValue {
  const data = Float32Array.from(affine.factor, (a, o) => a * realBias(bias, o) + (affine.offset[o] ?? 0));
  const tensor: OnnxTensor = { name: "", dtype: "float32", dims: [data.length], data };
  return { kind: "constant", tensor };
}

function realBias(bias: Value | undefined, o: number): number {
  if (bias?.kind === "constant") return bias.tensor.data[o] ?? 0;
  if (bias?.kind !== "weights") return 0;
  return (bias.tensor.data[o] ?? 0) * (bias.scales[bias.scales.length === 1 ? 0 : o] ?? 1);
}
