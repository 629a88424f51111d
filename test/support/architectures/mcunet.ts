import { channelsOf, FloatBuilder, type FloatModel } from "../float-builder.js";
import { invertedResidual } from "./mobilenet.js";

/** Kernel, channels of the depthwise convolution, channels, and stride. */
type Block = readonly [number, number, number, number];

export const mcuNetIn4: readonly Block[] = [
  [3, 32, 16, 1],
  [7, 48, 24, 2],
  [3, 120, 24, 1],
  [5, 96, 24, 1],
  [7, 120, 40, 2],
  [3, 160, 40, 1],
  [7, 160, 40, 1],
  [7, 120, 80, 2],
  [3, 240, 80, 1],
  [7, 240, 80, 1],
  [3, 320, 96, 1],
  [5, 288, 96, 1],
  [5, 288, 96, 1],
  [7, 384, 192, 2],
  [7, 576, 192, 1],
  [5, 576, 192, 1],
  [5, 768, 320, 1],
];

export interface McuNetOptions {
  readonly size: number;
  readonly classes: number;
  readonly stem: number;
  readonly blocks: readonly Block[];
}

/**
 * MCUNet: Lin, Chen, Lin, Cohn, Gan, Han, "MCUNet: Tiny Deep Learning on IoT Devices", 2020, arXiv 2007.10319. The
 * published size is the searched network that its authors release as mcunet-in4, layer by layer: inverted residuals
 * with depthwise kernels of 3x3, 5x5 and 7x7, and no convolution after the last block.
 */
export function mcuNet(options: McuNetOptions): FloatModel {
  const { b, input } = FloatBuilder.start([1, 3, options.size, options.size], { seed: 110 });
  let x = b.unit(input, options.stem, { stride: 2, act: "relu6" }, "first_conv");
  options.blocks.forEach(([kernel, expanded, channels, stride], i) => {
    const block = { kernel, expanded, channels, stride, act: "relu6" } as const;
    x = b.within(`blocks.${i}.mobile_inverted_conv`, () => invertedResidual(b, x, block));
  });
  b.output(b.gemm(b.reshape(b.globalPool(x), [1, channelsOf(x)]), options.classes, "classifier"));
  return b.finish();
}
