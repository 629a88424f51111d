import { FloatBuilder, type FloatModel, type HswishSpelling, type Value } from "../float-builder.js";
import { type MobileNetV2Backbone, mobileNetV2Features } from "./mobilenet.js";
import { type MobileNetV3Backbone, mobileNetV3Features } from "./mobilenet-v3.js";

export interface SegmentationOptions {
  readonly size: number;
  readonly classes: number;
  /** Channels of the head. */
  readonly head: number;
}

/**
 * LR-ASPP on MobileNetV3: Howard et al., "Searching for MobileNetV3", 2019, arXiv 1905.02244, Figure 10, in the form of
 * torchvision, whose gate pools over the whole map. The deep features are gated, upsampled, and added to scores of
 * features at 1/8 of the resolution; the sum is upsampled to the size of the input.
 */
export function lrAspp(
  options: SegmentationOptions & MobileNetV3Backbone & { readonly hswish: HswishSpelling },
): FloatModel {
  const { size, classes, head } = options;
  const { b, input } = FloatBuilder.start([1, 3, size, size], { seed: 115, hswish: options.hswish });
  const { low, deep } = b.within("backbone", () => mobileNetV3Features(b, input, options));
  const scores = b.within("classifier", () => {
    const mixed = b.unit(deep, head, { kernel: 1 }, "cbr");
    const gate = b.sigmoid(b.conv(b.globalPool(deep), head, { kernel: 1, bias: false }, "scale.1"));
    const fine = b.resize(b.mul(mixed, gate), low.dims.slice(2), "linear");
    const coarse = b.conv(fine, classes, { kernel: 1 }, "high_classifier");
    return b.add(b.conv(low, classes, { kernel: 1 }, "low_classifier"), coarse);
  });
  b.output(b.resize(scores, [size, size], "linear"));
  return b.finish();
}

/**
 * DeepLabv3 on MobileNetV2: Chen, Papandreou, Schroff, Adam, "Rethinking Atrous Convolution for Semantic Image
 * Segmentation", 2017, arXiv 1706.05587, section 3.3, on the last but one features of Sandler et al., arXiv 1801.04381,
 * section 6.3. Atrous spatial pyramid pooling: a 1x1, three dilated 3x3 and the pooled features side by side.
 */
export function deepLabV3(
  options: SegmentationOptions & MobileNetV2Backbone & { readonly rates: readonly number[] },
): FloatModel {
  const { size, classes, head, rates } = options;
  const { b, input } = FloatBuilder.start([1, 3, size, size], { seed: 116 });
  const deep = b.within("backbone", () => mobileNetV2Features(b, input, options));
  const scores = b.within("classifier", () => {
    const pooled = b.unit(b.globalPool(deep), head, { kernel: 1 }, "aspp.pooling");
    const branches = [
      b.unit(deep, head, { kernel: 1 }, "aspp.0"),
      ...rates.map((dilation, i) => b.unit(deep, head, { dilation }, `aspp.${i + 1}`)),
      b.resize(pooled, deep.dims.slice(2), "linear"),
    ];
    return b.conv(b.unit(b.concat(branches), head, { kernel: 1 }, "project"), classes, { kernel: 1 }, "last");
  });
  b.output(b.resize(scores, [size, size], "linear"));
  return b.finish();
}

export interface UNetOptions {
  readonly size: number;
  readonly classes: number;
  /** Channels of each level, the finest first. */
  readonly widths: readonly number[];
}

/**
 * U-Net: Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", 2015, arXiv
 * 1505.04597, Figure 1: unpadded 3x3 convolutions, poolings on the way down, transposed 2x2 convolutions on the way up,
 * each joined with the middle of the features of its level.
 */
export function uNet({ size, classes, widths }: UNetOptions): FloatModel {
  const { b, input } = FloatBuilder.start([1, 1, size, size], { seed: 117 });
  const skips: Value[] = [];
  let x = input;
  widths.forEach((channels, level) => {
    if (level > 0) x = b.maxPool(x, 2);
    x = b.within(`down.${level}`, () => twice(b, x, channels));
    skips.push(x);
  });
  for (let level = widths.length - 2; level >= 0; level--) {
    const [channels, skip] = [widths[level], skips[level]];
    if (channels === undefined || skip === undefined) throw new Error(`no level ${level}`);
    x = b.within(`up.${level}`, () => {
      const grown = b.convTranspose(x, channels, { kernel: 2, stride: 2 }, "up");
      return twice(b, b.concat([crop(b, skip, grown.dims), grown]), channels);
    });
  }
  b.output(b.conv(x, classes, { kernel: 1 }, "outc"));
  return b.finish();
}

function twice(b: FloatBuilder, x: Value, channels: number): Value {
  const layer = (v: Value, module: string) => b.relu(b.conv(v, channels, { pad: 0 }, module));
  return layer(layer(x, "conv1"), "conv2");
}

/** The middle of the spatial axes. */
function crop(b: FloatBuilder, x: Value, dims: readonly number[]): Value {
  return [2, 3].reduce((value, axis) => {
    const [have = 0, want = 0] = [x.dims[axis], dims[axis]];
    const begin = Math.floor((have - want) / 2);
    return b.slice(value, axis, begin, begin + want);
  }, x);
}
