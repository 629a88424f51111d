/**
 * Lookup of each: a unary function that differs from channel to channel, or from element to element, as exact tables. What
 * element-wise operators with constant tensors are: a scale or a slope per channel, a grid of offsets.
 *
 *   x       any shape, int8
 *   tables  [n,256] int8 constant, entry i of each for the value i - 128
 *   index   int32 constant, the table of each element, in [0, n): of the shape of x, or one per channel [1,..,1,C], or one per pixel
 *           (innermost axis of length 1)
 *   y       same shape as x
 */
import { fitAffine } from "../arith/affine-tables.js";
import { must } from "../diagnostics.js";
import { channelCount, elementCount, rowCount, rowLength } from "../ir/shape.js";
import { type Candidate, chooseKernel } from "./choose-kernel.js";
import { broadcastOf, broadcastSteps } from "./elementwise.js";
import type { PackedConstant } from "./kernel.js";
import { defineOp, type NodeView, quantOf } from "./op.js";

export type LookupEachAttrs = Record<string, never>;

type View = NodeView<LookupEachAttrs>;

function tablesOf(view: View): readonly Int8Array[] {
  const { data } = must(view.inputs[1], "tables");
  const all = must(data instanceof Int8Array ? data : undefined, "int8 tables");
  return Array.from({ length: all.length / 256 }, (_, i) => all.subarray(i * 256, (i + 1) * 256));
}

function indexOf(view: View): Int32Array {
  const { data } = must(view.inputs[2], "index");
  return must(data instanceof Int32Array ? data : undefined, "int32 index");
}

/** Where the table of an element stands in the index. */
function stepsOf(view: View): { readonly outer: number; readonly inner: number } {
  return broadcastSteps(must(view.inputs[2], "index"), view.output);
}

/** What both kernels are made from. */
interface Layer {
  readonly view: View;
  readonly tables: readonly Int8Array[];
  readonly affine: ReturnType<typeof fitAffine>;
  /** Values that go through tables: elements of the tensor. */
  readonly fields: { readonly [field: string]: number };
}

function layerOf(view: View): Layer {
  const inner = channelCount(view.output.shape);
  const steps = stepsOf(view);
  const tables = tablesOf(view);
  const affine = fitAffine(tables, quantOf(must(view.inputs[0], "input")).zeroPoint);
  const fields = {
    outer: elementCount(view.output.shape) / inner,
    inner,
    index_outer: steps.outer,
    index_inner: steps.inner,
  };
  return { view, tables, affine, fields };
}

function indexConstant({ view, tables }: Layer): PackedConstant {
  return {
    name: "index",
    data: Int16Array.from(indexOf(view)),
    align: 4,
    comment: `number of the table of each element, in [0, ${tables.length - 1}]`,
    role: "table",
  };
}

/** Beyond this many bytes tables are used only where lines do not do. */
const maxTables = 4096;

const asTables: Candidate<Layer> = {
  kernel: "lwc_lookup_each_s8",
  fits: ({ tables, affine }) => affine === undefined || tables.length * 256 <= maxTables,
  call: (layer) => ({
    kernel: "lwc_lookup_each_s8",
    header: "lwc_lookup_each_s8.h",
    geometry: "lookup_each",
    params: { type: "lwc_lookup_each_params", fields: layer.fields },
    drive: { kind: "flat" },
    constants: [
      {
        name: "tables",
        data: Int8Array.from(layer.tables.flatMap((table) => Array.from(table))),
        align: 4,
        comment: `[${layer.tables.length}][256] result for value - 128 .. 127`,
        role: "table",
      },
      indexConstant(layer),
    ],
    scratchBytes: 0,
    why: `${layer.tables.length} tables, one load per value`,
  }),
};

