/** Concat, Slice, Split: joining and cutting. */
import { unaryTable } from "../../../arith/unary.js";
import { must } from "../../../diagnostics.js";
import { type Quant, sameQuant, scaleOf } from "../../../ir/quant.js";
import type { Shape } from "../../../ir/shape.js";
import {
  asActivation,
  type Context,
  constantInts,
  type Importer,
  intsAttribute,
  malformed,
  numberAttribute,
  originOf,
  positiveAxis,
  unsupported,
} from "../context.js";
import { memoryShape } from "../layout.js";
import type { OutputSpec, PendingValue, TensorValue, Value } from "../values.js";
import { concatConstants, sliceConstant } from "./fold.js";
import { moveActivation } from "./reshape.js";

export const importConcat: Importer = (context) => {
  const values = context.node.inputs.map((_, i) => context.input(i));
  const axis = numberAttribute(context, "axis", 1);
  const constants = values.flatMap((value) => (value?.kind === "constant" ? [value.tensor] : []));
  if (values.length === 0) malformed(context, "LWC1101", "input 0 is missing");
  if (constants.length === values.length) {
    const joined = concatConstants(constants, positiveAxis(context, axis, must(constants[0], "first input").dims));
    const shapes = constants.map(({ dtype, dims }) => `${dtype} [${dims.join(",")}]`).join(", ");
    return [
      { kind: "constant", tensor: joined ?? malformed(context, "LWC1200", `${shapes} do not join along axis ${axis}`) },
    ];
  }
  const tensors = values.map((value, i) => asActivation(context, value, i));
  const first = must(tensors[0], "first input");
  if (
    !first.real &&
    tensors.every((tensor) => sameQuant(context.assembler.quantOf(tensor), context.assembler.quantOf(first)))
  ) {
    const pending = concatenate(context, tensors, axis);
    return [{ ...pending.finish(asIs(context, context.assembler.quantOf(first))), real: false }];
  }
  if (tensors.some((tensor) => !tensor.real))
    unsupported(
      context,
      "LWC1208",
      "it joins integers of different scales or zero points",
      "put it between DequantizeLinear and QuantizeLinear",
    );
  return [concatenate(context, tensors, axis)];
};

function asIs(context: Context, quant: Quant): OutputSpec {
  return {
    quant,
    clampMin: -128,
    clampMax: 127,
    origin: originOf(context),
    name: context.node.outputs[0] ?? context.node.name,
  };
}

/** Joins along an ONNX axis; inputs with another quantization than the result's are rescaled by a table. */
export function concatenate(context: Context, tensors: readonly TensorValue[], axis: number): PendingValue {
  const first = must(tensors[0], "first input");
  const joined = positiveAxis(context, axis, first.dims);
  for (const tensor of tensors) {
    const fits =
      tensor.dims.length === first.dims.length && tensor.dims.every((dim, i) => i === joined || dim === first.dims[i]);
    if (!fits)
      malformed(
        context,
        "LWC1200",
        `[${tensor.dims.join(",")}] does not join [${first.dims.join(",")}] along axis ${joined}`,
      );
  }
  const total = tensors.reduce((sum, tensor) => sum + (tensor.dims[joined] ?? 0), 0);
  const dims = first.dims.map((dim, i) => (i === joined ? total : dim));
  const origin = originOf(context);
  const finish = (output: OutputSpec): TensorValue => {
    const { assembler } = context;
    const parts = tensors.map((tensor) => rescale(context, assembler.toLayout(tensor, first.perm, origin), output));
    const attrs = { axis: must(first.perm[joined], "axis") };
    const id = assembler.node(
      "concat",
      parts.map((part) => part.id),
      attrs,
      { name: output.name, shape: memoryShape(dims, first.perm), quant: output.quant, origin: output.origin },
    );
    return clampTable(context, { kind: "tensor", id, dims, perm: first.perm, real: true }, output);
  };
  return { kind: "pending", dims, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, origin, finish };
}

function rescale(context: Context, value: TensorValue, output: OutputSpec): TensorValue {
  const { assembler } = context;
  const own = assembler.quantOf(value);
  if (scaleOf(own) === scaleOf(output.quant) && own.zeroPoint === output.quant.zeroPoint) return value;
  const table = unaryTable(
    (x) => x,
    { scale: scaleOf(own), zeroPoint: own.zeroPoint },
    { scale: scaleOf(output.quant), zeroPoint: output.quant.zeroPoint },
  );
  const tableId = assembler.constant(`${value.id}_rescale_table`, "int8", [256], table, output.quant);
  const origin = { nodes: output.origin.nodes, label: `${output.origin.label} (rescale)` };
  const id = assembler.node(
    "lookup",
    [value.id, tableId],
    {},
    { name: `${value.id}_rescaled`, shape: assembler.tensor(value.id).shape, quant: output.quant, origin },
  );
  return { ...value, id };
}

/** A fused activation behind an operator that has no clamp of its own. */
export function clampTable(context: Context, value: TensorValue, output: OutputSpec): TensorValue {
  if (output.clampMin === -128 && output.clampMax === 127) return value;
  const { assembler } = context;
  const table = Int8Array.from({ length: 256 }, (_, i) =>
    Math.min(output.clampMax, Math.max(output.clampMin, i - 128)),
  );
  const tableId = assembler.constant(`${value.id}_clamp_table`, "int8", [256], table, output.quant);
  const id = assembler.node(
    "lookup",
    [value.id, tableId],
    {},
    {
      name: `${value.id}_clamped`,
      shape: assembler.tensor(value.id).shape,
      quant: output.quant,
      origin: output.origin,
    },
  );
  return { ...value, id };
}

