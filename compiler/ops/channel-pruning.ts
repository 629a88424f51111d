/**
 * How weights lose channels: shared by conv2d and fully_connected, whose weights are [out][tap][in] alike (a fully
 * connected layer has one tap). Serves passes/eliminate-channels.ts through `Op.pruning`.
 */
import { invariant, must } from "../diagnostics.js";
import type { Tensor } from "../ir/graph.js";
import { channelScale, type Quant } from "../ir/quant.js";
import type { PrunedConstant } from "./op.js";

/** Weights as [out][tap][in], centred on `zeroPoint`. */
export interface WeightBlock {
  readonly tensor: Tensor;
  readonly data: Int8Array;
  readonly outputs: number;
  readonly taps: number;
  readonly inputs: number;
  readonly zeroPoint: number;
}

export interface KeptChannels {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** Views constant weights of shape [out, ..., in]. */
export function weightBlock(tensor: Tensor): WeightBlock {
  const data = tensor.data;
  invariant(data instanceof Int8Array, `int8 weights in %${tensor.id}`);
  const outputs = must(tensor.shape[0], "output channels");
  const inputs = must(tensor.shape.at(-1), "input channels");
  return {
    tensor,
    data,
    outputs,
    taps: data.length / (outputs * inputs),
    inputs,
    zeroPoint: tensor.quant?.zeroPoint ?? 0,
  };
}

/** Input channels that one of the given output channels reads with a weight other than zero. */
export function usedInputChannels(weights: WeightBlock, outputs: readonly number[]): ReadonlySet<number> {
  const used = new Set<number>();
  for (const o of outputs) {
    for (let tap = 0; tap < weights.taps; tap++) {
      const row = (o * weights.taps + tap) * weights.inputs;
      for (let c = 0; c < weights.inputs; c++) {
        if (weights.data[row + c] !== weights.zeroPoint) used.add(c);
      }
    }
  }
  return used;
}

/** Weights [out][...][in] with only the given channels. */
export function pruneWeights(weights: WeightBlock, keep: KeptChannels): PrunedConstant {
  const data = new Int8Array(keep.outputs.length * weights.taps * keep.inputs.length);
  let next = 0;
  for (const o of keep.outputs) {
    for (let tap = 0; tap < weights.taps; tap++) {
      const row = (o * weights.taps + tap) * weights.inputs;
      for (const c of keep.inputs) data[next++] = must(weights.data[row + c], "weight");
    }
  }
  const shape = [keep.outputs.length, ...weights.tensor.shape.slice(1, -1), keep.inputs.length];
  return { data, shape, quant: pruneQuant(must(weights.tensor.quant, "weight quantization"), keep.outputs) };
}

/** Per-channel scales follow the output channels (axis 0). */
export function pruneQuant(quant: Quant, outputs: readonly number[]): Quant {
  return quant.scales.length === 1 ? quant : { ...quant, scales: outputs.map((o) => channelScale(quant, o)) };
}

/**
 * Biases of the kept output channels with constant input channels folded in:
 * bias[o] + sum over taps and folded channels of (w[o][tap][c] - zw) * (value - zx). Undefined when there was no bias and
 * nothing to fold.
 */
export function pruneBias(
  weights: WeightBlock,
  bias: Tensor | undefined,
  outputs: readonly number[],
  fold: ReadonlyMap<number, number>,
  inputZeroPoint: number,
): PrunedConstant | undefined {
  if (!bias && fold.size === 0) return undefined;
  const data = new Int32Array(outputs.length);
  outputs.forEach((o, i) => {
    let sum = bias?.data?.[o] ?? 0;
    for (const [c, value] of fold) {
      for (let tap = 0; tap < weights.taps; tap++) {
        const w = must(weights.data[(o * weights.taps + tap) * weights.inputs + c], "weight");
        sum += (w - weights.zeroPoint) * (value - inputZeroPoint);
      }
    }
    invariant(sum === (sum | 0), "a folded bias stays within int32, since the accumulator's whole range does");
    data[i] = sum;
  });
  return { data, shape: [outputs.length] };
}
