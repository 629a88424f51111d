import {
  channelsOf,
  divisible,
  FloatBuilder,
  type FloatModel,
  type HswishSpelling,
  type Value,
} from "../float-builder.js";
import { type InvertedResidual, invertedResidual, type MobileNetOptions } from "./mobilenet.js";

/** Kernel, expanded channels, channels, squeeze-and-excitation, activation and stride, as the paper's tables list them. */
type Bneck = readonly [number, number, number, "se" | "", "RE" | "HS", number];

export const mobileNetV3Large: readonly Bneck[] = [
  [3, 16, 16, "", "RE", 1],
  [3, 64, 24, "", "RE", 2],
  [3, 72, 24, "", "RE", 1],
  [5, 72, 40, "se", "RE", 2],
  [5, 120, 40, "se", "RE", 1],
  [5, 120, 40, "se", "RE", 1],
  [3, 240, 80, "", "HS", 2],
  [3, 200, 80, "", "HS", 1],
  [3, 184, 80, "", "HS", 1],
  [3, 184, 80, "", "HS", 1],
  [3, 480, 112, "se", "HS", 1],
  [3, 672, 112, "se", "HS", 1],
  [5, 672, 160, "se", "HS", 2],
  [5, 960, 160, "se", "HS", 1],
  [5, 960, 160, "se", "HS", 1],
];

export const mobileNetV3Small: readonly Bneck[] = [
  [3, 16, 16, "se", "RE", 2],
  [3, 72, 24, "", "RE", 2],
  [3, 88, 24, "", "RE", 1],
  [5, 96, 40, "se", "HS", 2],
  [5, 240, 40, "se", "HS", 1],
  [5, 240, 40, "se", "HS", 1],
  [5, 120, 48, "se", "HS", 1],
  [5, 144, 48, "se", "HS", 1],
  [5, 288, 96, "se", "HS", 2],
  [5, 576, 96, "se", "HS", 1],
  [5, 576, 96, "se", "HS", 1],
];

export interface MobileNetV3Backbone {
  /** Scales every channel count. */
  readonly width: number;
  readonly blocks: readonly Bneck[];
  /** The largest output stride (32 by default): later strides become dilations, as dense prediction wants. */
  readonly outputStride?: number;
}

/**
 * MobileNetV3: Howard et al., "Searching for MobileNetV3", 2019, arXiv 1905.02244, Tables 1 and 2. The gate squeezes
 * to a quarter of the expanded channels. `head` is the width of the hidden fully connected layer.
 */
export function mobileNetV3(
  options: MobileNetOptions & MobileNetV3Backbone & { readonly head: number; readonly hswish: HswishSpelling },
): FloatModel {
  const { b, input } = FloatBuilder.start([1, 3, options.size, options.size], { seed: 104, hswish: options.hswish });
  const { deep } = mobileNetV3Features(b, input, options);
  const hidden = b.gemm(b.flatten(b.globalPool(deep)), divisible(options.head * options.width), "classifier.0");
  const activated = b.within("classifier.1", () => b.hswish(hidden));
  b.output(b.gemm(activated, options.classes, "classifier.3"));
  return b.finish();
}

/** The last features, six times as wide as the last block, and those where the resolution falls to 1/8 (`low`). */
export function mobileNetV3Features(
  b: FloatBuilder,
  input: Value,
  { width, blocks, outputStride = 32 }: MobileNetV3Backbone,
): { readonly low: Value; readonly deep: Value } {
  const scaled = (channels: number) => divisible(channels * width);
  let x = b.unit(input, scaled(16), { stride: 2, act: "hswish" }, "features.0");
  let low = x;
  let reached = 2;
  let dilation = 1;
  blocks.forEach(([kernel, expansion, channels, gate, act, stride], i) => {
    const dense = stride === 2 && reached >= outputStride;
    if (dense) dilation *= 2;
    const expanded = scaled(expansion);
    const block: InvertedResidual = {
      kernel,
      expanded,
      channels: scaled(channels),
      stride: dense ? 1 : stride,
      dilation,
      act: act === "RE" ? "relu" : "hswish",
      ...(gate === "se" ? { gate: (v: Value) => b.se(v, divisible(expanded / 4), "relu", "hsigmoid") } : {}),
    };
    x = b.within(`features.${i + 1}.block`, () => invertedResidual(b, x, block));
    reached *= block.stride;
    if (block.stride === 2 && reached <= 8) low = x;
  });
  const deep = b.unit(x, 6 * channelsOf(x), { kernel: 1, act: "hswish" }, `features.${blocks.length + 1}`);
  return { low, deep };
}
