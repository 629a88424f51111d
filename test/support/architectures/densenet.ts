import { channelsOf, FloatBuilder, type FloatModel, type Value } from "../float-builder.js";

export interface DenseNetOptions {
  readonly size: number;
  readonly classes: number;
  /** Channels that each layer adds. */
  readonly growth: number;
  readonly stem: number;
  /** Layers of each dense block. */
  readonly stages: readonly number[];
}

/**
 * DenseNet-BC: Huang, Liu, van der Maaten, Weinberger, "Densely Connected Convolutional Networks", 2016, arXiv
 * 1608.06993, Table 1. Each layer is BatchNorm, ReLU, 1x1 to four times the growth, BatchNorm, ReLU, 3x3, and reads all
 * that came before it in its block; transitions halve channels and resolution.
 */
export function denseNet({ size, classes, growth, stem, stages }: DenseNetOptions): FloatModel {
  const { b, input } = FloatBuilder.start([1, 3, size, size], { seed: 113 });
  let x = b.within("features", () => b.unit(input, stem, { kernel: 7, stride: 2 }, "stem"));
  x = b.maxPool(x, 3, { stride: 2, pad: 1 });
  stages.forEach((layers, stage) => {
    if (stage > 0) x = b.within(`features.transition${stage}`, () => transition(b, x));
    for (let i = 1; i <= layers; i++) {
      const made = b.within(`features.denseblock${stage + 1}.denselayer${i}`, () => layer(b, x, growth));
      x = b.concat([x, made]);
    }
  });
  const features = b.relu(b.bn(x, "features.norm5"));
  b.output(b.gemm(b.flatten(b.globalPool(features)), classes, "classifier"));
  return b.finish();
}

function layer(b: FloatBuilder, x: Value, growth: number): Value {
  const narrow = b.conv(b.relu(b.bn(x, "norm1")), 4 * growth, { kernel: 1, bias: false }, "conv1");
  return b.conv(b.relu(b.bn(narrow, "norm2")), growth, { bias: false }, "conv2");
}

function transition(b: FloatBuilder, x: Value): Value {
  const halved = b.conv(b.relu(b.bn(x, "norm")), channelsOf(x) / 2, { kernel: 1, bias: false });
  return b.averagePool(halved, 2);
}
