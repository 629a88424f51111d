/** Networks for detection and segmentation, whose outputs are maps. */
import type { Architecture } from "./architecture.js";
import { mobileNetV2Stages } from "./mobilenet.js";
import { mobileNetV3Large } from "./mobilenet-v3.js";
import { deepLabV3, lrAspp, uNet } from "./segmentation.js";
import { tinyYoloV3 } from "./yolo.js";

export const denseOutputNets: readonly Architecture[] = [
  {
    name: "yolov3-tiny",
    title: "YOLOv3-tiny",
    year: 2018,
    arxiv: "1804.02767",
    tiny: () => tinyYoloV3({ size: 64, width: 1 / 16, classes: 3, stem: [64, 128, 256] }),
    published: () => tinyYoloV3({ size: 416, width: 1, classes: 80, stem: [16, 32, 64, 128, 256] }),
    reference: {
      parameters: 8_852_366,
      macs: 2.78e9,
      source: "the authors' yolov3-tiny.cfg, whose release gives 5.56 GFLOPS (two per MAC)",
    },
  },
  {
    name: "lr-aspp",
    title: "LR-ASPP on MobileNetV3-Large",
    year: 2019,
    arxiv: "1905.02244",
    tiny: () =>
      lrAspp({
        size: 40,
        width: 0.25,
        classes: 4,
        head: 16,
        hswish: "HardSigmoid",
        outputStride: 16,
        blocks: [0, 1, 3, 6, 12].flatMap((i) => mobileNetV3Large.slice(i, i + 1)),
      }),
    published: () =>
      lrAspp({
        size: 520,
        width: 1,
        classes: 21,
        head: 128,
        hswish: "HardSigmoid",
        outputStride: 16,
        blocks: mobileNetV3Large,
      }),
    reference: {
      parameters: 3_221_538,
      macs: 2.09e9,
      source: "torchvision (lraspp_mobilenet_v3_large, 520 pixels); the paper's head reads narrower features",
    },
  },
  {
    name: "deeplabv3",
    title: "DeepLabv3 on MobileNetV2, dilated ASPP",
    year: 2018,
    arxiv: "1706.05587",
    tiny: () =>
      deepLabV3({
        size: 33,
        width: 0.25,
        classes: 4,
        head: 8,
        rates: [1, 2, 3],
        outputStride: 8,
        stages: [
          [1, 16, 1, 1],
          [6, 24, 1, 2],
          [6, 32, 1, 2],
          [6, 48, 2, 2],
        ],
      }),
    published: () =>
      deepLabV3({
        size: 513,
        width: 1,
        classes: 21,
        head: 256,
        rates: [6, 12, 18],
        outputStride: 16,
        stages: mobileNetV2Stages,
      }),
    reference: {
      parameters: 4.52e6,
      source:
        "Table 7 of arXiv 1801.04381, MNet V2* with output stride 16 and ASPP; its 5.8e9 MACs are 8 % more than the " +
        "convolutions have",
    },
  },
  {
    name: "u-net",
    title: "U-Net",
    year: 2015,
    arxiv: "1505.04597",
    tiny: () => uNet({ size: 44, classes: 2, widths: [4, 8, 16] }),
    published: () => uNet({ size: 572, classes: 2, widths: [64, 128, 256, 512, 1024] }),
    reference: { parameters: 31.03e6, source: "the sum over Figure 1; the paper states neither parameters nor MACs" },
  },
];
