/** Resize and Upsample: scales and sizes in every spelling since opset 7. */
import { type CoordinateMode, coordinateModes, type NearestMode, nearestModes } from "../../../arith/resize.js";
import { must } from "../../../diagnostics.js";
import type { Shape } from "../../../ir/shape.js";
import {
  type Context,
  constantInput,
  type Importer,
  intsAttribute,
  malformed,
  numberAttribute,
  ofIntegers,
  originOf,
  positiveAxis,
  textAttribute,
  unsupported,
} from "../context.js";
import { memoryShape, nhwc } from "../layout.js";
import type { OutputSpec, PendingValue, TensorValue, Value } from "../values.js";
import { moveQuantized, type PlanMove } from "./move-quantized.js";
import { reshapeTo } from "./reshape.js";
import { mapRank, widenActivation } from "./spatial.js";

/** What the node says, before it meets an input. */
interface ResizeNode {
  readonly mode: "nearest" | "linear";
  readonly coordinates: CoordinateMode;
  readonly rounding: NearestMode;
  /** Per axis of the input. */
  readonly plan: (dims: Shape) => readonly Scaling[];
}

interface Scaling {
  readonly size: number;
  /** float32 */
  readonly scale: number;
}

export const importResize: Importer = (context) => {
  const since11 = context.opset >= 11;
  const mode = textAttribute(context, "mode", "nearest");
  const coordinates = textAttribute(context, "coordinate_transformation_mode", since11 ? "half_pixel" : "asymmetric");
  const rounding = textAttribute(context, "nearest_mode", since11 ? "round_prefer_floor" : "simple");
  for (const name of ["cubic_coeff_a", "exclude_outside", "extrapolation_value"]) context.seen.add(name);
  if (numberAttribute(context, "antialias", 0) !== 0)
    unsupported(context, "LWC1251", "antialias = 1", "lwc resizes without a filter: export with antialias off");
  const known = coordinateModes.find((one) => one === coordinates);
  if (!known)
    return unsupported(
      context,
      "LWC1252",
      `coordinate_transformation_mode "${coordinates}"`,
      "crop with Slice and resize with half_pixel or align_corners",
    );
  const nearest = nearestModes.find((one) => one === rounding);
  if (!nearest) return malformed(context, "LWC1253", `nearest_mode "${rounding}"`);
  const plan = since11 ? planOf(context, 2, 3) : planOf(context, 1, -1);
  return [resized(context, { mode: modeOf(context, mode), coordinates: known, rounding: nearest, plan })];
};

/** Upsample, until opset 9: Resize that only enlarges, with x / scale rounded down. */
export const importUpsample: Importer = (context) => {
  const mode = modeOf(context, textAttribute(context, "mode", "nearest"));
  return [resized(context, { mode, coordinates: "asymmetric", rounding: "floor", plan: planOf(context, 1, -1) })];
};

function modeOf(context: Context, mode: string): "nearest" | "linear" {
  if (mode === "nearest" || mode === "linear") return mode;
  if (mode === "bilinear") return "linear";
  return unsupported(
    context,
    "LWC1250",
    `mode "${mode}"`,
    "resize with mode nearest or linear, or leave it to the code behind",
  );
}

/** Scales or sizes, of all axes or of those that the attribute names. */
function planOf(context: Context, scalesInput: number, sizesInput: number): (dims: Shape) => readonly Scaling[] {
  const attribute = context.node.attributes.get("scales");
  if (attribute !== undefined) context.seen.add("scales");
  const listed = Array.isArray(attribute) ? attribute.map(Number) : undefined;
  const scales = listed ?? Array.from(constantInput(context, scalesInput, "the scales")?.data ?? []);
  const sizes = sizesInput < 0 ? [] : Array.from(constantInput(context, sizesInput, "the sizes")?.data ?? []);
  const axes = intsAttribute(context, "axes");
  const policy = textAttribute(context, "keep_aspect_ratio_policy", "stretch");
  const given = scales.length > 0 ? scales : sizes;
  if (given.length === 0) malformed(context, "LWC1254", "it has neither scales nor sizes");
  return (dims) => {
    const named = (axes ?? dims.map((_, axis) => axis)).map((axis) => positiveAxis(context, axis, dims));
    if (named.length !== given.length || given.some((value) => !(value > 0)))
      malformed(
        context,
        "LWC1254",
        `${scales.length > 0 ? "scales" : "sizes"} [${given.join(",")}] for an input of shape [${dims.join(",")}]`,
      );
    const scalings = scales.length > 0 ? byScales(dims, named, scales) : bySizes(dims, named, sizes, policy);
    // ONNX Runtime copies where no size changes, whatever the scales say.
    return scalings.every(({ size }, axis) => size === dims[axis])
      ? dims.map((size) => ({ size, scale: 1 }))
      : scalings;
  };
}

function byScales(dims: Shape, axes: readonly number[], scales: readonly number[]): readonly Scaling[] {
  return dims.map((dim, axis) => {
    const scale = Math.fround(scales[axes.indexOf(axis)] ?? 1);
    return { size: Math.trunc(Math.fround(scale * dim)), scale };
  });
}

