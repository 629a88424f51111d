/** Average pools and means over height and width. */
import { must } from "../../../diagnostics.js";
import {
  type Context,
  type Importer,
  malformed,
  numberAttribute,
  originOf,
  realActivation,
  unsupported,
} from "../context.js";
import { memoryShape, nhwc, withNeighbours } from "../layout.js";
import type { OutputSpec, PendingValue, TensorValue, Value } from "../values.js";
import { kernelAttribute, readWindow, type Window } from "../window.js";
import { mapRank, narrowPending, widen, widenActivation } from "./spatial.js";

const unbounded = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY } as const;

/** Height and width of a window. */
export function kernelOf(context: Context, rank: 1 | 2): readonly number[] {
  const kernel = kernelAttribute(context, rank);
  if (!kernel) return malformed(context, "LWC1190", "its kernel_shape is missing");
  return kernel.length === 2
    ? kernel
    : malformed(context, "LWC1199", `a window of ${kernel.join("x")} over a ${rank}-dimensional map`);
}

/** A window of nothing but padding has no maximum and no mean. */
export function requireSmallPads(context: Context, kernel: readonly number[], window: Window): void {
  const reach = kernel.map((k, i) => (k - 1) * must(window.dilations[i], "dilation") + 1);
  if (window.pads.some((pad, i) => pad >= must(reach[i % 2], "reach")))
    malformed(
      context,
      "LWC1195",
      `pads [${window.pads.join(",")}] of a ${kernel.join("x")} window: some windows hold nothing but padding`,
      "pads are smaller than the window",
    );
}

export const importAveragePool: Importer = (context) => [averagePool(context, context.input(0))];

export function averagePool(context: Context, value: Value | undefined): PendingValue {
  const x = realActivation(context, value, 0);
  const rank = mapRank(context, x);
  const kernel = kernelOf(context, rank);
  const window = readWindow(context, widen(x.dims, rank).slice(2), kernel, rank);
  requireSmallPads(context, kernel, window);
  if (window.dilations.some((dilation) => dilation !== 1))
    unsupported(context, "LWC1193", `dilations [${window.dilations.join(",")}]`, "use dilation 1");
  const countIncludePad = numberAttribute(context, "count_include_pad", 0) !== 0;
  const dims = [1, x.dims[1] ?? 1, ...window.out];
  const origin = originOf(context);
  const finish = (output: OutputSpec): TensorValue => {
    const { assembler } = context;
    const source = assembler.toLayout(widenActivation(context, x, rank), nhwc, origin);
    const attrs = {
      kernel,
      strides: window.strides,
      pads: window.pads,
      countIncludePad,
      clampMin: output.clampMin,
      clampMax: output.clampMax,
    };
    const id = assembler.node("avg_pool2d", [source.id], attrs, {
      name: output.name,
      shape: memoryShape(dims, nhwc),
      quant: output.quant,
      origin: output.origin,
    });
    return { kind: "tensor", id, dims, perm: nhwc, real: true };
  };
  return narrowPending(context, { kind: "pending", dims, ...unbounded, origin, finish }, rank);
}

export const importGlobalAveragePool: Importer = (context) => {
  const x = realActivation(context, context.input(0), 0);
  const axes = mapRank(context, x) === 1 ? [2] : [2, 3];
  return [globalAverage(context, x, axes, true)];
};

/** Mean over ONNX axes; those that are no neighbours in memory are moved together first. */
export function globalAverage(
  context: Context,
  value: Value | undefined,
  axes: readonly number[],
  keepDims: boolean,
): PendingValue {
  const given = realActivation(context, value, 0);
  const { assembler } = context;
  const origin = originOf(context);
  const x = assembler.toLayout(given, withNeighbours(given.perm, axes), origin);
  const memory = axes.map((axis) => must(x.perm[axis], "axis")).sort((a, b) => a - b);
  const dims = keepDims
    ? x.dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
    : x.dims.filter((_, axis) => !axes.includes(axis));
  const kept = x.perm.filter((_, axis) => keepDims || !axes.includes(axis));
  const perm = keepDims ? kept : kept.map((at) => at - memory.filter((axis) => axis < at).length);
  const finish = (output: OutputSpec): TensorValue => {
    const attrs = { axes: memory, keepDims, clampMin: output.clampMin, clampMax: output.clampMax };
    const id = assembler.node("mean", [x.id], attrs, {
      name: output.name,
      shape: memoryShape(dims, perm),
      quant: output.quant,
      origin: output.origin,
    });
    return { kind: "tensor", id, dims, perm, real: true };
  };
  return { kind: "pending", dims, ...unbounded, origin, finish };
}