const asLines: Candidate<Layer> = {
  kernel: "lwc_affine_each_s8",
  fits: ({ affine }) => affine !== undefined,
  call(layer) {
    const affine = must(layer.affine, "lines");
    const pieces = affine.pivot > -128 ? 2 : 1;
    return {
      kernel: "lwc_affine_each_s8",
      header: "lwc_affine_each_s8.h",
      geometry: "affine_each",
      params: {
        type: "lwc_affine_each_params",
        fields: { ...layer.fields, pieces, pivot: affine.pivot, shift: affine.shift, min: affine.min, max: affine.max },
      },
      drive: { kind: "flat" },
      constants: [
        {
          name: "lines",
          data: Int32Array.from(affine.lines.flat().flatMap(({ mult, offset }) => [mult, offset])),
          align: 4,
          comment: `[${affine.lines.length}][${pieces}] mult, offset; 128 * |mult| + |offset| < 2^31`,
          role: "table",
        },
        indexConstant(layer),
      ],
      scratchBytes: 0,
      why: `multiply and shift: proven for each of the 256 values of ${affine.lines.length} ${affine.lines.length === 1 ? "function" : "functions"}`,
    };
  },
};

const kernels: readonly Candidate<Layer>[] = [asTables, asLines];

export const lookupEach = defineOp<LookupEachAttrs>({
  kind: "lookup_each",
  kernels,
  summary:
    "a unary function per channel or per element, as 256-entry tables: element-wise operators with constant tensors",
  attrs: {},
  arity: {
    activations: 1,
    constants: [
      { name: "tables", dtype: "int8" },
      { name: "index", dtype: "int32" },
    ],
  },
  verify(view) {
    const tables = must(view.inputs[1], "tables");
    const index = must(view.inputs[2], "index");
    const count = tables.shape[0] ?? 0;
    const mode = broadcastOf(index.shape, view.output.shape);
    return [
      ...(tables.shape.length === 2 && tables.shape[1] === 256 ? [] : ["expected tables of shape [n,256]"]),
      ...(count <= 32768 ? [] : [`${count} tables, expected at most 32768`]),
      ...(mode ? [] : [`index [${index.shape.join(",")}] does not broadcast to [${view.output.shape.join(",")}]`]),
      ...(index.data?.every((i) => i >= 0 && i < count) === true ? [] : ["an index without a table"]),
    ];
  },
  inferShape: (_attrs, inputs) => must(inputs[0], "input").shape,
  macs: () => 0,
  reference(view) {
    const tables = tablesOf(view);
    const index = indexOf(view);
    const { outer, inner } = stepsOf(view);
    const channels = channelCount(view.output.shape);
    const pixels = rowLength(view.output.shape) / channels;
    return (read, out, y) => {
      const x = read(0, y);
      for (let i = 0; i < out.length; i++) {
        const pixel = y * pixels + Math.floor(i / channels);
        const table = must(tables[index[pixel * outer + (i % channels) * inner] ?? 0], "table");
        out[i] = table[(x[i] ?? 0) + 128] ?? 0;
      }
    };
  },
  // An index that runs along with the rows belongs to the whole tensor.
  rows: (view) => (stepsOf(view).outer === 0 || rowCount(view.output.shape) === 1 ? { kind: "same" } : { kind: "all" }),
  range(view, inputs) {
    const tables = tablesOf(view);
    const index = indexOf(view);
    const { outer, inner } = stepsOf(view);
    const ranges = must(inputs[0], "input ranges");
    return Array.from({ length: channelCount(view.output.shape) }, (_, c) => {
      const used = outer === 0 ? [must(tables[index[c * inner] ?? 0], "table")] : tables;
      const { min, max } = must(ranges[ranges.length === 1 ? 0 : c], "range");
      const values = used.flatMap((table) => Array.from(table.subarray(min + 128, max + 129)));
      return { min: values.reduce((a, b) => Math.min(a, b), 127), max: values.reduce((a, b) => Math.max(a, b), -128) };
    });
  },
  channels: () => ({ kind: "fixed" }),
  inPlace: () => [0],
  lower(view, context) {
    const outputs = elementCount(view.output.shape);
    return chooseKernel(kernels, layerOf(view), { macs: 0, outputs, inputs: outputs, calls: 1 }, context);
  },
});
