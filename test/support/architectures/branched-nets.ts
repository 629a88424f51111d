/** Networks for classification whose blocks have a shortcut or several branches. */
import { type Architecture, imageNet } from "./architecture.js";
import { denseNet } from "./densenet.js";
import { googLeNet, inceptions } from "./googlenet.js";
import { resNet } from "./resnet.js";

export const branchedNets: readonly Architecture[] = [
  {
    name: "resnet-18",
    title: "ResNet-18",
    year: 2015,
    arxiv: "1512.03385",
    tiny: () => resNet({ size: 32, width: 8, classes: 10, stages: [1, 1, 1], block: "basic" }),
    published: () => resNet({ size: 224, width: 64, classes: 1000, stages: [2, 2, 2, 2], block: "basic" }),
    reference: { parameters: 11_689_512, macs: 1.8e9, source: "Table 1; parameters of torchvision" },
  },
  {
    name: "resnet-50",
    title: "ResNet-50",
    year: 2015,
    arxiv: "1512.03385",
    tiny: () => resNet({ size: 32, width: 8, classes: 10, stages: [2, 1, 1], block: "bottleneck" }),
    published: () => resNet({ size: 224, width: 64, classes: 1000, stages: [3, 4, 6, 3], block: "bottleneck" }),
    reference: {
      parameters: 25_557_032,
      macs: 3.86e9,
      source: "Table 1 truncates to 3.8e9, SENet's Table 2 has 3.86e9; parameters of torchvision",
    },
  },
  {
    name: "se-resnet-18",
    title: "SE-ResNet-18",
    year: 2017,
    arxiv: "1709.01507",
    tiny: () => resNet({ size: 32, width: 16, classes: 10, stages: [1, 1], block: "basic", seReduction: 4 }),
    published: () =>
      resNet({ size: 224, width: 64, classes: 1000, stages: [2, 2, 2, 2], block: "basic", seReduction: 16 }),
    reference: {
      parameters: 11.78e6,
      macs: 1.82e9,
      source: "ResNet-18 plus 2 C²/16 in each block; the paper has 50 and deeper",
    },
  },
  {
    name: "se-resnet-50",
    title: "SE-ResNet-50",
    year: 2017,
    arxiv: "1709.01507",
    tiny: () => resNet({ size: 32, width: 8, classes: 10, stages: [1, 1], block: "bottleneck", seReduction: 8 }),
    published: () =>
      resNet({ size: 224, width: 64, classes: 1000, stages: [3, 4, 6, 3], block: "bottleneck", seReduction: 16 }),
    reference: { parameters: 28.1e6, macs: 3.87e9, source: "Table 2; 2.5M parameters more than ResNet-50, section 4" },
  },
  {
    name: "resnext-50",
    title: "ResNeXt-50 32x4d",
    year: 2016,
    arxiv: "1611.05431",
    tiny: () =>
      resNet({
        size: 32,
        width: 16,
        classes: 10,
        stages: [1, 1],
        block: "bottleneck",
        groups: { count: 8, width: 2 },
        strideOn: "spatial",
      }),
    published: () =>
      resNet({
        size: 224,
        width: 64,
        classes: 1000,
        stages: [3, 4, 6, 3],
        block: "bottleneck",
        groups: { count: 32, width: 4 },
        strideOn: "spatial",
      }),
    reference: { parameters: 25.0e6, macs: 4.2e9, source: "Table 1" },
  },
  {
    name: "googlenet",
    title: "GoogLeNet (Inception v1)",
    year: 2014,
    arxiv: "1409.4842",
    tiny: () =>
      googLeNet({
        size: 64,
        width: 0.125,
        classes: 10,
        stages: [inceptions["3"].slice(0, 1), inceptions["4"].slice(0, 1)],
      }),
    published: () => googLeNet({ ...imageNet, stages: [inceptions["3"], inceptions["4"], inceptions["5"]] }),
    reference: {
      parameters: 6_998_552,
      macs: 1.586e9,
      source:
        "parameters of the BVLC release; MACs of Table 1, 1.502e9, plus 84e6: its first row counts 2.7 of the 9.4 thousand weights",
    },
  },
  {
    name: "densenet-121",
    title: "DenseNet-121",
    year: 2016,
    arxiv: "1608.06993",
    tiny: () => denseNet({ size: 32, classes: 10, growth: 8, stem: 16, stages: [2, 2] }),
    published: () => denseNet({ size: 224, classes: 1000, growth: 32, stem: 64, stages: [6, 12, 24, 16] }),
    reference: { parameters: 7_978_856, macs: 2.83e9, source: "torchvision; the paper's Figure 3 has 8M" },
  },
];
