import { FloatBuilder, type FloatModel, type Value } from "../float-builder.js";
import type { MobileNetOptions } from "./mobilenet.js";

/** Channels: 1x1; reduction and 3x3; reduction and 5x5; behind the pooling. */
type Inception = readonly [number, number, number, number, number, number];

/** The modules between two poolings, as Table 1 lists them. */
export const inceptions: Readonly<Record<"3" | "4" | "5", readonly Inception[]>> = {
  "3": [
    [64, 96, 128, 16, 32, 32],
    [128, 128, 192, 32, 96, 64],
  ],
  "4": [
    [192, 96, 208, 16, 48, 64],
    [160, 112, 224, 24, 64, 64],
    [128, 128, 256, 24, 64, 64],
    [112, 144, 288, 32, 64, 64],
    [256, 160, 320, 32, 128, 128],
  ],
  "5": [
    [256, 160, 320, 32, 128, 128],
    [384, 192, 384, 48, 128, 128],
  ],
};

/**
 * GoogLeNet: Szegedy et al., "Going Deeper with Convolutions", 2014, arXiv 1409.4842, Table 1 and Figures 2b and 3,
 * without the auxiliary classifiers, which serve training only. Inception modules of four branches joined by channels,
 * local response normalization around the second stage, no BatchNorm.
 */
export function googLeNet(
  options: MobileNetOptions & { readonly stages: readonly (readonly Inception[])[] },
): FloatModel {
  const { b, input } = FloatBuilder.start([1, 3, options.size, options.size], { seed: 112 });
  const scaled = (channels: number) => Math.max(4, Math.round(channels * options.width));
  const half = (x: Value) => b.maxPool(x, 3, { stride: 2, ceil: true });
  let x = half(b.relu(b.conv(input, scaled(64), { kernel: 7, stride: 2 }, "conv1")));
  x = b.lrn(x, 5);
  x = b.relu(b.conv(x, scaled(64), { kernel: 1 }, "conv2.reduce"));
  x = half(b.lrn(b.relu(b.conv(x, scaled(192), { kernel: 3 }, "conv2.3x3")), 5));
  options.stages.forEach((modules, stage) => {
    if (stage > 0) x = half(x);
    modules.forEach((channels, i) => {
      x = b.within(`inception${stage + 3}${"abcde".charAt(i)}`, () => inception(b, x, channels.map(scaled)));
    });
  });
  b.output(b.softmax(b.gemm(b.flatten(b.globalPool(x)), options.classes)));
  return b.finish();
}

function inception(b: FloatBuilder, x: Value, channels: readonly number[]): Value {
  const [one = 0, reduce3 = 0, three = 0, reduce5 = 0, five = 0, pooled = 0] = channels;
  const layer = (v: Value, n: number, kernel: number, module: string) => b.relu(b.conv(v, n, { kernel }, module));
  return b.concat([
    layer(x, one, 1, "1x1"),
    layer(layer(x, reduce3, 1, "3x3_reduce"), three, 3, "3x3"),
    layer(layer(x, reduce5, 1, "5x5_reduce"), five, 5, "5x5"),
    layer(b.maxPool(x, 3, { stride: 1, pad: 1 }), pooled, 1, "pool_proj"),
  ]);
}
