/**
 * Accumulators of the operators with constant weights [out][tap][in]: their scales, and the exact range that each output
 * channel can reach, from the actual weights (docs/numerics.md, "Overflow and range analysis").
 */
import type { Numerics } from "../arith/numerics.js";
import { gemmScale, makeRequantize } from "../arith/requant.js";
import type { RequantPlan } from "../arith/requant-layer.js";
import { planRequant } from "../arith/requant-plan.js";
import { CompileError, type Diagnostic, must } from "../diagnostics.js";
import type { Attrs, Tensor } from "../ir/graph.js";
import { channelScale, scaleOf } from "../ir/quant.js";
import { weightBlock } from "./channel-pruning.js";
import type { KernelContext } from "./kernel.js";
import { type ChannelRanges, fullRange, type NodeView, quantOf, type Range } from "./op.js";

/** What conv2d and fully_connected share: x, weights, optional bias, and a fused clamp. */
type WeightedView = NodeView<Attrs & { readonly clampMin: number; readonly clampMax: number }>;

/** Scale from accumulator to output of channel c; alpha is 1 for a convolution, which makes Gemm's formula Conv's. */
export function channelRequantScale(view: WeightedView, alpha: number, c: number): number {
  const x = quantOf(must(view.inputs[0], "input"));
  const w = quantOf(must(view.inputs[1], "weights"));
  return gemmScale(alpha, scaleOf(x), channelScale(w, c), scaleOf(quantOf(view.output)));
}

/**
 * Bounds of the accumulator of each output channel, bias included. `inputs` bounds each input channel; with padding the
 * zero point (a contribution of 0) is possible everywhere. Stops with LWC2101 when int32 could overflow.
 */
export function accumulatorRanges(
  view: WeightedView,
  inputs: ChannelRanges,
  groups: number,
  padded: boolean,
): readonly Range[] {
  const x = must(view.inputs[0], "input");
  const weights = weightBlock(must(view.inputs[1], "weights"));
  const bias = view.inputs[2]?.data;
  const zx = quantOf(x).zeroPoint;
  // Per input channel: bounds of x - zx.
  const low = Float64Array.from(inputs, (range) => Math.min(range.min - zx, padded ? 0 : range.min - zx));
  const high = Float64Array.from(inputs, (range) => Math.max(range.max - zx, padded ? 0 : range.max - zx));
  const perGroup = weights.outputs / groups;
  const ranges: Range[] = [];
  for (let o = 0; o < weights.outputs; o++) {
    const firstInput = Math.floor(o / perGroup) * weights.inputs;
    let min = bias?.[o] ?? 0;
    let max = min;
    let index = o * weights.taps * weights.inputs;
    for (let tap = 0; tap < weights.taps; tap++) {
      for (let c = 0; c < weights.inputs; c++) {
        const w = (weights.data[index++] ?? 0) - weights.zeroPoint;
        const a = w * (low[firstInput + c] ?? 0);
        const b = w * (high[firstInput + c] ?? 0);
        min += Math.min(a, b);
        max += Math.max(a, b);
      }
    }
    ranges.push({ min, max });
  }
  refuseOverflow(view, ranges);
  return ranges;
}

function refuseOverflow(view: WeightedView, ranges: readonly Range[]): void {
  const diagnostics = ranges.flatMap((range, c): readonly Diagnostic[] => {
    if (range.min >= -(2 ** 31) && range.max < 2 ** 31) return [];
    return [
      {
        code: "LWC2101",
        kind: "error",
        message: `node %${view.node.id}, channel ${c}: the accumulator can reach [${range.min}, ${range.max}], beyond int32`,
        where: { node: view.node.origin.nodes[0] ?? view.node.id },
        hint: "a bias quantized with a tiny scale causes this: re-quantize the layer",
      },
    ];
  });
  const first = diagnostics[0];
  if (first) throw new CompileError([first]);
}

/** Output bounds of each channel: requantization is monotone. */
export function requantRanges(
  view: WeightedView,
  accumulators: readonly Range[],
  alpha: number,
  numerics: Numerics,
): ChannelRanges {
  const { clampMin: min, clampMax: max } = view.attrs;
  const { zeroPoint } = quantOf(view.output);
  return accumulators.map((range, c) => {
    const requantize = makeRequantize(numerics, { scale: channelRequantScale(view, alpha, c), zeroPoint, min, max });
    return { min: requantize(range.min), max: requantize(range.max) };
  });
}

/** The requantization of a layer for a target, proven over the accumulators that any int8 input can reach. */
export function planLayerRequant(
  view: WeightedView,
  context: KernelContext,
  alpha: number,
  groups: number,
  padded: boolean,
): RequantPlan {
  const channels = channelsOf(must(view.inputs[0], "input")).map(() => fullRange);
  const accumulators = accumulatorRanges(view, channels, groups, padded);
  const bias = view.inputs[2]?.data;
  const layer = {
    channels: accumulators.map((range, c) => ({
      scale: channelRequantScale(view, alpha, c),
      bias: bias?.[c] ?? 0,
      accMin: range.min,
      accMax: range.max,
    })),
    zeroPoint: quantOf(view.output).zeroPoint,
    min: view.attrs.clampMin,
    max: view.attrs.clampMax,
  };
  return planRequant(layer, context.numerics, context.target.isa);
}

function channelsOf(tensor: Tensor): readonly number[] {
  return Array.from({ length: tensor.shape.at(-1) ?? 1 }, (_, c) => c);
}
