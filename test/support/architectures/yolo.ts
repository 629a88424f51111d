import { FloatBuilder, type FloatModel, type Value } from "../float-builder.js";

export interface TinyYoloOptions {
  readonly size: number;
  /** Scales every channel count but those of the two outputs. */
  readonly width: number;
  readonly classes: number;
  /** Channels of the convolutions with a pooling of stride 2 behind each. */
  readonly stem: readonly number[];
}

/**
 * YOLOv3-tiny: Redmon, Farhadi, "YOLOv3: An Incremental Improvement", 2018, arXiv 1804.02767; the layers are those of
 * the authors' yolov3-tiny.cfg. Leaky ReLU, a pooling of stride 1 that pads at the end, and a second, finer output from
 * upsampled features joined with earlier ones. Outputs are raw: three anchors of 5 + classes values at each place.
 */
export function tinyYoloV3({ size, width, classes, stem }: TinyYoloOptions): FloatModel {
  const { b, input } = FloatBuilder.start([1, 3, size, size], { seed: 114 });
  const scaled = (channels: number) => Math.max(4, Math.round(channels * width));
  const unit = (x: Value, channels: number, kernel: number, module: string) =>
    b.unit(x, scaled(channels), { kernel, act: "leaky" }, module);
  const detect = (x: Value, module: string) => b.output(b.conv(x, 3 * (5 + classes), { kernel: 1 }, module));
  let x = input;
  let fine = input;
  stem.forEach((channels, i) => {
    fine = unit(x, channels, 3, `backbone.${2 * i}`);
    x = b.maxPool(fine, 2);
  });
  x = b.maxPool(unit(x, 512, 3, "backbone.10"), 2, { stride: 1, padEnd: 1 });
  const neck = unit(unit(x, 1024, 3, "backbone.12"), 256, 1, "neck.0");
  detect(unit(neck, 512, 3, "head.0"), "head.1");
  const upsampled = b.resize(unit(neck, 128, 1, "neck.1"), fine.dims.slice(2));
  detect(unit(b.concat([upsampled, fine]), 256, 3, "head.2"), "head.3");
  return b.finish();
}
