import { channelsOf, divisible, FloatBuilder, type FloatModel, type Value } from "../float-builder.js";
import { type InvertedResidual, invertedResidual } from "./mobilenet.js";

/** Expansion, kernel, stride of the first, channels, repeats. */
type Stage = readonly [number, number, number, number, number];

export const efficientNetB0: readonly Stage[] = [
  [1, 3, 1, 16, 1],
  [6, 3, 2, 24, 2],
  [6, 5, 2, 40, 2],
  [6, 3, 2, 80, 3],
  [6, 5, 1, 112, 3],
  [6, 5, 2, 192, 4],
  [6, 3, 1, 320, 1],
];

export interface EfficientNetOptions {
  readonly size: number;
  readonly classes: number;
  readonly width: number;
  readonly stages: readonly Stage[];
  readonly last: number;
  /** "lite" has no squeeze-and-excitation and ReLU6 in place of swish. */
  readonly variant: "full" | "lite";
}

/**
 * EfficientNet: Tan, Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019, arXiv
 * 1905.11946, Table 1, with the gates of MnasNet: a quarter of the block's input channels. "lite" is the authors'
 * EfficientNet-Lite (2020).
 */
export function efficientNet(options: EfficientNetOptions): FloatModel {
  const { b, input } = FloatBuilder.start([1, 3, options.size, options.size], { seed: 111 });
  const scaled = (channels: number) => divisible(channels * options.width);
  const act = options.variant === "full" ? "swish" : "relu6";
  let x = b.unit(input, scaled(32), { stride: 2, act }, "features.0");
  options.stages.forEach(([expansion, kernel, first, channels, repeats], stage) => {
    for (let i = 0; i < repeats; i++) {
      const squeezed = Math.max(1, Math.floor(channelsOf(x) / 4));
      const block: InvertedResidual = {
        kernel,
        expanded: channelsOf(x) * expansion,
        channels: scaled(channels),
        stride: i === 0 ? first : 1,
        act,
        ...(options.variant === "full" ? { gate: (v: Value) => b.se(v, squeezed, "swish") } : {}),
      };
      x = b.within(`features.${stage + 1}.${i}`, () => invertedResidual(b, x, block));
    }
  });
  x = b.unit(x, scaled(options.last), { kernel: 1, act }, `features.${options.stages.length + 1}`);
  b.output(b.gemm(b.flatten(b.globalPool(x)), options.classes, "classifier.1"));
  return b.finish();
}
