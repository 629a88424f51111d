import { channelsOf, divisible, FloatBuilder, type FloatModel, type Value } from "../float-builder.js";

/** Kernel, expanded channels, channels, whether a gate squeezes to a quarter, and stride. */
type GhostBlock = readonly [number, number, number, boolean, number];

export const ghostNetBlocks: readonly GhostBlock[] = [
  [3, 16, 16, false, 1],
  [3, 48, 24, false, 2],
  [3, 72, 24, false, 1],
  [5, 72, 40, true, 2],
  [5, 120, 40, true, 1],
  [3, 240, 80, false, 2],
  [3, 200, 80, false, 1],
  [3, 184, 80, false, 1],
  [3, 184, 80, false, 1],
  [3, 480, 112, true, 1],
  [3, 672, 112, true, 1],
  [5, 672, 160, true, 2],
  [5, 960, 160, false, 1],
  [5, 960, 160, true, 1],
  [5, 960, 160, false, 1],
  [5, 960, 160, true, 1],
];

export interface GhostNetOptions {
  readonly size: number;
  readonly classes: number;
  readonly width: number;
  readonly blocks: readonly GhostBlock[];
  /** Channels of the convolution before and of the one after the pooling. */
  readonly last: readonly [number, number];
}

/**
 * GhostNet: Han, Wang, Tian, Guo, Xu, Xu, "GhostNet: More Features from Cheap Operations", 2019, arXiv 1911.11907,
 * Table 1 and Figures 2 and 3, with the ratio s = 2 and cheap operations of 3x3.
 */
export function ghostNet(options: GhostNetOptions): FloatModel {
  const { b, input } = FloatBuilder.start([1, 3, options.size, options.size], { seed: 108 });
  const scaled = (channels: number) => divisible(channels * options.width, 4);
  let x = b.unit(input, scaled(16), { stride: 2 }, "conv_stem");
  options.blocks.forEach((block, i) => {
    x = b.within(`blocks.${i}`, () => bottleneck(b, x, block, scaled));
  });
  x = b.unit(x, scaled(options.last[0]), { kernel: 1 }, "conv_last");
  const hidden = b.within("conv_head", () => b.relu(b.conv(b.globalPool(x), options.last[1], { kernel: 1 })));
  b.output(b.gemm(b.flatten(hidden), options.classes, "classifier"));
  return b.finish();
}

function bottleneck(
  b: FloatBuilder,
  x: Value,
  [kernel, expansion, width, gate, stride]: GhostBlock,
  scaled: (channels: number) => number,
): Value {
  const [expanded, channels] = [scaled(expansion), scaled(width)];
  const wide = b.within("ghost1", () => ghost(b, x, expanded, "relu"));
  const spatial = stride === 1 ? wide : b.unit(wide, expanded, { kernel, stride, groups: expanded, act: "none" }, "dw");
  const gated = gate ? b.se(spatial, divisible(expanded / 4, 4), "relu", "hsigmoid") : spatial;
  const narrow = b.within("ghost2", () => ghost(b, gated, channels, "none"));
  if (stride === 1 && channelsOf(x) === channels) return b.add(narrow, x);
  const shortcut = b.within("shortcut", () => {
    const own = channelsOf(x);
    const reduced = b.unit(x, own, { kernel, stride, groups: own, act: "none" }, "0");
    return b.unit(reduced, channels, { kernel: 1, act: "none" }, "2");
  });
  return b.add(narrow, shortcut);
}

/** Half of the channels by a 1x1 convolution, the other half from those by a depthwise one. */
function ghost(b: FloatBuilder, x: Value, channels: number, act: "relu" | "none"): Value {
  const half = channels / 2;
  const primary = b.unit(x, half, { kernel: 1, act }, "primary_conv");
  const cheap = b.unit(primary, half, { groups: half, act }, "cheap_operation");
  return b.concat([primary, cheap]);
}
