import { channelsOf, FloatBuilder, type FloatModel, type Value } from "../float-builder.js";

/** Kernel of the shift, expansion of the first block and of the others, channels, and blocks; the first halves the resolution. */
type Stage = readonly [number, number, number, number, number];

export const shiftNetA: readonly Stage[] = [
  [5, 4, 4, 64, 5],
  [5, 4, 3, 128, 6],
  [3, 3, 2, 256, 7],
  [3, 2, 1, 512, 3],
];

export interface ShiftNetOptions {
  readonly size: number;
  readonly classes: number;
  readonly stem: number;
  readonly stages: readonly Stage[];
  /** Whether a shift is a depthwise convolution with one-hot kernels, or Pad, Slice and Concat. */
  readonly shift: "conv" | "slices";
}

/**
 * ShiftNet: Wu, Wan, Yue, Jin, Zhao, Golmant, Gholaminejad, Gonzalez, Keutzer, "Shift: A Zero FLOP, Zero Parameter
 * Alternative to Spatial Convolutions", 2017, arXiv 1711.08141, Figure 2 and the table of ShiftNet-A. Each module is
 * BatchNorm, ReLU, 1x1, shift, BatchNorm, ReLU, 1x1; where it halves the resolution the pooled input is concatenated.
 */
export function shiftNet(options: ShiftNetOptions): FloatModel {
  const { b, input } = FloatBuilder.start([1, 3, options.size, options.size], { seed: 109 });
  let x = b.conv(input, options.stem, { kernel: 7, stride: 2, bias: false }, "conv1");
  options.stages.forEach(([kernel, first, others, channels, blocks], stage) => {
    for (let i = 0; i < blocks; i++) {
      const expansion = i === 0 ? first : others;
      x = b.within(`layer${stage + 1}.${i}`, () =>
        module(b, x, { kernel, expansion, channels, stride: i === 0 ? 2 : 1, shift: options.shift }),
      );
    }
  });
  const features = b.relu(b.bn(x));
  b.output(b.gemm(b.flatten(b.globalPool(features)), options.classes));
  return b.finish();
}

interface Module {
  readonly kernel: number;
  readonly expansion: number;
  readonly channels: number;
  readonly stride: number;
  readonly shift: "conv" | "slices";
}

function module(b: FloatBuilder, x: Value, { kernel, expansion, channels, stride, shift }: Module): Value {
  const made = stride === 2 ? channels - channelsOf(x) : channels;
  const active = b.relu(b.bn(x, "bn1"));
  const wide = b.conv(active, made * expansion, { kernel: 1, bias: false }, "conv1");
  const shifted = shift === "conv" ? b.shiftConv(wide, kernel) : b.shiftSlices(wide, kernel);
  const mixed = b.conv(b.relu(b.bn(shifted, "bn2")), made, { kernel: 1, stride, bias: false }, "conv2");
  if (stride === 1) return b.add(mixed, x);
  return b.concat([mixed, b.averagePool(x, 3, { stride: 2, pad: 1 })]);
}
