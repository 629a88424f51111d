/**
 * Mean over neighbouring axes, int8: over height and width it is global average pooling.
 *
 *   x  [..., n axes, ...]  ->  y  the same with those axes of length 1 (keepDims), or without them
 *   y = clamp(requantize(sum(x) - n * zx)), scale fl(sx / fl(sy * fl(n))), n the number of values in each mean
 *
 * Source: ONNX Runtime's QLinearGlobalAveragePool, docs/numerics.md.
 */
import { makeRequantize, meanScale } from "../arith/requant.js";
import { planRequant } from "../arith/requant-plan.js";
import { must } from "../diagnostics.js";
import { scaleOf } from "../ir/quant.js";
import { channelCount, elementCount, rowCount, rowLength } from "../ir/shape.js";
import { type Candidate, chooseKernel } from "./choose-kernel.js";
import type { KernelContext } from "./kernel.js";
import { dspMean, dspMeanRows } from "./mean/kernels-dsp.js";
import { mveMean, mveMeanRows } from "./mean/kernels-mve.js";
import {
  type MeanExtent,
  type MeanLayer,
  type MeanRowsLayer,
  portableMean,
  portableMeanRows,
} from "./mean/kernels-portable.js";
import { type Accumulation, defineOp, fullRange, type NodeView, quantOf } from "./op.js";

export type MeanAttrs = {
  /** Neighbouring axes of the IR shape, ascending: [1,2] for height and width. */
  readonly axes: readonly number[];
  readonly keepDims: boolean;
  readonly clampMin: number;
  readonly clampMax: number;
};

const inputOf = (view: NodeView<MeanAttrs>) => must(view.inputs[0], "input");

function extentOf(view: NodeView<MeanAttrs>): MeanExtent {
  const { shape } = inputOf(view);
  const first = view.attrs.axes[0] ?? 0;
  const end = (view.attrs.axes.at(-1) ?? 0) + 1;
  return {
    outer: elementCount(shape.slice(0, first)),
    count: elementCount(shape.slice(first, end)),
    inner: elementCount(shape.slice(end)),
  };
}

function requantizationOf(view: NodeView<MeanAttrs>) {
  const scale = meanScale(scaleOf(quantOf(inputOf(view))), scaleOf(quantOf(view.output)), extentOf(view).count);
  return { scale, zeroPoint: quantOf(view.output).zeroPoint, min: view.attrs.clampMin, max: view.attrs.clampMax };
}

/** True when the innermost axis, the channels, stays as it is. */
function keepsChannels(view: NodeView<MeanAttrs>): boolean {
  return (view.attrs.axes.at(-1) ?? 0) < inputOf(view).shape.length - 1;
}

/** What the kernel does to each sum: the bias starts it, the rest ends it. */
function planOf(view: NodeView<MeanAttrs>, { target, numerics }: KernelContext) {
  const { count } = extentOf(view);
  const zx = quantOf(inputOf(view)).zeroPoint;
  const { scale, zeroPoint, min, max } = requantizationOf(view);
  const channel = { scale, bias: -count * zx, accMin: (-128 - zx) * count, accMax: (127 - zx) * count };
  return planRequant({ channels: [channel], zeroPoint, min, max }, numerics, target.isa);
}

const kernels: readonly Candidate<MeanLayer>[] = [portableMean, dspMean, mveMean];
const rowKernels: readonly Candidate<MeanRowsLayer>[] = [portableMeanRows, dspMeanRows, mveMeanRows];

