/** The kernel of a convolution with other taps: some of them, or all in another order. */
import { must } from "../../diagnostics.js";
import type { WeightBlock } from "../channel-pruning.js";
import type { PrunedConstant } from "../op.js";

/** Weights [out][kH][kW][in] with these rows and columns of each kernel. */
export function selectTaps(weights: WeightBlock, rows: readonly number[], columns: readonly number[]): PrunedConstant {
  const { tensor, data, outputs, taps, inputs } = weights;
  const width = must(tensor.shape[2], "kernel width");
  const kept = new Int8Array(outputs * rows.length * columns.length * inputs);
  let next = 0;
  for (let o = 0; o < outputs; o++) {
    for (const row of rows) {
      for (const column of columns) {
        const at = (o * taps + row * width + column) * inputs;
        kept.set(data.subarray(at, at + inputs), next);
        next += inputs;
      }
    }
  }
  const shape = [outputs, rows.length, columns.length, inputs];
  return { data: kept, shape, quant: must(tensor.quant, "weight quantization") };
}
