/** Pools and means over height and width. */
import { must } from "../../../diagnostics.js";
import type { Shape } from "../../../ir/shape.js";
import {
  type Context,
  type Importer,
  intsAttribute,
  malformed,
  numberAttribute,
  originOf,
  realActivation,
  unsupported,
} from "../context.js";
import { memoryShape, nhwc, withNeighbours } from "../layout.js";
import type { OutputSpec, PendingValue, TensorValue, Value } from "../values.js";
import { readWindow, type Window } from "../window.js";
import { moveQuantized, type PlanMove } from "./move-quantized.js";

const unbounded = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY } as const;

function kernelOf(context: Context): readonly number[] {
  const kernel = intsAttribute(context, "kernel_shape");
  if (!kernel) return malformed(context, "LWC1190", "its kernel_shape is missing");
  return kernel.length === 2
    ? kernel
    : unsupported(
        context,
        "LWC1192",
        `a window of ${kernel.join("x")}`,
        "lwc pools over 2-D maps: add a dimension of 1",
      );
}

/** A window of nothing but padding has no maximum and no mean. */
function requireSmallPads(context: Context, kernel: readonly number[], window: Window): void {
  const reach = kernel.map((k, i) => (k - 1) * must(window.dilations[i], "dilation") + 1);
  if (window.pads.some((pad, i) => pad >= must(reach[i % 2], "reach")))
    malformed(
      context,
      "LWC1195",
      `pads [${window.pads.join(",")}] of a ${kernel.join("x")} window: some windows hold nothing but padding`,
      "pads are smaller than the window",
    );
}

/** Max pooling keeps quantization, so it runs on whatever is quantized. */
export const importMaxPool: Importer = (context) => {
  numberAttribute(context, "storage_order", 0);
  if (context.node.outputs.length > 1 && context.node.outputs[1] !== "")
    unsupported(context, "LWC1191", "its indices are used", "lwc computes the values of MaxPool only");
  const plan: PlanMove = (x) => {
    requireMap(context, x);
    const kernel = kernelOf(context);
    const window = readWindow(context, x.dims.slice(2), kernel);
    requireSmallPads(context, kernel, window);
    const dims = [1, x.dims[1] ?? 1, ...window.out];
    return { dims, emit: (source, name) => maxPool(context, source, name, { kernel, window, dims }) };
  };
  return [moveQuantized(context, context.input(0), plan)];
};

interface MaxPool {
  readonly kernel: readonly number[];
  readonly window: Window;
  readonly dims: Shape;
}

function maxPool(context: Context, x: TensorValue, name: string, { kernel, window, dims }: MaxPool): TensorValue {
  const { assembler } = context;
  const source = assembler.toLayout(x, nhwc, originOf(context));
  const { strides, pads, dilations } = window;
  const attrs = { kernel, strides, pads, dilations, clampMin: -128, clampMax: 127 };
  const shape = memoryShape(dims, nhwc);
  const quant = assembler.quantOf(x);
  const id = assembler.node("max_pool2d", [source.id], attrs, { name, shape, quant, origin: originOf(context) });
  return { ...x, id, dims, perm: nhwc };
}

function requireMap(context: Context, x: TensorValue): void {
  if (x.dims.length !== 4)
    unsupported(
      context,
      "LWC1192",
      `an input of shape [${x.dims.join(",")}]`,
      "lwc pools over 2-D maps: add a dimension of 1",
    );
  requireOneImage(context, x);
}

/** Batches are not run; a reshape can make one inside a model. */
export function requireOneImage(context: Context, x: TensorValue): void {
  if (x.dims[0] !== 1)
    unsupported(
      context,
      "LWC1146",
      `an input of shape [${x.dims.join(",")}]: a batch of ${x.dims[0]}`,
      "export with batch 1",
    );
}

export const importAveragePool: Importer = (context) => [averagePool(context, context.input(0))];

export function averagePool(context: Context, value: Value | undefined): PendingValue {
  const x = realActivation(context, value, 0);
  requireMap(context, x);
  const kernel = kernelOf(context);
  const window = readWindow(context, x.dims.slice(2), kernel);
  requireSmallPads(context, kernel, window);
  if (window.dilations.some((dilation) => dilation !== 1))
    unsupported(context, "LWC1193", `dilations [${window.dilations.join(",")}]`, "use dilation 1");
  const countIncludePad = numberAttribute(context, "count_include_pad", 0) !== 0;
  const dims = [1, x.dims[1] ?? 1, ...window.out];
  const origin = originOf(context);
  const finish = (output: OutputSpec): TensorValue => {
    const { assembler } = context;
    const source = assembler.toLayout(x, nhwc, origin);
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
  return { kind: "pending", dims, ...unbounded, origin, finish };
}

export const importGlobalAveragePool: Importer = (context) => [globalAverage(context, context.input(0), [2, 3], true)];

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
