import { type Activation, channelsOf, divisible, FloatBuilder, type FloatModel, type Value } from "../float-builder.js";

export interface MobileNetOptions {
  readonly size: number;
  /** The width multiplier. */
  readonly width: number;
  readonly classes: number;
}

/** Channels and stride of a depthwise separable pair. */
type Separable = readonly [number, number];

export const mobileNetV1Blocks: readonly Separable[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
];

/**
 * MobileNetV1: Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
 * 2017, arXiv 1704.04861, Table 1. Each block is a 3x3 depthwise and a 1x1 convolution, each with BatchNorm and ReLU.
 */
export function mobileNetV1(
  options: MobileNetOptions & { readonly blocks: readonly Separable[]; readonly act?: Activation },
): FloatModel {
  const { b, input } = FloatBuilder.start([1, 3, options.size, options.size], { seed: 102 });
  const scaled = (channels: number) => divisible(channels * options.width);
  const act = options.act ?? "relu";
  let x = b.unit(input, scaled(32), { stride: 2, act }, "features.0");
  options.blocks.forEach(([channels, stride], i) => {
    x = b.within(`features.${i + 1}`, () => separable(b, x, scaled(channels), stride, act));
  });
  b.output(b.gemm(b.flatten(b.globalPool(x)), options.classes, "classifier"));
  return b.finish();
}

/** A 3x3 depthwise and a 1x1 convolution, each with BatchNorm and an activation. */
export function separable(b: FloatBuilder, x: Value, channels: number, stride: number, act: Activation): Value {
  const spatial = b.unit(x, channelsOf(x), { groups: channelsOf(x), stride, act }, "dw");
  return b.unit(spatial, channels, { kernel: 1, act }, "pw");
}

/** Expansion, channels, repeats and stride of the first. */
type Bottleneck = readonly [number, number, number, number];

export const mobileNetV2Stages: readonly Bottleneck[] = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

/**
 * MobileNetV2: Sandler, Howard, Zhu, Zhmoginov, Chen, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018,
 * arXiv 1801.04381, Table 2.
 */
export function mobileNetV2(options: MobileNetOptions & MobileNetV2Backbone): FloatModel {
  const { b, input } = FloatBuilder.start([1, 3, options.size, options.size], { seed: 103 });
  const features = mobileNetV2Features(b, input, options);
  const last = `features.${1 + options.stages.reduce((sum, [, , repeats]) => sum + repeats, 0)}`;
  const x = b.unit(features, divisible(1280 * options.width), { kernel: 1, act: "relu6" }, last);
  b.output(b.gemm(b.flatten(b.globalPool(x)), options.classes, "classifier.1"));
  return b.finish();
}

export interface MobileNetV2Backbone {
  /** Scales every channel count. */
  readonly width: number;
  readonly stages: readonly Bottleneck[];
  /** The largest output stride (32 by default): later strides become dilations, as dense prediction wants. */
  readonly outputStride?: number;
}

/** The features before the last 1x1 convolution. */
export function mobileNetV2Features(
  b: FloatBuilder,
  input: Value,
  { width, stages, outputStride = 32 }: MobileNetV2Backbone,
): Value {
  const scaled = (channels: number) => divisible(channels * width);
  let x = b.unit(input, scaled(32), { stride: 2, act: "relu6" }, "features.0");
  let index = 1;
  let reached = 2;
  let dilation = 1;
  for (const [expansion, channels, repeats, first] of stages) {
    const dense = first === 2 && reached >= outputStride;
    if (dense) dilation *= 2;
    else reached *= first;
    for (let i = 0; i < repeats; i++) {
      const block: InvertedResidual = {
        expanded: channelsOf(x) * expansion,
        channels: scaled(channels),
        kernel: 3,
        stride: i === 0 && !dense ? first : 1,
        // The first block of a stage whose stride is left out still reads features of the old spacing.
        dilation: i === 0 && dense ? dilation / 2 : dilation,
        act: "relu6",
      };
      x = b.within(`features.${index++}`, () => invertedResidual(b, x, block));
    }
  }
  return x;
}

export interface InvertedResidual {
  /** Channels of the depthwise convolution. */
  readonly expanded: number;
  readonly channels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly act: Activation;
  readonly dilation?: number;
  /** What gates the channels after the depthwise convolution, if anything. */
  readonly gate?: (x: Value) => Value;
}

/** 1x1 expansion, depthwise, linear 1x1 projection, and the input added where shapes agree. */
export function invertedResidual(b: FloatBuilder, x: Value, block: InvertedResidual): Value {
  const { expanded, kernel, stride, act, dilation } = block;
  const wide = expanded === channelsOf(x) ? x : b.unit(x, expanded, { kernel: 1, act }, "conv.0");
  const spatial = b.unit(wide, expanded, { kernel, stride, groups: expanded, dilation: dilation ?? 1, act }, "conv.1");
  const gated = block.gate?.(spatial) ?? spatial;
  const narrow = b.unit(gated, block.channels, { kernel: 1, act: "none" }, "conv.2");
  return stride === 1 && block.channels === channelsOf(x) ? b.add(x, narrow) : narrow;
}
