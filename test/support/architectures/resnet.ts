import { channelsOf, FloatBuilder, type FloatModel, type Value } from "../float-builder.js";

export interface ResNetOptions {
  readonly size: number;
  readonly classes: number;
  /** Channels of the first convolution and of the first stage's 3x3 convolutions; later stages double. */
  readonly width: number;
  /** Blocks of each stage. */
  readonly stages: readonly number[];
  /** "basic": two 3x3. "bottleneck": 1x1, 3x3, 1x1 to four times the channels. */
  readonly block: "basic" | "bottleneck";
  /** Groups of the 3x3 convolution, and channels of each in the first stage (ResNeXt). */
  readonly groups?: { readonly count: number; readonly width: number };
  /** Squeeze-and-excitation after each block's last BatchNorm, with this reduction. */
  readonly seReduction?: number;
  /** Which convolution of a bottleneck has the stride: the first in the paper and in SENet, the 3x3 in ResNeXt. */
  readonly strideOn?: "first" | "spatial";
}

/**
 * ResNet: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", 2015, arXiv 1512.03385, Table 1, with
 * projection shortcuts where shapes change (option B). With `groups` ResNeXt: Xie, Girshick, Dollar, Tu, He,
 * "Aggregated Residual Transformations for Deep Neural Networks", 2016, arXiv 1611.05431, Figure 3c. With
 * `seReduction` SE-ResNet: Hu, Shen, Albanie, Sun, Wu, "Squeeze-and-Excitation Networks", 2017, arXiv 1709.01507.
 */
export function resNet(options: ResNetOptions): FloatModel {
  const { b, input } = FloatBuilder.start([1, 3, options.size, options.size], { seed: 107 });
  let x = b.unit(input, options.width, { kernel: 7, stride: 2 }, "conv1");
  x = b.maxPool(x, 3, { stride: 2, pad: 1 });
  options.stages.forEach((blocks, stage) => {
    for (let i = 0; i < blocks; i++) {
      const stride = i === 0 && stage > 0 ? 2 : 1;
      x = b.within(`layer${stage + 1}.${i}`, () => block(b, x, options, 2 ** stage, stride));
    }
  });
  b.output(b.gemm(b.flatten(b.globalPool(x)), options.classes, "fc"));
  return b.finish();
}

function block(b: FloatBuilder, x: Value, options: ResNetOptions, scale: number, stride: number): Value {
  const planes = options.width * scale;
  const channels = options.block === "basic" ? planes : 4 * planes;
  const transformed =
    options.block === "basic" ? basic(b, x, planes, stride) : bottleneck(b, x, options, scale, channels, stride);
  const gated = options.seReduction === undefined ? transformed : b.se(transformed, channels / options.seReduction);
  const same = stride === 1 && channelsOf(x) === channels;
  const shortcut = same ? x : b.unit(x, channels, { kernel: 1, stride, act: "none" }, "downsample");
  return b.relu(b.add(gated, shortcut));
}

function basic(b: FloatBuilder, x: Value, planes: number, stride: number): Value {
  return b.unit(b.unit(x, planes, { stride }, "1"), planes, { act: "none" }, "2");
}

function bottleneck(
  b: FloatBuilder,
  x: Value,
  { width, groups, strideOn = "first" }: ResNetOptions,
  scale: number,
  channels: number,
  stride: number,
): Value {
  const inner = groups === undefined ? width * scale : groups.count * groups.width * scale;
  const [first, spatial] = strideOn === "first" ? [stride, 1] : [1, stride];
  const narrow = b.unit(x, inner, { kernel: 1, stride: first }, "1");
  const mixed = b.unit(narrow, inner, { stride: spatial, groups: groups?.count ?? 1 }, "2");
  return b.unit(mixed, channels, { kernel: 1, act: "none" }, "3");
}
