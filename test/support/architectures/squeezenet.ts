import { FloatBuilder, type FloatModel, type Value } from "../float-builder.js";

/** Squeeze, expand 1x1 and expand 3x3 channels of a fire module. */
type Fire = readonly [number, number, number];

export interface SqueezeNetOptions {
  readonly version: "1.0" | "1.1";
  readonly size: number;
  /** Scales every channel count. */
  readonly width: number;
  readonly classes: number;
  /** Fire modules between the poolings. */
  readonly stages: readonly (readonly Fire[])[];
}

const fires: readonly Fire[] = [
  [16, 64, 64],
  [16, 64, 64],
  [32, 128, 128],
  [32, 128, 128],
  [48, 192, 192],
  [48, 192, 192],
  [64, 256, 256],
  [64, 256, 256],
];

/** Where the poolings stand among the eight fire modules. */
export const squeezeNetStages = {
  "1.0": [fires.slice(0, 3), fires.slice(3, 7), fires.slice(7)],
  "1.1": [fires.slice(0, 2), fires.slice(2, 4), fires.slice(4)],
};

/**
 * SqueezeNet: Iandola, Han, Moskewicz, Ashraf, Dally, Keutzer, "SqueezeNet: AlexNet-level accuracy with 50x fewer
 * parameters and <0.5MB model size", 2016, arXiv 1602.07360. Version 1.1 is the authors' later release, which pools
 * earlier. Fire modules, no BatchNorm, a convolution as classifier.
 */
export function squeezeNet(options: SqueezeNetOptions): FloatModel {
  const { b, input } = FloatBuilder.start([1, 3, options.size, options.size], { seed: 101 });
  const scaled = (channels: number) => Math.max(4, Math.round(channels * options.width));
  const stem = options.version === "1.0" ? { channels: 96, kernel: 7 } : { channels: 64, kernel: 3 };
  let x = b.within("features", () => {
    const first = b.conv(input, scaled(stem.channels), { kernel: stem.kernel, stride: 2, pad: 0 }, "0");
    return b.relu(first);
  });
  let index = 2;
  for (const stage of options.stages) {
    x = b.within("features", () => b.maxPool(x, 3, { stride: 2, ceil: true }));
    for (const [squeeze, one, three] of stage) {
      index++;
      x = b.within(`features.${index}`, () => fire(b, x, [scaled(squeeze), scaled(one), scaled(three)]));
    }
  }
  const scores = b.within("classifier", () => b.relu(b.conv(x, options.classes, { kernel: 1 }, "1")));
  b.output(b.flatten(b.globalPool(scores)));
  return b.finish();
}

/** A 1x1 convolution to few channels, then a 1x1 and a 3x3 side by side. */
export function fire(b: FloatBuilder, x: Value, [squeeze, one, three]: Fire): Value {
  const squeezed = b.relu(b.conv(x, squeeze, { kernel: 1 }, "squeeze"));
  return b.concat([
    b.relu(b.conv(squeezed, one, { kernel: 1 }, "expand1x1")),
    b.relu(b.conv(squeezed, three, { kernel: 3 }, "expand3x3")),
  ]);
}
