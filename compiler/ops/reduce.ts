/**
 * Reduction over neighbouring axes, int8: largest, smallest, sum, sum of magnitudes (L1), of squares, and its root (L2).
 *
 *   x  [..., n axes, ...]  ->  y  the same with those axes of length 1 (keepDims), or without them
 *
 * max and min keep scale and zero point. The others add (x - zx), its magnitude or its square in int32, exactly, and round the real
 * result once (docs/numerics.md, "Reductions"). Means are the operator `mean`.
 */
import { makeReduce, type ReduceFunction, type ReduceQuant, reduceThresholds, terms } from "../arith/reduce.js";
import { must } from "../diagnostics.js";
import { sameScale, scaleOf } from "../ir/quant.js";
import { elementCount, rowLength } from "../ir/shape.js";
import { type Candidate, chooseKernel } from "./choose-kernel.js";
import { defineOp, type NodeView, quantOf } from "./op.js";

export type ReduceAttrs = {
  /** "max", "min", "sum", "l1", "l2" or "sum_square". */
  readonly function: string;
  /** Neighbouring axes of the IR shape, ascending. */
  readonly axes: readonly number[];
  readonly keepDims: boolean;
  readonly clampMin: number;
  readonly clampMax: number;
};

type View = NodeView<ReduceAttrs>;

const inputOf = (view: View) => must(view.inputs[0], "input");

/** The input as [outer][count][inner], of which the middle is reduced. */
function extentOf(view: View): { readonly outer: number; readonly count: number; readonly inner: number } {
  const { shape } = inputOf(view);
  const first = view.attrs.axes[0] ?? 0;
  const end = (view.attrs.axes.at(-1) ?? 0) + 1;
  return {
    outer: elementCount(shape.slice(0, first)),
    count: elementCount(shape.slice(first, end)),
    inner: elementCount(shape.slice(end)),
  };
}

const sums: readonly ReduceFunction[] = ["sum", "l1", "l2", "sum_square"];

/** Undefined for max and min. */
function sumOf(view: View): ReduceFunction | undefined {
  return sums.find((one) => one === view.attrs.function);
}

function quantsOf(view: View): ReduceQuant {
  const x = quantOf(inputOf(view));
  const y = quantOf(view.output);
  return {
    scaleX: scaleOf(x),
    zeroX: x.zeroPoint,
    scaleY: scaleOf(y),
    zeroY: y.zeroPoint,
    min: view.attrs.clampMin,
    max: view.attrs.clampMax,
  };
}

/** LWC_REDUCE_* of lwc_reduce_sum_s8.h. */
const termCode: Readonly<Record<ReduceFunction, number>> = { sum: 0, l1: 1, l2: 2, sum_square: 2 };

const byComparison: Candidate<View> = {
  kernel: "lwc_reduce_extremum_s8",
  fits: (view) => sumOf(view) === undefined,
  call: (view) => ({
    kernel: "lwc_reduce_extremum_s8",
    header: "lwc_reduce_extremum_s8.h",
    geometry: `reduce_${view.attrs.function}`,
    params: {
      type: "lwc_reduce_extremum_params",
      fields: {
        ...extentOf(view),
        largest: view.attrs.function === "max" ? 1 : 0,
        min: view.attrs.clampMin,
        max: view.attrs.clampMax,
      },
    },
    drive: { kind: "flat" },
    constants: [],
    scratchBytes: 0,
    why: "one comparison per value",
  }),
};

const bySum: Candidate<View> = {
  kernel: "lwc_reduce_sum_s8",
  fits: (view) => sumOf(view) !== undefined,
  call(view) {
    const kind = must(sumOf(view), "sum");
    const extent = extentOf(view);
    const q = quantsOf(view);
    const high = terms[kind].reach * extent.count;
    const thresholds = reduceThresholds(kind, q, kind === "sum" ? -high : 0, high);
    return {
      kernel: "lwc_reduce_sum_s8",
      header: "lwc_reduce_sum_s8.h",
      geometry: `reduce_${kind}`,
      params: {
        type: "lwc_reduce_sum_params",
        fields: { ...extent, term: termCode[kind], zero_point: q.zeroX, min: q.min, steps: thresholds.length },
      },
      drive: { kind: "flat" },
      constants: [
        {
          name: "thresholds",
          data: thresholds.length > 0 ? thresholds : new Int32Array(1),
          align: 4,
          comment: `[${thresholds.length}] smallest sum of each result above ${q.min}`,
          role: "table",
        },
      ],
      scratchBytes: 0,
      why: "exact sums in int32, the result by its thresholds",
    };
  },
};

