import { FloatBuilder, type FloatModel } from "../float-builder.js";
import { separable } from "./mobilenet.js";

export interface DsCnnOptions {
  /** Frames and features of each. */
  readonly input: readonly [number, number];
  readonly channels: number;
  readonly blocks: number;
  readonly classes: number;
}

/**
 * DS-CNN for keyword spotting: Zhang, Suda, Lai, Chandra, "Hello Edge: Keyword Spotting on Microcontrollers", 2017,
 * arXiv 1711.07128, section 4 and Table 5 of the appendix: a 10x4 convolution of stride 2, depthwise separable blocks,
 * average pooling over everything.
 */
export function dsCnn({ input: [frames, features], channels, blocks, classes }: DsCnnOptions): FloatModel {
  const { b, input } = FloatBuilder.start([1, 1, frames, features], { seed: 118 });
  let x = b.unit(input, channels, { kernel: [10, 4], stride: 2, pad: [5, 1] }, "conv_1");
  for (let i = 1; i <= blocks; i++) x = b.within(`conv_ds_${i}`, () => separable(b, x, channels, 1, "relu"));
  const [, , height = 1, width = 1] = x.dims;
  const pooled = b.averagePool(x, [height, width]);
  b.output(b.softmax(b.gemm(b.flatten(pooled), classes, "fc1")));
  return b.finish();
}

export interface WaveformNetOptions {
  readonly samples: number;
  readonly classes: number;
  /** Channels of the first convolution. */
  readonly stem: number;
  /** Channels and convolutions between two poolings. */
  readonly stages: readonly (readonly [number, number])[];
}

/**
 * A 1-D CNN on raw sound, M3 to M18: Dai, Dai, Qu, Li, Das, "Very Deep Convolutional Neural Networks for Raw
 * Waveforms", 2016, arXiv 1610.00087, Table 1: a convolution of 80 samples and stride 4, then of 3, BatchNorm and ReLU
 * behind each, pooling by 4 between stages and over everything at the end.
 */
export function waveformNet({ samples, classes, stem, stages }: WaveformNetOptions): FloatModel {
  const { b, input } = FloatBuilder.start([1, 1, samples], { seed: 119 });
  let x = b.unit(input, stem, { kernel: 80, stride: 4, pad: 38 }, "conv1");
  stages.forEach(([channels, layers], stage) => {
    x = b.maxPool(x, 4);
    for (let i = 0; i < layers; i++) x = b.unit(x, channels, {}, `conv${stage + 2}.${i}`);
  });
  b.output(b.softmax(b.gemm(b.flatten(b.globalPool(x)), classes)));
  return b.finish();
}
