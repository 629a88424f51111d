/**
 * Lookup: every unary function of one quantized tensor (sigmoid, h-swish, h-sigmoid, tanh, leaky ReLU, rescale, ...) as an
 * exact table.
 *
 *   x      any shape, int8
 *   table  [256] int8 constant, entry i for the value i - 128
 *   y      same shape
 */
import { must } from "../diagnostics.js";
import { elementCount } from "../ir/shape.js";
import { type Candidate, chooseKernel } from "./choose-kernel.js";
import { mveLookup } from "./lookup/kernels-mve.js";
import { type LookupLayer, portableLookup } from "./lookup/kernels-portable.js";
import { defineOp, fullRange, type NodeView } from "./op.js";

export type LookupAttrs = Record<string, never>;

export function tableOfLookup(view: NodeView): Int8Array {
  const data = must(view.inputs[1], "table").data;
  return must(data instanceof Int8Array ? data : undefined, "int8 table");
}

const kernels: readonly Candidate<LookupLayer>[] = [portableLookup, mveLookup];

export const lookup = defineOp<LookupAttrs>({
  kind: "lookup",
  kernels,
  summary: "any unary function of a quantized tensor as a 256-entry table",
  attrs: {},
  arity: { activations: 1, constants: [{ name: "table", dtype: "int8" }] },
  verify: (view) => (must(view.inputs[1], "table").data?.length === 256 ? [] : ["expected a table of 256 entries"]),
  inferShape: (_attrs, inputs) => must(inputs[0], "input").shape,
  macs: () => 0,
  reference(view) {
    const table = tableOfLookup(view);
    return (read, out, y) => {
      const x = read(0, y);
      for (let i = 0; i < out.length; i++) out[i] = table[(x[i] ?? 0) + 128] ?? 0;
    };
  },
  rows: () => ({ kind: "same" }),
  range(view, inputs) {
    const table = tableOfLookup(view);
    return must(inputs[0], "input ranges").map(({ min, max }) => {
      let low = fullRange.max;
      let high = fullRange.min;
      for (let value = min; value <= max; value++) {
        const y = table[value + 128] ?? 0;
        low = Math.min(low, y);
        high = Math.max(high, y);
      }
      return { min: low, max: high };
    });
  },
  channels: () => ({ kind: "tied" }),
  perElement: true,
  inPlace: () => [0],
  isIdentity: (view) => tableOfLookup(view).every((value, i) => value === i - 128),
  lower(view, context) {
    const count = elementCount(view.output.shape);
    const work = { macs: 0, outputs: count, inputs: count, calls: 1 };
    return chooseKernel(kernels, { table: tableOfLookup(view), count }, work, context);
  },
});
