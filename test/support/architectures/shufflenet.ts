import { channelsOf, FloatBuilder, type FloatModel, type Value } from "../float-builder.js";

export interface ShuffleNetOptions {
  readonly size: number;
  readonly classes: number;
  /** Channels of the first convolution. */
  readonly stem: number;
  /** Channels and units of each stage; the first unit of a stage halves the resolution. */
  readonly stages: readonly (readonly [number, number])[];
}

/**
 * ShuffleNet: Zhang, Zhou, Lin, Sun, "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile
 * Devices", 2017, arXiv 1707.01083, Table 1 and Figure 2. Grouped 1x1 convolutions with a shuffle between; the first
 * 1x1 of the second stage is not grouped.
 */
export function shuffleNetV1(options: ShuffleNetOptions & { readonly groups: number }): FloatModel {
  const { b, input } = FloatBuilder.start([1, 3, options.size, options.size], { seed: 105 });
  let x = b.unit(input, options.stem, { stride: 2 }, "first_conv");
  x = b.maxPool(x, 3, { stride: 2, pad: 1 });
  let index = 0;
  options.stages.forEach(([channels, units], stage) => {
    for (let i = 0; i < units; i++) {
      const first = stage === 0 && i === 0 ? 1 : options.groups;
      x = b.within(`features.${index++}`, () => unitV1(b, x, channels, i === 0 ? 2 : 1, options.groups, first));
    }
  });
  b.output(b.gemm(b.flatten(b.globalPool(x)), options.classes, "classifier.0"));
  return b.finish();
}

function unitV1(b: FloatBuilder, x: Value, channels: number, stride: number, groups: number, first: number): Value {
  const made = stride === 2 ? channels - channelsOf(x) : channels;
  const inner = channels / 4;
  const squeezed = b.unit(x, inner, { kernel: 1, groups: first }, "branch_main_1");
  const mixed = b.shuffle(squeezed, groups);
  const spatial = b.unit(mixed, inner, { stride, groups: inner, act: "none" }, "branch_main_2");
  const widened = b.unit(spatial, made, { kernel: 1, groups, act: "none" }, "branch_main_3");
  if (stride === 1) return b.relu(b.add(x, widened));
  const pooled = b.averagePool(x, 3, { stride: 2, pad: 1 });
  return b.concat([pooled, b.relu(widened)]);
}

/**
 * ShuffleNetV2: Ma, Zhang, Zheng, Sun, "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design",
 * 2018, arXiv 1807.11164, Table 5 and Figure 3. Units split the channels, transform one half and shuffle.
 */
export function shuffleNetV2(options: ShuffleNetOptions & { readonly last: number }): FloatModel {
  const { b, input } = FloatBuilder.start([1, 3, options.size, options.size], { seed: 106 });
  let x = b.unit(input, options.stem, { stride: 2 }, "conv1");
  x = b.maxPool(x, 3, { stride: 2, pad: 1 });
  options.stages.forEach(([channels, units], stage) => {
    for (let i = 0; i < units; i++) {
      x = b.within(`stage${stage + 2}.${i}`, () => unitV2(b, x, channels, i === 0 ? 2 : 1));
    }
  });
  x = b.unit(x, options.last, { kernel: 1 }, "conv5");
  b.output(b.gemm(b.flatten(b.reduceMean(x)), options.classes, "fc"));
  return b.finish();
}

function unitV2(b: FloatBuilder, x: Value, channels: number, stride: number): Value {
  const half = channels / 2;
  const [kept, worked] = stride === 2 ? [x, x] : twoHalves(b, x, half);
  const transformed = b.within("branch2", () => {
    const narrow = b.unit(worked, half, { kernel: 1 }, "0");
    const spatial = b.unit(narrow, half, { stride, groups: half, act: "none" }, "3");
    return b.unit(spatial, half, { kernel: 1 }, "5");
  });
  const other = stride === 1 ? kept : b.within("branch1", () => downsample(b, kept, half));
  return b.shuffle(b.concat([other, transformed]), 2);
}

function downsample(b: FloatBuilder, x: Value, channels: number): Value {
  const spatial = b.unit(x, channelsOf(x), { stride: 2, groups: channelsOf(x), act: "none" }, "0");
  return b.unit(spatial, channels, { kernel: 1 }, "2");
}

function twoHalves(b: FloatBuilder, x: Value, half: number): readonly [Value, Value] {
  const [first, second] = b.split(x, [half, half]);
  if (first === undefined || second === undefined) throw new Error("the split has two parts");
  return [first, second];
}
