/**
 * Post-training quantization: weights int8, symmetric, one scale per output channel; activations int8 over the range that they
 * take on sample pictures; biases int32 in units of input scale times weight scale. Scales are float32, as ONNX stores them.
 */
import { forward } from "./network.mjs";

/** Quantized layers in order: convolutions, then the dense layer "fc", with all that the ONNX file holds. */
export function quantize(network, inputs) {
  const { convolutions, dense } = network;
  const ranges = observe(network, inputs);
  const input = activation(0, 1);
  let before = input;
  const layers = convolutions.map((layer, i) => {
    const output = activation(ranges.convolutions[i].min, ranges.convolutions[i].max);
    const quantized = { ...layer.shape, ...quantizeParameters(layer, before.scale), output };
    before = output;
    return quantized;
  });
  const pooled = activation(ranges.pooled.min, ranges.pooled.max);
  const logits = activation(ranges.logits.min, ranges.logits.max);
  const fc = { name: "fc", ...quantizeParameters(dense, pooled.scale), output: logits };
  return { input, layers, pooled, fc };
}

function observe(network, inputs) {
  const { convolutions, dense } = network;
  const ranges = {
    convolutions: convolutions.map(() => ({ min: 0, max: 0 })),
    pooled: { min: 0, max: 0 },
    logits: { min: 0, max: 0 },
  };
  for (const input of inputs) {
    forward(network, input);
    for (const [i, { output }] of convolutions.entries()) widen(ranges.convolutions[i], output);
    widen(ranges.pooled, dense.pooled);
    widen(ranges.logits, dense.logits);
  }
  return ranges;
}

function widen(range, values) {
  for (const value of values) {
    if (value < range.min) range.min = value;
    if (value > range.max) range.max = value;
  }
}

/** Scale and zero point that spread [min, max], which contains 0, over -128 .. 127. After Relu the zero point is -128. */
function activation(min, max) {
  const scale = Math.fround((max - min) / 255);
  return { scale, zeroPoint: Math.round(-128 - min / scale) };
}

function quantizeParameters({ weight, bias }, inputScale) {
  const channels = bias.value.length;
  const perChannel = weight.value.length / channels;
  const scales = Float32Array.from({ length: channels }, (_, c) => {
    const slice = weight.value.subarray(c * perChannel, (c + 1) * perChannel);
    return Math.max(...slice.map(Math.abs)) / 127 || 1;
  });
  const biasScales = scales.map((scale) => scale * inputScale);
  return {
    weights: Int8Array.from(weight.value, (value, i) => Math.round(value / scales[Math.floor(i / perChannel)])),
    scales,
    biases: Int32Array.from(bias.value, (value, c) => Math.round(value / biasScales[c])),
    biasScales,
  };
}