/** With a policy other than "stretch" the axes share one scale, and sizes are bounds. */
function bySizes(dims: Shape, axes: readonly number[], sizes: readonly number[], policy: string): readonly Scaling[] {
  const sizeOf = (axis: number): number => sizes[axes.indexOf(axis)] ?? must(dims[axis], "dim");
  const scales = dims.map((dim, axis) => Math.fround(sizeOf(axis) / dim));
  if (policy === "stretch") return dims.map((_, axis) => ({ size: sizeOf(axis), scale: scales[axis] ?? 1 }));
  const named = axes.map((axis) => must(scales[axis], "scale"));
  const shared = policy === "not_larger" ? Math.min(...named) : Math.max(...named);
  return dims.map((dim, axis) =>
    axes.includes(axis) ? { size: Math.round(Math.fround(shared * dim)), scale: shared } : { size: dim, scale: 1 },
  );
}

function resized(context: Context, node: ResizeNode): Value {
  const value = context.input(0);
  if (node.mode === "linear") return linear(context, node, value);
  const plan: PlanMove = (x) => {
    const dims = resultDims(context, node, x);
    return { dims, emit: (source, name) => emit(context, node, source, asIs(context, source, name)) };
  };
  return moveQuantized(context, value, plan);
}

function linear(context: Context, node: ResizeNode, value: Value | undefined): PendingValue {
  if (value?.kind !== "tensor")
    return unsupported(
      context,
      "LWC1161",
      "it moves a value that is not quantized yet",
      "quantize in front of it: a QuantizeLinear/DequantizeLinear pair belongs there",
    );
  if (!value.real) return ofIntegers(context);
  const dims = resultDims(context, node, value);
  const unbounded = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const island =
    "ONNX Runtime computes a linear Resize in float (since 1.27; before, it truncates integers); lwc repeats the same float steps";
  const origin = { ...originOf(context), island };
  return { kind: "pending", dims, ...unbounded, origin, finish: (output) => emit(context, node, value, output) };
}

function asIs(context: Context, x: TensorValue, name: string): OutputSpec {
  const quant = context.assembler.quantOf(x);
  return { quant, clampMin: -128, clampMax: 127, origin: originOf(context), name };
}

function resultDims(context: Context, node: ResizeNode, x: TensorValue): Shape {
  mapRank(context, x);
  const scalings = node.plan(x.dims);
  const dims = scalings.map(({ size }) => size);
  const moved = scalings.flatMap(({ scale }, axis) => (scale === 1 ? [] : [axis]));
  const isMap = moved.every((axis) => axis >= 2) || (dims.length === 4 && !moved.includes(0) && !moved.includes(3));
  if (!isMap)
    unsupported(
      context,
      "LWC1255",
      `it resizes [${x.dims.join(",")}] to [${dims.join(",")}]`,
      "lwc resizes height and width",
    );
  if (dims.some((dim) => dim < 1))
    malformed(context, "LWC1254", `it resizes [${x.dims.join(",")}] to [${dims.join(",")}]`);
  return dims;
}

/** [N, H, W, C] as [N, C, H, W]. */
const channelsLast: readonly number[] = [0, 3, 1, 2];

function emit(context: Context, node: ResizeNode, x: TensorValue, output: OutputSpec): TensorValue {
  const rank = mapRank(context, x);
  const scalings = node.plan(x.dims);
  if (rank === 2 && must(scalings[1], "axis").scale !== 1) {
    const pick = (list: readonly number[]): readonly number[] => channelsLast.map((axis) => must(list[axis], "axis"));
    const turned: TensorValue = { ...x, dims: pick(x.dims), perm: pick(x.perm) };
    const result = emitMap(
      context,
      node,
      turned,
      channelsLast.map((axis) => must(scalings[axis], "axis")),
      output,
    );
    const back = [0, 2, 3, 1];
    return {
      ...result,
      dims: back.map((axis) => must(result.dims[axis], "axis")),
      perm: back.map((axis) => must(result.perm[axis], "axis")),
    };
  }
  const wide = rank === 1 ? [...scalings.slice(0, 2), { size: 1, scale: 1 }, ...scalings.slice(2)] : scalings;
  const result = emitMap(context, node, widenActivation(context, x, rank), wide, output);
  return rank === 1
    ? reshapeTo(
        context,
        result,
        scalings.map(({ size }) => size),
      )
    : result;
}

function emitMap(
  context: Context,
  node: ResizeNode,
  x: TensorValue,
  scalings: readonly Scaling[],
  output: OutputSpec,
): TensorValue {
  const { assembler } = context;
  const [, , v, h] = scalings;
  const [height, width] = [must(v, "height"), must(h, "width")];
  const source = assembler.toLayout(x, nhwc, output.origin);
  const { mode, coordinates, rounding } = node;
  const attrs = {
    mode,
    coordinates,
    rounding: mode === "nearest" ? rounding : "round_prefer_floor",
    size: [height.size, width.size],
    scaleH: height.scale,
    scaleW: width.scale,
    clampMin: output.clampMin,
    clampMax: output.clampMax,
  };
  const dims = [1, must(x.dims[1], "channels"), height.size, width.size];
  const id = assembler.node("resize", [source.id], attrs, {
    name: output.name,
    shape: memoryShape(dims, nhwc),
    quant: output.quant,
    origin: output.origin,
  });
  return { ...x, id, dims, perm: nhwc };
}
