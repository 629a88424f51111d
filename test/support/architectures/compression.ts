import { channelsOf, FloatBuilder, type FloatModel, type Value } from "../float-builder.js";
import { separable } from "./mobilenet.js";
import { fire } from "./squeezenet.js";

/** What stands for a standard k x k convolution with as many channels. */
export type CompressedBlock = "standard" | "bottleneck" | "low-rank" | "two-branch" | "fire" | "separable";

export interface CompressionOptions {
  readonly size: number;
  readonly channels: number;
  readonly kernel: number;
  readonly blocks: number;
  /** By what the bottleneck, the low-rank pair and the squeeze layer narrow. */
  readonly reduction: number;
  readonly classes: number;
}

/**
 * A stem, the same compressed block several times with BatchNorm and ReLU, and a classifier.
 *
 * - bottleneck: 1x1, k x k on `reduction` times fewer channels, 1x1, and the input added. He, Zhang, Ren, Sun, "Deep
 *   Residual Learning for Image Recognition", 2015, arXiv 1512.03385, Figure 5.
 * - low-rank: a k x 1 convolution to few channels and a 1 x k back. Jaderberg, Vedaldi, Zisserman, "Speeding up
 *   Convolutional Neural Networks with Low Rank Expansions", 2014, arXiv 1405.3866, section 2, scheme 2.
 * - two-branch: half of the channels by 1 x k, half by k x 1, joined. Ioannou, Robertson, Shotton, Cipolla, Criminisi,
 *   "Training CNNs with Low-Rank Filters for Efficient Image Classification", 2015, arXiv 1511.06744, Figure 3.
 * - fire: SqueezeNet's module and, after each but the last, its pooling. Iandola et al., 2016, arXiv 1602.07360.
 * - separable: k x k depthwise, 1x1. Howard et al., "MobileNets", 2017, arXiv 1704.04861, section 3.1.
 */
export function compressionNet(kind: CompressedBlock, options: CompressionOptions): FloatModel {
  const { size, channels, blocks, classes } = options;
  const { b, input } = FloatBuilder.start([1, 3, size, size], { seed: 120 });
  let x = b.unit(input, channels, {}, "stem");
  for (let i = 0; i < blocks; i++) {
    x = b.within(`blocks.${i}`, () => compressed(b, x, kind, options));
    if (kind === "fire" && i < blocks - 1) x = b.maxPool(x, 3, { stride: 2, ceil: true });
  }
  b.output(b.gemm(b.flatten(b.globalPool(x)), classes));
  return b.finish();
}

function compressed(b: FloatBuilder, x: Value, kind: CompressedBlock, options: CompressionOptions): Value {
  const channels = channelsOf(x);
  const { kernel } = options;
  const narrow = channels / options.reduction;
  switch (kind) {
    case "standard":
      return b.unit(x, channels, { kernel }, "conv");
    case "bottleneck": {
      const spatial = b.unit(b.unit(x, narrow, { kernel: 1 }, "reduce"), narrow, { kernel }, "spatial");
      return b.relu(b.add(x, b.unit(spatial, channels, { kernel: 1, act: "none" }, "expand")));
    }
    case "low-rank": {
      const vertical = b.conv(x, narrow, { kernel: [kernel, 1], bias: false }, "vertical");
      return b.unit(vertical, channels, { kernel: [1, kernel] }, "horizontal");
    }
    case "two-branch":
      return b.concat([
        b.unit(x, channels / 2, { kernel: [1, kernel] }, "horizontal"),
        b.unit(x, channels / 2, { kernel: [kernel, 1] }, "vertical"),
      ]);
    case "fire":
      return fire(b, x, [narrow, channels / 2, channels / 2]);
    case "separable":
      return separable(b, x, channels, 1, "relu");
  }
}
