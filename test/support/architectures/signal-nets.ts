/** Networks on sound. */
import type { Architecture } from "./architecture.js";
import { dsCnn, waveformNet } from "./signals.js";

export const signalNets: readonly Architecture[] = [
  {
    name: "ds-cnn-s",
    title: "DS-CNN, small",
    year: 2017,
    arxiv: "1711.07128",
    tiny: () => dsCnn({ input: [49, 10], channels: 16, blocks: 2, classes: 12 }),
    published: () => dsCnn({ input: [49, 10], channels: 64, blocks: 4, classes: 12 }),
    reference: {
      macs: 2.7e6,
      source:
        "Table 5: 5.4M operations, two per MAC; of parameters the paper states only 38.6 kB together with activations",
    },
  },
  {
    name: "m11",
    title: "M11, 1-D convolutions on a waveform",
    year: 2016,
    arxiv: "1610.00087",
    tiny: () =>
      waveformNet({
        samples: 1024,
        classes: 10,
        stem: 8,
        stages: [
          [8, 2],
          [16, 2],
        ],
      }),
    published: () =>
      waveformNet({
        samples: 32000,
        classes: 10,
        stem: 64,
        stages: [
          [64, 2],
          [128, 2],
          [256, 3],
          [512, 2],
        ],
      }),
    reference: { parameters: 1.8e6, source: "Table 1; it states no MACs" },
  },
];
