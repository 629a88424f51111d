/** Packing for the MVE kernels: weights by 16 values of four or eight channels, quantization words by four channels. */
import type { WeightBlock } from "../channel-pruning.js";
import type { PackedConstant } from "../kernel.js";
import type { WeightedLayer } from "./layer.js";

/** Bytes of a vector, and so values of a step. */
export const LANES = 16;

/**
 * Weights of dot products in blocks of `width` channels of a group, the last one zero-filled: [depth / 16][width][16] and, behind,
 * [width][depth % 16]. A vector load of the last values reads up to 15 bytes further, so 16 zeros end the array. A depth beyond
 * what the layer has is filled with zeros.
 */
export function packVectorDots(
  weights: WeightBlock,
  width: 4 | 8,
  depth = weights.taps * weights.inputs,
  groups = 1,
): PackedConstant {
  const used = weights.taps * weights.inputs;
  const channels = weights.outputs / groups;
  const perGroup = Math.ceil(channels / width);
  const blocks = groups * perGroup;
  const data = new Int8Array(blocks * width * depth + LANES);
  for (let o = 0; o < weights.outputs; o++) {
    const lane = (o % channels) % width;
    const block = Math.floor(o / channels) * perGroup + Math.floor((o % channels) / width);
    for (let start = 0; start < depth; start += LANES) {
      const length = Math.min(LANES, depth - start);
      const from = o * used + start;
      const to = o * used + Math.min(used, start + length);
      data.set(weights.data.subarray(from, to), block * width * depth + width * start + lane * length);
    }
  }
  return {
    name: "weights",
    data,
    align: 16,
    comment: `[${blocks}] blocks of ${width} channels, each [${depth >> 4}][${width}][16] then [${width}][${depth % LANES}]; in [-128, 127]`,
    role: "weights",
  };
}

/** How a depthwise window is cut into vectors: columns of four rows (quads), four of those words to a vector. */
export interface ColumnGeometry {
  readonly quads: number;
  /** Vectors of weights in a window. */
  readonly vectors: number;
  /** Windows that one load of activations serves: at an even column and, with stride 1, at the next. */
  readonly sets: 1 | 2;
}

export function columnGeometry({
  kernelH,
  kernelW,
  strideW,
}: {
  readonly kernelH: number;
  readonly kernelW: number;
  readonly strideW: number;
}): ColumnGeometry {
  const quads = Math.ceil(kernelH / 4);
  const sets = strideW === 1 ? 2 : 1;
  return { quads, sets, vectors: Math.ceil((quads * (kernelW + sets - 1)) / 4) };
}

/** Depthwise weights by channel as vectors of four words, each a column of four rows; see lwc_mve_depthwise. */
export function packColumns(weights: WeightBlock, kernelH: number, kernelW: number, g: ColumnGeometry): PackedConstant {
  const bytes = g.vectors * g.sets * LANES;
  const data = new Int8Array(weights.outputs * bytes);
  for (let c = 0; c < weights.outputs; c++) {
    for (let set = 0; set < g.sets; set++) {
      for (let y = 0; y < kernelH; y++) {
        for (let x = 0; x < kernelW; x++) {
          const word = (x + set) * g.quads + (y >> 2);
          const at = c * bytes + ((word >> 2) * g.sets + set) * LANES + (word & 3) * 4 + (y & 3);
          data[at] = weights.data[(c * kernelH + y) * kernelW + x] ?? 0;
        }
      }
    }
  }
  return {
    name: "weights",
    data,
    align: 16,
    comment: `[${weights.outputs}][${g.vectors}]${g.sets === 2 ? "[2]" : ""}[4 columns][4 rows] in [-128, 127]`,
    role: "weights",
  };
}

/** Channels of each group of four within eight: of pairs of pixels in order, of single pixels even and odd apart. */
const orders = {
  4: [0, 1, 2, 3, 4, 5, 6, 7],
  8: [0, 2, 4, 6, 1, 3, 5, 7],
} as const;

/** Quantization words in groups of four channels: [4] of each word. Channels beyond the last, of a group, have zeros. */
export function packVectorQuant({ plan, weights }: WeightedLayer, width: 4 | 8, groups = 1): PackedConstant {
  const { outputs } = weights;
  const channels = outputs / groups;
  const perGroup = Math.ceil(channels / width) * width;
  return groupWords(plan.words, plan.wordsPerChannel, outputs, groups * perGroup, (position) => {
    const within = position % perGroup;
    const channel = within - (within % 8) + (orders[width][within % 8] ?? 0);
    return channel < channels ? Math.floor(position / perGroup) * channels + channel : outputs;
  });
}

/** `channelAt`: the channel at a position, or one beyond the last. */
function groupWords(
  words: Int32Array,
  perChannel: number,
  channels: number,
  positions: number,
  channelAt: (position: number) => number,
): PackedConstant {
  const data = new Int32Array(positions * perChannel);
  for (let position = 0; position < positions; position++) {
    const channel = channelAt(position);
    if (channel >= channels) continue;
    const group = (position >> 2) * 4 * perChannel;
    for (let word = 0; word < perChannel; word++)
      data[group + word * 4 + (position & 3)] = words[channel * perChannel + word] ?? 0;
  }
  return {
    name: "quant",
    data,
    align: 16,
    comment: `[${positions / 4}][${perChannel}][4]: bias and requantization words of four channels each`,
    role: "table",
  };
}
