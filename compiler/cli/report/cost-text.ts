/** The cost model as lines of text, for the report and `lwc inspect`. */
import { commentText as printable } from "../../codegen/c-comment.js";
import type { Gates, Pair } from "./advice.js";
import type { Copy } from "./copies.js";
import type { Cost } from "./cost.js";
import { columns, group } from "./text.js";

/** Pairs and copies beyond these are counted, not listed: the page stays one page. */
const MAX_LINES = 12;

export function costLines(cost: Cost): readonly string[] {
  const { element_wise: elementWise, copies } = cost;
  return [
    `  ${group(cost.macs)} MACs over ${group(cost.moved_bytes)} bytes of inputs, outputs and constants: ${cost.macs_per_byte} MACs per byte`,
    `  element-wise: ${elementWise.steps} steps, ${group(elementWise.moved_bytes)} bytes, ${percent(elementWise.share)} of all`,
    `  copies: ${copies.steps} steps, ${group(copies.moved_bytes)} bytes, ${percent(copies.share)} of all`,
    ...separableLine(cost.separable),
    ...gateLines("squeeze-and-excitation", cost.squeeze_excite),
    ...gateLines("h-swish and its kin", cost.h_swish),
    ...cost.advice.map(({ guideline, text }) => `  ${guideline}: ${printable(text, 400)}`),
  ];
}

function separableLine(pairs: readonly Pair[]): readonly string[] {
  if (pairs.length === 0) return [];
  const macs = pairs.reduce((sum, pair) => sum + pair.macs, 0);
  const standard = pairs.reduce((sum, pair) => sum + pair.standard_macs, 0);
  return [
    `  depthwise separable: ${pairs.length} pairs, ${group(macs)} MACs instead of ${group(standard)} of standard convolutions: ${percent(macs / standard)}`,
  ];
}

function gateLines(what: string, gates: Gates): readonly string[] {
  if (gates.blocks === 0) return [];
  return [
    `  ${what}: ${gates.blocks} blocks, ${group(gates.macs)} MACs (${percent(gates.macs_share)}), ${group(gates.params)} parameters, ${group(gates.moved_bytes)} bytes (${percent(gates.moved_share)})`,
  ];
}

export function pairLines(pairs: readonly Pair[]): readonly string[] {
  const rows = pairs
    .slice(0, MAX_LINES)
    .map((pair) => [
      group(pair.macs),
      group(pair.standard_macs),
      `1/${pair.out_channels} + 1/${pair.window} = ${pair.ratio}`,
      `${printable(pair.depthwise, 40)}, ${printable(pair.pointwise, 40)}`,
    ]);
  if (rows.length === 0) return ["  none"];
  return [...columns([["MACs", "standard", "ratio", "layers"], ...rows]), ...rest(pairs.length)];
}

export function copyLines(copies: readonly Copy[]): readonly string[] {
  if (copies.length === 0) return ["  none"];
  const rows = copies
    .slice(0, MAX_LINES)
    .map((copy) => [group(copy.moved_bytes), copy.op, printable(copy.node, 50), printable(copy.reason, 200)]);
  return [...columns([["bytes", "operator", "node", "why it is left"], ...rows]), ...rest(copies.length)];
}

function rest(count: number): readonly string[] {
  return count > MAX_LINES ? [`  and ${count - MAX_LINES} more, in the JSON report`] : [];
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
