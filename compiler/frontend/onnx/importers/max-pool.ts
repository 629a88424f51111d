/** MaxPool, GlobalMaxPool, and MaxUnpool, which puts values back where MaxPool found the largest ones. */
import { must } from "../../../diagnostics.js";
import { makeScale, makeZeroPoint, type Quant } from "../../../ir/quant.js";
import type { Shape } from "../../../ir/shape.js";
import {
  type Context,
  constantInts,
  type Importer,
  malformed,
  numberAttribute,
  ofIntegers,
  originOf,
  unsupported,
} from "../context.js";
import { memoryShape, nhwc } from "../layout.js";
import type { PoolIndicesValue, TensorValue, Value } from "../values.js";
import { readTransposedWindow, readWindow } from "../window.js";
import { moveQuantized, type PlanMove } from "./move-quantized.js";
import { kernelOf, requireSmallPads } from "./pools.js";
import { reshapeTo } from "./reshape.js";
import { mapRank, narrow, widen, widenActivation } from "./spatial.js";

/** Attributes of max_pool2d but for its clamp. */
export interface MaxWindow {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  /** Height and width of the result. */
  readonly out: readonly number[];
}

/** Positions in a window are int8. */
const mostPositions = 256;

/** Max pooling keeps quantization, so it runs on whatever is quantized. */
export const importMaxPool: Importer = (context) => {
  const storageOrder = numberAttribute(context, "storage_order", 0);
  const windowOf = (x: TensorValue): MaxWindow => {
    const rank = mapRank(context, x);
    const kernel = kernelOf(context, rank);
    const window = readWindow(context, widen(x.dims, rank).slice(2), kernel, rank);
    requireSmallPads(context, kernel, window);
    return { ...window, kernel };
  };
  const value = context.input(0);
  const pooled = pool(context, value, windowOf);
  const indices = context.node.outputs[1] ?? "";
  if (indices === "") return [pooled];
  if (value?.kind !== "tensor" || storageOrder !== 0)
    return unsupported(
      context,
      "LWC1191",
      `its indices are used${storageOrder === 0 ? " behind a value that is not quantized" : ", with storage_order = 1"}`,
      "quantize in front of it, and use storage_order 0",
    );
  return [pooled, { kind: "poolIndices", source: value, window: windowOf(value) }];
};

export const importGlobalMaxPool: Importer = (context) => {
  const whole = (x: TensorValue): MaxWindow => {
    const kernel = widen(x.dims, mapRank(context, x)).slice(2);
    return { kernel, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], out: [1, 1] };
  };
  return [pool(context, context.input(0), whole)];
};

function pool(context: Context, value: Value | undefined, windowOf: (x: TensorValue) => MaxWindow): Value {
  const plan: PlanMove = (x) => {
    const rank = mapRank(context, x);
    const window = windowOf(x);
    const dims = narrow([1, must(x.dims[1], "channels"), ...window.out], rank);
    return { dims, emit: (source, name) => maxPool(context, source, name, window, dims) };
  };
  return moveQuantized(context, value, plan);
}

function maxPool(context: Context, x: TensorValue, name: string, window: MaxWindow, dims: Shape): TensorValue {
  const { assembler } = context;
  const rank = mapRank(context, x);
  const source = assembler.toLayout(widenActivation(context, x, rank), nhwc, originOf(context));
  const { kernel, strides, pads, dilations } = window;
  const attrs = { kernel, strides, pads, dilations, clampMin: -128, clampMax: 127 };
  const wide = widen(dims, rank);
  const quant = assembler.quantOf(x);
  const output = { name, shape: memoryShape(wide, nhwc), quant, origin: originOf(context) };
  const id = assembler.node("max_pool2d", [source.id], attrs, output);
  return reshapeTo(context, { ...x, id, dims: wide, perm: nhwc }, dims);
}

export const importMaxUnpool: Importer = (context) => {
  const indices = context.input(1);
  if (indices?.kind !== "poolIndices")
    return unsupported(
      context,
      "LWC1197",
      "its indices do not come from a MaxPool directly",
      "lwc puts values back where a MaxPool of the same model found them",
    );
  const value = context.input(0);
  if (value?.kind === "tensor" && !value.real) return ofIntegers(context);
  const plan: PlanMove = (x) => {
    const dims = unpooledDims(context, x, indices);
    return { dims, emit: (source, name) => unpool(context, source, name, indices) };
  };
  return [moveQuantized(context, value, plan)];
};

/** Dims of the result; they have to be those of what the MaxPool read. */
function unpooledDims(context: Context, x: TensorValue, { source, window }: PoolIndicesValue): Shape {
  const rank = mapRank(context, x);
  const pooled = narrow([1, must(source.dims[1], "channels"), ...window.out], rank);
  const size = widen(x.dims, rank).slice(2);
  const declared = constantInts(context, 2, "the output shape");
  const computed = readTransposedWindow(context, size, kernelOf(context, rank), rank).out;
  const dims = declared ?? narrow([1, must(x.dims[1], "channels"), ...computed], rank);
  if (String(pooled) !== String(x.dims) || String(dims) !== String(source.dims))
    malformed(
      context,
      "LWC1198",
      `it makes [${dims.join(",")}] of [${x.dims.join(",")}] with the indices of a MaxPool from [${source.dims.join(",")}] to [${pooled.join(",")}]`,
      "give it the shape of what the MaxPool read as output_shape",
    );
  return dims;
}

function unpool(context: Context, x: TensorValue, name: string, indices: PoolIndicesValue): TensorValue {
  const { assembler } = context;
  const { source, window } = indices;
  const { kernel, strides, pads, dilations } = window;
  const positions = must(kernel[0], "height") * must(kernel[1], "width");
  if (positions > mostPositions)
    unsupported(
      context,
      "LWC1196",
      `its MaxPool has a window of ${kernel.join("x")}`,
      `lwc keeps the places of up to ${mostPositions} values`,
    );
  const rank = mapRank(context, x);
  const origin = originOf(context);
  const pooled = assembler.toLayout(widenActivation(context, x, rank), nhwc, origin);
  const original = assembler.toLayout(widenActivation(context, source, rank), nhwc, origin);
  const attrs = { kernel, strides, pads, dilations };
  const places: Quant = { scales: [makeScale(1, name)], zeroPoint: makeZeroPoint(-128, name), storage: "int8" };
  const at = assembler.node("argmax_pool2d", [original.id], attrs, {
    name: `${name}_places`,
    shape: assembler.tensor(pooled.id).shape,
    quant: places,
    origin: { ...origin, label: "MaxPool (indices)" },
  });
  const shape = assembler.tensor(original.id).shape;
  const [, height = 1, width = 1] = shape;
  const id = assembler.node(
    "max_unpool2d",
    [pooled.id, at],
    { ...attrs, size: [height, width] },
    {
      name,
      shape,
      quant: assembler.quantOf(x),
      origin,
    },
  );
  return reshapeTo(context, { ...x, id, dims: original.dims, perm: nhwc }, source.dims);
}
