/** The float network: its layers, forward and backward for one picture, and Adam. Activations are [channels][height][width]. */

/** The layers in order; `groups` as in ONNX Conv. Every convolution is followed by Relu. */
export const architecture = [
  { name: "conv1", in: 1, out: 8, kernel: 3, stride: 2, groups: 1, size: 28 },
  { name: "dw2", in: 8, out: 8, kernel: 3, stride: 1, groups: 8, size: 14 },
  { name: "pw2", in: 8, out: 16, kernel: 1, stride: 1, groups: 1, size: 14 },
  { name: "dw3", in: 16, out: 16, kernel: 3, stride: 2, groups: 16, size: 14 },
  { name: "pw3", in: 16, out: 32, kernel: 1, stride: 1, groups: 1, size: 7 },
  { name: "dw4", in: 32, out: 32, kernel: 3, stride: 1, groups: 32, size: 7 },
  { name: "pw4", in: 32, out: 32, kernel: 1, stride: 1, groups: 1, size: 7 },
  { name: "dw5", in: 32, out: 32, kernel: 3, stride: 1, groups: 32, size: 7 },
  { name: "pw5", in: 32, out: 32, kernel: 1, stride: 1, groups: 1, size: 7 },
].map((shape) => ({ ...shape, pad: (shape.kernel - 1) / 2, outSize: Math.ceil(shape.size / shape.stride) }));

export const features = 32;

/** Parameters with their gradient and Adam's two moments. */
function parameter(length, initial) {
  return {
    value: Float32Array.from({ length }, initial),
    gradient: new Float32Array(length),
    first: new Float32Array(length),
    second: new Float32Array(length),
  };
}

/** He initialization: variance 2 / fan-in; uniform, as that needs no transcendental function. */
function weights(length, fanIn, random) {
  const bound = Math.sqrt(6 / fanIn);
  return parameter(length, () => (2 * random() - 1) * bound);
}

export function makeNetwork(classes, random) {
  const convolutions = architecture.map((shape) => {
    const fanIn = (shape.in / shape.groups) * shape.kernel ** 2;
    return {
      shape,
      runs: runsOf(shape),
      weight: weights(shape.out * fanIn, fanIn, random),
      bias: parameter(shape.out, () => 0),
      output: new Float32Array(shape.out * shape.outSize ** 2),
      gradient: new Float32Array(shape.out * shape.outSize ** 2),
    };
  });
  const dense = {
    weight: weights(classes * features, features, random),
    bias: parameter(classes, () => 0),
    pooled: new Float32Array(features),
    gradient: new Float32Array(features),
    logits: new Float32Array(classes),
  };
  return { convolutions, dense, classes };
}

export function parametersOf(network) {
  return [...network.convolutions, network.dense].flatMap((layer) => [layer.weight, layer.bias]);
}

/** Fills the outputs of all layers; returns the logits. */
export function forward(network, input) {
  let data = input;
  for (const layer of network.convolutions) {
    convolve(layer, data);
    data = layer.output;
  }
  const { dense } = network;
  const area = data.length / features;
  for (let c = 0; c < features; c++) {
    let sum = 0;
    for (let i = 0; i < area; i++) sum += data[c * area + i];
    dense.pooled[c] = sum / area;
  }
  for (let k = 0; k < network.classes; k++) {
    let sum = dense.bias.value[k];
    for (let c = 0; c < features; c++) sum += dense.weight.value[k * features + c] * dense.pooled[c];
    dense.logits[k] = sum;
  }
  return dense.logits;
}

/** Adds the gradient of the cross entropy of the last forward() to the parameters' gradients; returns the loss. */
export function backward(network, input, label) {
  const { dense, convolutions } = network;
  const probabilities = softmax(dense.logits);
  const loss = -Math.log(Math.max(probabilities[label], 1e-12));
  dense.gradient.fill(0);
  for (let k = 0; k < network.classes; k++) {
    const delta = probabilities[k] - (k === label ? 1 : 0);
    dense.bias.gradient[k] += delta;
    for (let c = 0; c < features; c++) {
      dense.weight.gradient[k * features + c] += delta * dense.pooled[c];
      dense.gradient[c] += delta * dense.weight.value[k * features + c];
    }
  }
  const last = convolutions.at(-1);
  const area = last.output.length / features;
  for (let i = 0; i < last.gradient.length; i++) last.gradient[i] = dense.gradient[Math.floor(i / area)] / area;
  for (let i = convolutions.length - 1; i >= 0; i--) {
    const before = convolutions[i - 1];
    convolveBackward(convolutions[i], before?.output ?? input, before?.gradient);
  }
  return loss;
}

