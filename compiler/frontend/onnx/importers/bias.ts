/** Biases of convolutions and products: int32, one per output channel. */
import { roundHalfEven } from "../../../arith/saturate.js";
import type { TensorId } from "../../../ir/graph.js";
import { type Quant, scaleOf } from "../../../ir/quant.js";
import { elementCount, type Shape } from "../../../ir/shape.js";
import { type Context, malformed, nodeName, unsupported } from "../context.js";
import type { OnnxTensor } from "../onnx-model.js";
import type { Value, WeightsValue } from "../values.js";

/**
 * Bias in units of alpha * sx * sw: int32 values as they are, float ones rounded. With alpha other than 1 an int32 bias
 * behind DequantizeLinear means real numbers too: only its own scale says which.
 */
export function biasConstant(
  context: Context,
  bias: Value | undefined,
  input: Quant,
  weights: WeightsValue,
  outputs: number,
  alpha = 1,
): readonly TensorId[] {
  if (!bias) return [];
  const unit = (o: number): number =>
    Math.fround(Math.fround(alpha * scaleOf(input)) * (weights.scales[weights.scales.length === 1 ? 0 : o] ?? 1));
  const name = `${context.node.name}_bias`;
  if (bias.kind === "weights") {
    const { tensor, scales } = bias;
    if (tensor.dtype !== "int32")
      unsupported(
        context,
        "LWC1134",
        `its bias is ${tensor.dtype}`,
        "quantize biases to int32 with scale input * weight",
      );
    if (bias.zeroPoints.some((zero) => zero !== 0))
      malformed(
        context,
        "LWC1139",
        `its bias has a zero point of ${bias.zeroPoints.join(",")}`,
        "biases are symmetric",
      );
    const scaleAt = (o: number): number => scales[scales.length === 1 ? 0 : o] ?? 1;
    if (alpha !== 1) {
      const units = spread(context, tensor, outputs, (value, o) => roundHalfEven((value * scaleAt(o)) / unit(o)));
      return [context.assembler.constant(name, "int32", [outputs], units)];
    }
    const drift = Math.max(...Array.from({ length: outputs }, (_, o) => Math.abs(scaleAt(o) / unit(o) - 1)));
    if (drift > 1e-6) {
      context.warnings.push({
        code: "LWC1135",
        kind: "warning",
        message: `${nodeName(context.node)}: its bias has another scale than input * weight (off by a factor of ${(1 + drift).toPrecision(7)}); ONNX Runtime ignores the scale, and so does lwc`,
        where: { node: nodeName(context.node) },
      });
    }
    return [
      context.assembler.constant(
        name,
        "int32",
        [outputs],
        spread(context, tensor, outputs, (value) => value),
      ),
    ];
  }
  if (bias.kind !== "constant")
    return unsupported(context, "LWC1136", "its bias is computed at run time", "export for inference");
  if (bias.tensor.dtype === "int32")
    return [
      context.assembler.constant(
        name,
        "int32",
        [outputs],
        spread(context, bias.tensor, outputs, (value) => value),
      ),
    ];
  return [
    context.assembler.constant(
      name,
      "int32",
      [outputs],
      spread(context, bias.tensor, outputs, (value, o) => roundHalfEven(value / unit(o))),
    ),
  ];
}

function spread(
  context: Context,
  tensor: OnnxTensor,
  outputs: number,
  convert: (value: number, o: number) => number,
): Int32Array {
  const count = elementCount(tensor.dims);
  if ((count !== outputs && count !== 1) || (count > 1 && tensor.dims.at(-1) !== count))
    malformed(context, "LWC1137", `its bias is [${tensor.dims.join(",")}] for ${outputs} outputs`);
  const values = Array.from({ length: outputs }, (_, o) => convert(tensor.data[count === 1 ? 0 : o] ?? 0, o));
  if (values.some((value) => !(Math.abs(value) < 2 ** 31)))
    malformed(
      context,
      "LWC1138",
      "its bias does not fit int32 in units of input scale * weight scale",
      "the weight scale is too small for this bias: re-quantize",
    );
  return Int32Array.from(values);
}

/** A constant that broadcasts to `dims` as one value per slice of `axis`, as a vector; undefined when it means something else. */
export function perChannel(tensor: OnnxTensor, dims: Shape, axis: number): OnnxTensor | undefined {
  const lead = dims.length - tensor.dims.length;
  const fits = tensor.dims.every((dim, i) => dim === 1 || (i + lead === axis && dim === dims[axis]));
  return lead >= 0 && fits ? { ...tensor, dims: [elementCount(tensor.dims)] } : undefined;
}
