/** Networks for classification on phones and microcontrollers. */
import { type Architecture, imageNet, tinySize } from "./architecture.js";
import { efficientNet, efficientNetB0 } from "./efficientnet.js";
import { ghostNet, ghostNetBlocks } from "./ghostnet.js";
import { mcuNet, mcuNetIn4 } from "./mcunet.js";
import { mobileNetV1, mobileNetV1Blocks, mobileNetV2, mobileNetV2Stages } from "./mobilenet.js";
import { mobileNetV3, mobileNetV3Large, mobileNetV3Small } from "./mobilenet-v3.js";
import { shiftNet, shiftNetA } from "./shiftnet.js";
import { shuffleNetV1, shuffleNetV2 } from "./shufflenet.js";
import { squeezeNet, squeezeNetStages } from "./squeezenet.js";

const tinyEfficientNet = [
  [1, 3, 1, 16, 1],
  [6, 5, 2, 24, 2],
] as const;

const publishedShift = { size: 224, classes: 1000, stem: 32, stages: shiftNetA };
const tinyShift = {
  size: 32,
  classes: 10,
  stem: 8,
  stages: [
    [5, 4, 3, 20, 2],
    [3, 2, 1, 40, 2],
  ],
} as const;

export const mobileNets: readonly Architecture[] = [
  {
    name: "squeezenet-1.0",
    title: "SqueezeNet 1.0",
    year: 2016,
    arxiv: "1602.07360",
    tiny: () =>
      squeezeNet({
        ...tinySize,
        version: "1.0",
        size: 47,
        stages: squeezeNetStages["1.0"].map((fires) => fires.slice(0, 1)),
      }),
    published: () => squeezeNet({ ...imageNet, version: "1.0", stages: squeezeNetStages["1.0"] }),
    reference: {
      parameters: 1_248_424,
      macs: 819e6,
      source: "Table 1; MACs of torchvision at 224 pixels, the authors' release gives 1.72 GFLOPS (two per MAC) at 227",
    },
  },
  {
    name: "squeezenet-1.1",
    title: "SqueezeNet 1.1",
    year: 2016,
    arxiv: "1602.07360",
    tiny: () =>
      squeezeNet({ ...tinySize, version: "1.1", stages: squeezeNetStages["1.1"].map((fires) => fires.slice(0, 1)) }),
    published: () => squeezeNet({ ...imageNet, version: "1.1", stages: squeezeNetStages["1.1"] }),
    reference: {
      parameters: 1_235_496,
      macs: 349e6,
      source: "torchvision at 224 pixels; the authors' release gives 0.72 GFLOPS at 227",
    },
  },
  {
    name: "mobilenet-v1",
    title: "MobileNetV1",
    year: 2017,
    arxiv: "1704.04861",
    tiny: () =>
      mobileNetV1({
        ...tinySize,
        blocks: [
          [64, 1],
          [128, 2],
          [128, 1],
          [256, 2],
        ],
      }),
    published: () => mobileNetV1({ ...imageNet, blocks: mobileNetV1Blocks }),
    reference: { parameters: 4.2e6, macs: 569e6, source: "Table 4" },
  },
  {
    name: "mobilenet-v2",
    title: "MobileNetV2",
    year: 2018,
    arxiv: "1801.04381",
    tiny: () =>
      mobileNetV2({
        ...tinySize,
        stages: [
          [1, 16, 1, 1],
          [6, 24, 2, 2],
          [6, 32, 2, 2],
        ],
      }),
    published: () => mobileNetV2({ ...imageNet, stages: mobileNetV2Stages }),
    reference: {
      parameters: 3_504_872,
      macs: 300e6,
      source:
        "MACs of Table 4; parameters of torchvision, where the table's 3.4M leaves out BatchNorm and truncates 3.47M",
    },
  },
  {
    name: "mobilenet-v3-small",
    title: "MobileNetV3-Small",
    year: 2019,
    arxiv: "1905.02244",
    tiny: () =>
      mobileNetV3({
        ...tinySize,
        hswish: "Clip",
        head: 128,
        blocks: [0, 1, 2, 3, 4].flatMap((i) => mobileNetV3Small.slice(i, i + 1)),
      }),
    published: () => mobileNetV3({ ...imageNet, hswish: "HardSigmoid", head: 1024, blocks: mobileNetV3Small }),
    reference: { parameters: 2.5e6, macs: 56e6, source: "Table 3 of version 5" },
  },
  {
    name: "mobilenet-v3-large",
    title: "MobileNetV3-Large",
    year: 2019,
    arxiv: "1905.02244",
    tiny: () =>
      mobileNetV3({
        ...tinySize,
        hswish: "HardSwish",
        head: 128,
        blocks: [0, 1, 3, 4, 6, 7].flatMap((i) => mobileNetV3Large.slice(i, i + 1)),
      }),
    published: () => mobileNetV3({ ...imageNet, hswish: "HardSigmoid", head: 1280, blocks: mobileNetV3Large }),
    reference: { parameters: 5.4e6, macs: 219e6, source: "Table 3" },
  },
  {
    name: "shufflenet-v1",
    title: "ShuffleNetV1 1x, 3 groups",
    year: 2017,
    arxiv: "1707.01083",
    tiny: () =>
      shuffleNetV1({
        size: 32,
        classes: 10,
        stem: 12,
        groups: 3,
        stages: [
          [60, 2],
          [120, 2],
        ],
      }),
    published: () =>
      shuffleNetV1({
        size: 224,
        classes: 1000,
        stem: 24,
        groups: 3,
        stages: [
          [240, 4],
          [480, 8],
          [960, 4],
        ],
      }),
    reference: {
      parameters: 1.9e6,
      macs: 138e6,
      source:
        "the authors' release (megvii-model/ShuffleNet-Series); the paper's Table 2 has 137 to 140 MFLOPs and no parameters",
    },
  },
  {
    name: "shufflenet-v2",
    title: "ShuffleNetV2 1x",
    year: 2018,
    arxiv: "1807.11164",
    tiny: () =>
      shuffleNetV2({
        size: 32,
        classes: 10,
        stem: 8,
        last: 64,
        stages: [
          [16, 2],
          [32, 3],
        ],
      }),
    published: () =>
      shuffleNetV2({
        size: 224,
        classes: 1000,
        stem: 24,
        last: 1024,
        stages: [
          [116, 4],
          [232, 8],
          [464, 4],
        ],
      }),
    reference: { parameters: 2.3e6, macs: 146e6, source: "Table 8 and the authors' release" },
  },
  {
    name: "ghostnet",
    title: "GhostNet 1.0x",
    year: 2019,
    arxiv: "1911.11907",
    tiny: () => ghostNet({ ...tinySize, last: [128, 32], blocks: ghostNetBlocks.slice(0, 5) }),
    published: () => ghostNet({ ...imageNet, last: [960, 1280], blocks: ghostNetBlocks }),
    reference: { parameters: 5.2e6, macs: 141e6, source: "Table 7" },
  },
  {
    name: "shiftnet-conv",
    title: "ShiftNet-A, shifts as one-hot depthwise convolutions",
    year: 2017,
    arxiv: "1711.08141",
    tiny: () => shiftNet({ ...tinyShift, shift: "conv" }),
    published: () => shiftNet({ ...publishedShift, shift: "conv" }),
    reference: { parameters: 4.1e6, withoutNormalization: true, macs: 1.4e9, source: "Table 5" },
  },
  {
    name: "shiftnet-slices",
    title: "ShiftNet-A, shifts as Pad, Slice and Concat",
    year: 2017,
    arxiv: "1711.08141",
    tiny: () => shiftNet({ ...tinyShift, shift: "slices" }),
    published: () => shiftNet({ ...publishedShift, shift: "slices" }),
    reference: { parameters: 4.1e6, withoutNormalization: true, macs: 1.4e9, source: "Table 5" },
  },
  {
    name: "mcunet-in4",
    title: "MCUNet for 512 kB (mcunet-in4)",
    year: 2020,
    arxiv: "2007.10319",
    tiny: () =>
      mcuNet({
        size: 32,
        classes: 10,
        stem: 8,
        blocks: [
          [3, 8, 8, 1],
          [7, 24, 16, 2],
          [5, 32, 16, 1],
          [7, 48, 24, 2],
          [3, 48, 24, 1],
        ],
      }),
    published: () => mcuNet({ size: 160, classes: 1000, stem: 32, blocks: mcuNetIn4 }),
    reference: { parameters: 1.73e6, macs: 125.9e6, source: "the authors' release (mit-han-lab/mcunet)" },
  },
  {
    name: "efficientnet-b0",
    title: "EfficientNet-B0",
    year: 2019,
    arxiv: "1905.11946",
    tiny: () => efficientNet({ ...tinySize, variant: "full", last: 256, stages: tinyEfficientNet }),
    published: () => efficientNet({ ...imageNet, variant: "full", last: 1280, stages: efficientNetB0 }),
    reference: { parameters: 5.3e6, macs: 0.39e9, source: "Table 2" },
  },
  {
    name: "efficientnet-lite0",
    title: "EfficientNet-Lite0",
    year: 2020,
    arxiv: "1905.11946",
    tiny: () => efficientNet({ ...tinySize, variant: "lite", last: 256, stages: tinyEfficientNet }),
    published: () => efficientNet({ ...imageNet, variant: "lite", last: 1280, stages: efficientNetB0 }),
    reference: {
      parameters: 4.7e6,
      macs: 0.39e9,
      source:
        "parameters of the authors' release (tensorflow/tpu, EfficientNet-Lite); MACs of EfficientNet-B0, whose gates add 0.2 %: " +
        "the release says 407M, 5 % more than its convolutions have",
    },
  },
];