/** A part of an activation, by ONNX axes. */
export function cut(
  context: Context,
  x: TensorValue,
  starts: readonly number[],
  counts: readonly number[],
  steps: readonly number[],
  name: string,
): TensorValue {
  const { assembler } = context;
  const place = (list: readonly number[]): readonly number[] => memoryShape(list, x.perm);
  const ends = starts.map((start, axis) => start + must(steps[axis], "step") * must(counts[axis], "count"));
  const attrs = { starts: place(starts), ends: place(ends), steps: place(steps) };
  const id = assembler.node("slice", [x.id], attrs, {
    name,
    shape: place(counts),
    quant: assembler.quantOf(x),
    origin: originOf(context),
  });
  return { ...x, id, dims: counts };
}

/** Starts, counts and steps of a slice, one per axis. */
interface Cut {
  readonly starts: readonly number[];
  readonly counts: readonly number[];
  readonly steps: readonly number[];
}

/** Inputs since opset 10, attributes before. */
function sliceOf(context: Context): (dims: Shape) => Cut {
  const byAttribute = context.opset < 10;
  const list = (i: number, name: string): readonly number[] | undefined =>
    byAttribute ? intsAttribute(context, name) : constantInts(context, i, `the ${name}`);
  const starts = list(1, "starts") ?? malformed(context, "LWC1201", "its starts are missing");
  const ends = list(2, "ends") ?? malformed(context, "LWC1201", "its ends are missing");
  const axes = list(3, "axes");
  const steps = byAttribute ? undefined : constantInts(context, 4, "the steps");
  return (dims) => {
    const cut = { starts: dims.map(() => 0), counts: dims.slice(), steps: dims.map(() => 1) };
    starts.forEach((start, i) => {
      const axis = positiveAxis(context, axes?.[i] ?? i, dims);
      const step = steps?.[i] ?? 1;
      const end = ends[i] ?? malformed(context, "LWC1201", "its ends are missing");
      if (step === 0) malformed(context, "LWC1201", "a step of 0");
      const { from, count } = span(start, end, step, must(dims[axis], "dim"));
      cut.starts[axis] = from;
      cut.counts[axis] = count;
      cut.steps[axis] = step;
    });
    return cut;
  };
}

export const importSlice: Importer = (context) => {
  const value = context.input(0);
  const read = sliceOf(context);
  if (value?.kind === "constant") {
    const { starts, counts, steps } = read(value.tensor.dims);
    return [{ kind: "constant", tensor: sliceConstant(value.tensor, starts, counts, steps) }];
  }
  return [
    moveActivation(context, value, (x) => {
      const { starts, counts, steps } = read(x.dims);
      const empty = counts.indexOf(0);
      if (empty >= 0) malformed(context, "LWC1202", `its slice of axis ${empty} is empty`);
      return cut(context, x, starts, counts, steps, context.node.outputs[0] ?? context.node.name);
    }),
  ];
};

/** First index and number of indices of one axis; negative starts and ends count from the end. */
function span(
  start: number,
  end: number,
  step: number,
  dim: number,
): { readonly from: number; readonly count: number } {
  const wrap = (at: number): number => (at < 0 ? at + dim : at);
  const last = step > 0 ? dim : dim - 1;
  const from = Math.min(Math.max(wrap(start), 0), last);
  const to = Math.min(Math.max(wrap(end), step > 0 ? 0 : -1), last);
  return { from, count: Math.max(0, Math.ceil((to - from) / step)) };
}

export const importSplit: Importer = (context) => {
  const value = context.input(0);
  const given = constantInts(context, 1, "the sizes") ?? intsAttribute(context, "split");
  const parts = context.node.outputs.length;
  const count = numberAttribute(context, "num_outputs", parts);
  const wanted = numberAttribute(context, "axis", 0);
  if (given && given.length !== parts) malformed(context, "LWC1204", `${given.length} sizes for ${parts} parts`);
  const partOf = (dims: Shape, i: number): Cut => {
    const axis = positiveAxis(context, wanted, dims);
    const dim = must(dims[axis], "dim");
    const even = Math.ceil(dim / count);
    const sizes = given ?? Array.from({ length: parts }, (_, k) => Math.min(even, dim - k * even));
    if (sizes.some((size) => size < 1) || sizes.reduce((sum, size) => sum + size, 0) !== dim)
      malformed(context, "LWC1204", `its parts do not fit axis ${axis} of [${dims.join(",")}]`);
    const start = sizes.slice(0, i).reduce((sum, size) => sum + size, 0);
    return {
      starts: dims.map((_, a) => (a === axis ? start : 0)),
      counts: dims.map((d, a) => (a === axis ? must(sizes[i], "size") : d)),
      steps: dims.map(() => 1),
    };
  };
  return context.node.outputs.map((name, i): Value => {
    if (value?.kind === "constant") {
      const { starts, counts, steps } = partOf(value.tensor.dims, i);
      return { kind: "constant", tensor: sliceConstant(value.tensor, starts, counts, steps) };
    }
    return moveActivation(context, value, (x) => {
      const { starts, counts, steps } = partOf(x.dims, i);
      return cut(context, x, starts, counts, steps, name);
    });
  });
};
