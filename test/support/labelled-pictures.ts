/** Labelled pictures that lie beside the reference models, as float samples. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sample } from "../../compiler/quantize/samples.js";
import { parseNpy } from "../../compiler/verify/npy.js";
import { modelsDirectory } from "./shared-models.js";

export const dataDirectory = modelsDirectory === undefined ? "" : join(modelsDirectory, "../data");
export const hasPictures = existsSync(dataDirectory);

export interface Pictures {
  readonly input: string;
  /** Channel of the file behind each channel of the model. */
  readonly channels: readonly number[];
  readonly real: (value: number, channel: number) => number;
}

/** uint8 pictures in NHWC as samples in NCHW. */
export function pictures(
  stem: string,
  labels: string,
  { input, channels, real }: Pictures,
): readonly (Sample & { readonly label: number })[] {
  const { shape, data } = parseNpy(readFileSync(join(dataDirectory, `${stem}.npy`)), stem);
  const [count = 0, height = 0, width = 0, depth = 0] = shape;
  const area = height * width;
  const known: { labels: number[] } = JSON.parse(readFileSync(join(dataDirectory, labels), "utf8"));
  return Array.from({ length: count }, (_, n) => {
    const values = new Float32Array(area * depth);
    for (let c = 0; c < depth; c++) {
      for (let i = 0; i < area; i++)
        values[c * area + i] = real(Number(data[(n * area + i) * depth + channels[c]!]), c);
    }
    return { name: `${stem} ${n}`, inputs: new Map([[input, values]]), label: known.labels[n]! };
  });
}

const mean = [0.4914, 0.4822, 0.4465];
const deviation = [0.247, 0.2435, 0.2616];

/** CIFAR-10 as the cifar_* models take it. */
export const normalizedCifar: Pictures = {
  input: "input",
  channels: [0, 1, 2],
  real: (value, channel) => (value / 255 - mean[channel]!) / deviation[channel]!,
};