const kernels: readonly Candidate<View>[] = [byComparison, bySum];

export const reduce = defineOp<ReduceAttrs>({
  kind: "reduce",
  kernels,
  summary: "largest, smallest, sum, L1 or L2 norm over neighbouring axes",
  attrs: {
    function: { type: "string", doc: "what is computed", values: ["max", "min", ...sums] },
    axes: { type: "ints", doc: "neighbouring axes, ascending" },
    keepDims: { type: "bool", doc: "keep the axes with length 1", default: true },
    clampMin: { type: "int", doc: "lower bound of the output", default: -128 },
    clampMax: { type: "int", doc: "upper bound of the output", default: 127 },
  },
  arity: { activations: 1, constants: [] },
  verify(view) {
    const { axes } = view.attrs;
    const { shape } = inputOf(view);
    const isRun = axes.length > 0 && axes.every((axis, i) => axis === (axes[0] ?? 0) + i);
    const isInside = (axes[0] ?? -1) >= 0 && (axes.at(-1) ?? 0) < shape.length;
    if (!isRun || !isInside) return [`axes [${axes.join(",")}] are no neighbouring axes of [${shape.join(",")}]`];
    const kind = sumOf(view);
    const { count } = extentOf(view);
    if (kind !== undefined) return terms[kind].reach * count < 2 ** 31 ? [] : [`a sum of ${count} terms leaves int32`];
    return sameScale(quantOf(inputOf(view)), quantOf(view.output))
      ? []
      : ["the output has another scale or zero point than the input"];
  },
  inferShape(attrs, inputs) {
    const { shape } = must(inputs[0], "input");
    return attrs.keepDims
      ? shape.map((dim, axis) => (attrs.axes.includes(axis) ? 1 : dim))
      : shape.filter((_, axis) => !attrs.axes.includes(axis));
  },
  macs: () => 0,
  reference(view) {
    const { count, inner } = extentOf(view);
    const inLength = rowLength(inputOf(view).shape);
    const outLength = rowLength(view.output.shape);
    const reduceRun = makeRun(view);
    const run = new Int32Array(count);
    return (read, out, y) => {
      for (let i = 0; i < outLength; i++) {
        const index = y * outLength + i;
        const first = Math.floor(index / inner) * count * inner + (index % inner);
        for (let k = 0; k < count; k++) {
          const at = first + k * inner;
          run[k] = read(0, Math.floor(at / inLength))[at % inLength] ?? 0;
        }
        out[i] = reduceRun(run);
      }
    };
  },
  rows: () => ({ kind: "all" }),
  channels: () => ({ kind: "fixed" }),
  lower(view, context) {
    const inputs = elementCount(inputOf(view).shape);
    const outputs = elementCount(view.output.shape);
    return chooseKernel(kernels, view, { macs: 0, outputs, inputs, calls: 1 }, context);
  },
});

/** One result from the values that it reduces. */
function makeRun(view: View): (values: Int32Array) => number {
  const kind = sumOf(view);
  const { clampMin, clampMax } = view.attrs;
  if (kind === undefined) {
    const pick = view.attrs.function === "max" ? Math.max : Math.min;
    return (values) =>
      Math.max(
        clampMin,
        Math.min(
          clampMax,
          values.reduce((a, b) => pick(a, b)),
        ),
      );
  }
  const q = quantsOf(view);
  const result = makeReduce(kind, q);
  return (values) => result(values.reduce((sum, x) => sum + terms[kind].of(x - q.zeroX), 0));
}
