/**
 * A table behind a layer with constant weights: the kernel stores the entry of each result instead of the result. The saturation
 * to int8 that a kernel does in one instruction stays in front of it; what else the layer clamps is in the table.
 */
import { must } from "../diagnostics.js";
import { isList, type KernelCall, type StructLiteral } from "./kernel.js";
import { fullRange, type NodeView } from "./op.js";

type Clamped = { readonly clampMin: number; readonly clampMax: number };

/** The layer without its clamp, and the table that repeats it: entries outside of the clamp are those of its ends. */
export function clampInTable<A extends Clamped>(
  view: NodeView<A>,
  table: Int8Array,
): { readonly view: NodeView<A>; readonly table: Int8Array } {
  const { clampMin, clampMax } = view.attrs;
  const entry = (i: number): number => table[Math.min(clampMax, Math.max(clampMin, i - 128)) + 128] ?? 0;
  const attrs = { ...view.attrs, clampMin: fullRange.min, clampMax: fullRange.max };
  return {
    view: { ...view, attrs, node: { ...view.node, attrs } },
    table: Int8Array.from({ length: table.length }, (_, i) => entry(i)),
  };
}

/** The same kernel with a table: its parameters hold one lwc_requant, in themselves or in those of a kernel inside. */
export function throughTable(call: KernelCall, data: Int8Array): KernelCall {
  const member = must(wayToRequant(call.params.fields), "requantization of a kernel that takes a table");
  const comment = "[256] what is stored for the result -128 .. 127";
  return { ...call, table: { member, constant: { name: "table", data, align: 4, comment, role: "table" } } };
}

function wayToRequant(fields: StructLiteral): readonly string[] | undefined {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "number" || isList(value)) continue;
    const way = name === "requant" ? [] : wayToRequant(value);
    if (way) return [name, ...way];
  }
  return undefined;
}
