/**
 * The QOperator form: each operator carries the quantization of its inputs and its output, and means the QDQ group of the
 * same name (docs/numerics.md). Inputs come as (value, scale, zero point).
 */
import { leakyRelu, sigmoid } from "../../../arith/unary.js";
import type { Quant } from "../../../ir/quant.js";
import {
  activationQuant,
  type Context,
  type Importer,
  malformed,
  numberAttribute,
  quantParameters,
  unsupported,
} from "../context.js";
import type { PendingValue, TensorValue, UnaryValue, Value, WeightsValue } from "../values.js";
import { combine } from "./combine.js";
import { softmaxOf } from "./heads.js";
import { concatenate } from "./parts.js";
import { averagePool, globalAverage } from "./pools.js";
import { dequantizeActivation, finishPending, finishUnary, quantizedConstant } from "./quantize.js";
import { convolve, multiply } from "./weighted.js";

/** The real activation at inputs i, i + 1, i + 2. */
function realInput(context: Context, i: number): TensorValue {
  const value = context.input(i);
  if (value?.kind !== "tensor" || value.real)
    return unsupported(
      context,
      "LWC1230",
      `input ${i} is no quantized activation`,
      "export one form throughout: QDQ or QOperator",
    );
  return dequantizeActivation(
    context,
    value,
    activationQuant(
      context,
      quantParameters(context, i + 1, i + 2, context.assembler.quantOf(value).storage),
      context.node.inputs[i] ?? "",
    ),
  );
}

/** Constant weights at inputs i, i + 1, i + 2, per-channel along `axis`. */
function realWeights(context: Context, i: number, axis: number): WeightsValue {
  const value = context.input(i);
  if (value?.kind !== "constant")
    return unsupported(
      context,
      "LWC1132",
      "its weights are computed at run time",
      "lwc needs constant weights: export for inference",
    );
  return quantizedConstant(context, value.tensor, quantParameters(context, i + 1, i + 2, value.tensor.dtype), axis);
}

/** Quantization of the result, at inputs i and i + 1; without a zero point of the type of the first activation. */
function outputQuant(context: Context, scaleInput: number): Quant {
  const first = context.node.inputs.map((_, i) => context.input(i)).find((value) => value?.kind === "tensor");
  const storage = first?.kind === "tensor" ? context.assembler.quantOf(first).storage : undefined;
  const parameters = quantParameters(context, scaleInput, scaleInput + 1, storage);
  return activationQuant(context, parameters, context.node.outputs[0] ?? "");
}

function finish(context: Context, value: PendingValue | UnaryValue, quant: Quant): readonly Value[] {
  const name = context.node.outputs[0] ?? context.node.name;
  const tensor =
    value.kind === "pending" ? finishPending(value, quant, name) : finishUnary(context, value, quant, name);
  return [{ ...tensor, real: false }];
}

function unaryOf(context: Context, apply: (x: number) => number): UnaryValue {
  const source = realInput(context, 0);
  return {
    kind: "unary",
    source,
    results: context.assembler.realValues(source).map(apply),
    nodes: [context.node.name],
    label: context.node.opType,
    integer: true,
  };
}

const importQLinearConv: Importer = (context) =>
  finish(
    context,
    convolve(context, realInput(context, 0), realWeights(context, 3, 0), context.input(8)),
    outputQuant(context, 6),
  );

const importQLinearMatMul: Importer = (context) =>
  finish(
    context,
    multiply(context, realInput(context, 0), realWeights(context, 3, 1), undefined, false, 1),
    outputQuant(context, 6),
  );

const importQGemm: Importer = (context) => {
  if (numberAttribute(context, "transA", 0) !== 0)
    unsupported(context, "LWC1143", "transA = 1", "export the transposed input as it is used");
  if (!context.input(7)) unsupported(context, "LWC1231", "its output is float", "quantize the output of the layer");
  const alpha = numberAttribute(context, "alpha", 1);
  const transposed = numberAttribute(context, "transB", 0) !== 0;
  const product = multiply(
    context,
    realInput(context, 0),
    realWeights(context, 3, transposed ? 0 : 1),
    context.input(6),
    transposed,
    alpha,
  );
  return finish(context, product, outputQuant(context, 7));
};

const importQLinearBinary: Importer = (context) =>
  finish(context, combine(context, realInput(context, 0), realInput(context, 3)), outputQuant(context, 6));

const importQLinearConcat: Importer = (context) => {
  const count = (context.node.inputs.length - 2) / 3;
  if (!Number.isInteger(count) || count < 1)
    return malformed(
      context,
      "LWC1232",
      `${context.node.inputs.length} inputs: expected scale, zero point, then triples`,
    );
  const parts = Array.from({ length: count }, (_, i) => realInput(context, 2 + 3 * i));
  return finish(context, concatenate(context, parts, numberAttribute(context, "axis", 1)), outputQuant(context, 0));
};

const importQLinearAveragePool: Importer = (context) => {
  if (numberAttribute(context, "channels_last", 0) !== 0)
    unsupported(context, "LWC1233", "channels_last = 1", "export with NCHW layout");
  return finish(context, averagePool(context, realInput(context, 0)), outputQuant(context, 3));
};

const importQLinearGlobalAveragePool: Importer = (context) => {
  const channelsLast = numberAttribute(context, "channels_last", 0) !== 0;
  return finish(
    context,
    globalAverage(context, realInput(context, 0), channelsLast ? [1, 2] : [2, 3], true),
    outputQuant(context, 3),
  );
};

const importQLinearSoftmax: Importer = (context) => {
  const opset = numberAttribute(context, "opset", context.opset);
  return finish(
    context,
    softmaxOf(context, realInput(context, 0), numberAttribute(context, "axis", opset >= 13 ? -1 : 1), opset),
    outputQuant(context, 3),
  );
};

export const qlinearImporters: Readonly<Record<string, Importer>> = {
  QLinearConv: importQLinearConv,
  QLinearMatMul: importQLinearMatMul,
  QGemm: importQGemm,
  QLinearAdd: importQLinearBinary,
  QLinearMul: importQLinearBinary,
  QLinearConcat: importQLinearConcat,
  QLinearAveragePool: importQLinearAveragePool,
  QLinearGlobalAveragePool: importQLinearGlobalAveragePool,
  QLinearSigmoid: (context) => finish(context, unaryOf(context, sigmoid), outputQuant(context, 3)),
  QLinearLeakyRelu: (context) => {
    const alpha = numberAttribute(context, "alpha", 0.01);
    return finish(context, unaryOf(context, leakyRelu(alpha)), outputQuant(context, 3));
  },
  QLinearSoftmax: importQLinearSoftmax,
};
