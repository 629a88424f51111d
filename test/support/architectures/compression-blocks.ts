/** Small networks of one block of the compression literature each. */
import type { Architecture } from "./architecture.js";
import { type CompressedBlock, type CompressionOptions, compressionNet } from "./compression.js";

const tiny: CompressionOptions = { size: 16, channels: 16, kernel: 3, blocks: 2, reduction: 4, classes: 10 };
/** Pictures of CIFAR-10, the channels of ResNet-20's last stage. */
const published: CompressionOptions = { size: 32, channels: 64, kernel: 3, blocks: 6, reduction: 4, classes: 10 };

export const compressionBlocks: readonly Architecture[] = [
  block("bottleneck", "Bottleneck blocks", 2015, "1512.03385"),
  block("low-rank", "Low-rank pairs, k x 1 and 1 x k", 2014, "1405.3866"),
  block("two-branch", "Two branches, 1 x k beside k x 1", 2015, "1511.06744"),
  block("fire", "Fire modules with pooling", 2016, "1602.07360"),
  block("separable", "Depthwise separable pairs", 2017, "1704.04861"),
];

function block(kind: CompressedBlock, title: string, year: number, arxiv: string): Architecture {
  return {
    name: `block-${kind}`,
    title,
    year,
    arxiv,
    tiny: () => compressionNet(kind, tiny),
    published: () => compressionNet(kind, published),
    reference: { source: "the block has no published network of this size" },
  };
}