export function softmax(logits) {
  const max = Math.max(...logits);
  const exponentials = Array.from(logits, (value) => Math.exp(value - max));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

/**
 * The products of a convolution in runs that share a weight, four numbers each: offset of the weight, of the first input, of
 * the first output, and count; inputs are `stride` apart, outputs 1. Products with the padding are left out.
 */
function runsOf({ in: inC, out: outC, kernel, stride, groups, pad, size, outSize }) {
  const runs = [];
  const groupIn = inC / groups;
  const groupOut = outC / groups;
  for (let oc = 0; oc < outC; oc++) {
    const firstIn = Math.floor(oc / groupOut) * groupIn;
    for (let ic = 0; ic < groupIn; ic++) {
      const plane = (firstIn + ic) * size ** 2;
      if (kernel === 1 && stride === 1) {
        runs.push(oc * groupIn + ic, plane, oc * outSize ** 2, outSize ** 2);
        continue;
      }
      for (let ky = 0; ky < kernel; ky++) {
        for (let kx = 0; kx < kernel; kx++) {
          const weight = ((oc * groupIn + ic) * kernel + ky) * kernel + kx;
          const x0 = Math.max(0, Math.ceil((pad - kx) / stride));
          const x1 = Math.min(outSize - 1, Math.floor((size - 1 + pad - kx) / stride));
          for (let y = 0; y < outSize; y++) {
            const iy = y * stride + ky - pad;
            if (iy < 0 || iy >= size) continue;
            const from = plane + iy * size + x0 * stride + kx - pad;
            runs.push(weight, from, (oc * outSize + y) * outSize + x0, x1 - x0 + 1);
          }
        }
      }
    }
  }
  return Int32Array.from(runs);
}

function convolve({ shape, runs, weight, bias, output }, input) {
  const area = shape.outSize ** 2;
  const { stride } = shape;
  for (let i = 0; i < output.length; i += area) output.fill(bias.value[i / area], i, i + area);
  for (let run = 0; run < runs.length; run += 4) {
    const w = weight.value[runs[run]];
    const from = runs[run + 1];
    const to = runs[run + 2];
    const count = runs[run + 3];
    for (let i = 0; i < count; i++) output[to + i] += w * input[from + i * stride];
  }
  for (let i = 0; i < output.length; i++) if (output[i] < 0) output[i] = 0;
}

function convolveBackward({ shape, runs, weight, bias, output, gradient }, input, inputGradient) {
  const area = shape.outSize ** 2;
  const { stride } = shape;
  for (let i = 0; i < output.length; i++) {
    if (output[i] <= 0) gradient[i] = 0;
    bias.gradient[Math.floor(i / area)] += gradient[i];
  }
  inputGradient?.fill(0);
  for (let run = 0; run < runs.length; run += 4) {
    const at = runs[run];
    const from = runs[run + 1];
    const to = runs[run + 2];
    const count = runs[run + 3];
    let sum = 0;
    for (let i = 0; i < count; i++) sum += gradient[to + i] * input[from + i * stride];
    weight.gradient[at] += sum;
    if (inputGradient === undefined) continue;
    const w = weight.value[at];
    for (let i = 0; i < count; i++) inputGradient[from + i * stride] += w * gradient[to + i];
  }
}

/** One step of Adam (Kingma and Ba, 2015) with the gradients of `batch` pictures; clears them. `step` counts from 1. */
export function adam(parameters, step, rate, batch) {
  const [decay1, decay2, epsilon] = [0.9, 0.999, 1e-8];
  const scale = (rate * Math.sqrt(1 - decay2 ** step)) / (1 - decay1 ** step);
  for (const { value, gradient, first, second } of parameters) {
    for (let i = 0; i < value.length; i++) {
      const g = gradient[i] / batch;
      first[i] = decay1 * first[i] + (1 - decay1) * g;
      second[i] = decay2 * second[i] + (1 - decay2) * g * g;
      value[i] -= (scale * first[i]) / (Math.sqrt(second[i]) + epsilon);
    }
    gradient.fill(0);
  }
}