/** Over height alone, or height and what follows: each row of the input goes into every mean. */
const accumulation: Accumulation<MeanAttrs> = {
  fits: (view) => view.attrs.axes[0] === 1 && inputOf(view).shape.length === 4 && rowCount(inputOf(view).shape) > 1,
  reference(view, numerics) {
    const { count, inner } = extentOf(view);
    const requantize = makeRequantize(numerics, requantizationOf(view));
    const rows = rowCount(inputOf(view).shape);
    return (row, y, sums, out) => {
      if (y === 0) sums.fill(-count * quantOf(inputOf(view)).zeroPoint, 0, inner);
      row.forEach((value, i) => {
        sums[i % inner] = (sums[i % inner] ?? 0) + value;
      });
      if (y === rows - 1) for (let i = 0; i < inner; i++) out[i] = requantize(sums[i] ?? 0);
    };
  },
  lower(view, context) {
    const { count, inner } = extentOf(view);
    const rows = rowCount(inputOf(view).shape);
    const layer = { rows, pixels: count / rows, inner, plan: planOf(view, context) };
    return chooseKernel(rowKernels, layer, { macs: 0, outputs: inner, inputs: count * inner, calls: rows }, context);
  },
};

export const mean = defineOp<MeanAttrs>({
  kind: "mean",
  kernels: [...kernels, ...rowKernels],
  summary: "mean over neighbouring axes: global average pooling over height and width",
  attrs: {
    axes: { type: "ints", doc: "neighbouring axes, ascending", default: [1, 2] },
    keepDims: { type: "bool", doc: "keep the axes with length 1", default: true },
    clampMin: { type: "int", doc: "lower bound of the output", default: -128 },
    clampMax: { type: "int", doc: "upper bound of the output", default: 127 },
  },
  arity: { activations: 1, constants: [] },
  verify(view) {
    const { axes } = view.attrs;
    const isRun = axes.length > 0 && axes.every((axis, i) => axis === (axes[0] ?? 0) + i);
    const inside = (axes[0] ?? -1) >= 0 && (axes.at(-1) ?? 0) < inputOf(view).shape.length;
    return isRun && inside
      ? []
      : [`axes [${axes.join(",")}] are no neighbouring axes of [${inputOf(view).shape.join(",")}]`];
  },
  inferShape(attrs, inputs) {
    const { shape } = must(inputs[0], "input");
    return attrs.keepDims
      ? shape.map((dim, axis) => (attrs.axes.includes(axis) ? 1 : dim))
      : shape.filter((_, axis) => !attrs.axes.includes(axis));
  },
  macs: () => 0,
  reference(view, numerics) {
    const { count, inner } = extentOf(view);
    const requantize = makeRequantize(numerics, requantizationOf(view));
    const start = -count * quantOf(inputOf(view)).zeroPoint;
    const inLength = rowLength(inputOf(view).shape);
    const outLength = rowLength(view.output.shape);
    return (read, out, y) => {
      for (let i = 0; i < outLength; i++) {
        const index = y * outLength + i;
        const first = Math.floor(index / inner) * count * inner + (index % inner);
        let sum = start;
        for (let k = 0; k < count; k++) {
          const at = first + k * inner;
          sum += read(0, Math.floor(at / inLength))[at % inLength] ?? 0;
        }
        out[i] = requantize(sum);
      }
    };
  },
  rows: () => ({ kind: "all" }),
  accumulation,
  range(view, inputs, numerics) {
    const requantize = makeRequantize(numerics, requantizationOf(view));
    const zx = quantOf(inputOf(view)).zeroPoint;
    const { count } = extentOf(view);
    const ranges = must(inputs[0], "input ranges").map(({ min, max }) => ({
      min: requantize((min - zx) * count),
      max: requantize((max - zx) * count),
    }));
    return keepsChannels(view) ? ranges : new Array(channelCount(view.output.shape)).fill(fullRange);
  },
  channels: (view) => ({ kind: keepsChannels(view) ? "tied" : "fixed" }),
  lower(view, context) {
    const extent = extentOf(view);
    const { outer, count, inner } = extent;
    const plan = planOf(view, context);
    const inputs = outer * count * inner;
    return chooseKernel(kernels, { ...extent, plan }, { macs: 0, outputs: outer * inner, inputs, calls: 1 }, context);
  },
});
