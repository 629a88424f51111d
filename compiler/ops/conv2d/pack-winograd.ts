/** Weights of Winograd's F(2x2, 3x3) for lwc_conv2d_winograd_s8_dsp.h. */
import type { WeightBlock } from "../channel-pruning.js";
import type { PackedConstant } from "../kernel.js";

/** Twice the matrix G of Lavin and Gray (arXiv:1509.09308), so that transformed weights are integers. */
const TWICE_G = [
  [2, 0, 0],
  [1, 1, 1],
  [1, -1, 1],
  [0, 0, 2],
] as const;

/** Bytes of the packed weights. */
export function winogradBytes({ outputs, inputs }: WeightBlock): number {
  return Math.ceil(outputs / 2) * 2 * 16 * inputs * 2;
}

/**
 * U = (2G) g (2G)^T of every filter as int16: [out / 2 rounded up][16 positions][pairs of inputs][2 outputs], a pair of inputs
 * being (0,2) (1,3) of each four, the order in which SXTB16 splits a word. A missing last output is zeros.
 */
export function packWinograd(weights: WeightBlock): PackedConstant {
  const { outputs, inputs, data } = weights;
  const blocks = Math.ceil(outputs / 2);
  const packed = new Int16Array(blocks * 16 * inputs * 2);
  for (let o = 0; o < outputs; o++) {
    for (let c = 0; c < inputs; c++) {
      const filter = Array.from({ length: 9 }, (_, tap) => data[(o * 9 + tap) * inputs + c] ?? 0);
      const pair = ((c >> 2) << 1) + (c & 1);
      for (let at = 0; at < 16; at++) {
        const word = (((o >> 1) * 16 + at) * (inputs / 2) + pair) * 2 + (o & 1);
        packed[2 * word + ((c >> 1) & 1)] = transformed(filter, at >> 2, at & 3);
      }
    }
  }
  return {
    name: "weights",
    data: new Int32Array(packed.buffer),
    align: 4,
    comment: `[${blocks}][16][${inputs / 2}][2]: two int16 of transformed weights, in [-1152, 1152]`,
    role: "weights",
  };
}

/** Row `row`, column `column` of (2G) g (2G)^T. */
function transformed(filter: readonly number[], row: number, column: number): number {
  let sum = 0;
  TWICE_G[row]?.forEach((a, y) => {
    TWICE_G[column]?.forEach((b, x) => {
      sum += a * b * (filter[3 * y + x] ?? 0);
    });
  });
  return sum;
}

/** Whether 4 times every sum of products fits an int32, whatever the input: |4 * sum(w * x)| <= 512 * sum|w|. */
export function winogradFits({ outputs, data }: WeightBlock): boolean {
  const perOutput = data.length / outputs;
  for (let o = 0; o < outputs; o++) {
    let sum = 0;
    for (let i = o * perOutput; i < (o + 1) * perOutput; i++) sum += Math.abs(data[i] ?? 0);
    if (512 * sum >= 2 ** 31) return false;
  }
  return true;
}
