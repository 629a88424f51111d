/** The cost model as a part of the HTML page. */
import type { Gates } from "./advice.js";
import type { Copy } from "./copies.js";
import type { Cost } from "./cost.js";
import { percent } from "./cost-text.js";
import { table, text } from "./page.js";
import { group } from "./text.js";

/** Long lists fold away. */
const FOLD = 12;

export function costHtml(cost: Cost, copies: readonly Copy[]): string {
  return [
    "<h2>Cost</h2>",
    "<p>Bytes moved: inputs, outputs and constants of every step, each once (memory access cost).</p>",
    table(
      [["part"], ["steps or blocks", "n"], ["MACs", "n"], ["parameters", "n"], ["bytes moved", "n"], ["of all", "n"]],
      [
        ["network", "", group(cost.macs), group(cost.params), group(cost.moved_bytes), ""],
        ["element-wise", ...shareCells(cost.element_wise)],
        ["copies", ...shareCells(cost.copies)],
        ...gateRow("squeeze-and-excitation", cost.squeeze_excite),
        ...gateRow("h-swish and its kin", cost.h_swish),
      ],
    ),
    `<p>${cost.macs_per_byte} multiply-accumulates per byte.</p>`,
    "<h2>Advice</h2>",
    `<dl>${cost.advice.map((advice) => `<dt>${advice.guideline}: ${text(advice.title)}</dt><dd>${text(advice.text)}.</dd>`).join("\n")}</dl>`,
    '<p class="why">Guidelines of Ma et al., ShuffleNet V2, arXiv 1807.11164.</p>',
    "<h2>Depthwise separable convolutions</h2>",
    pairs(cost),
    "<h2>Copies left</h2>",
    copies.length === 0 ? "<p>None.</p>" : folded(copies.length, "copies", copyTable(copies)),
  ].join("\n");
}

function pairs(cost: Cost): string {
  if (cost.separable.length === 0) return "<p>None.</p>";
  const list = table(
    [["depthwise, pointwise"], ["MACs", "n"], ["standard convolution", "n"], ["1/out channels + 1/window", "n"]],
    cost.separable.map((pair) => [
      `${text(pair.depthwise)}<br>${text(pair.pointwise)}`,
      group(pair.macs),
      group(pair.standard_macs),
      `1/${pair.out_channels} + 1/${pair.window} = ${pair.ratio}`,
    ]),
  );
  return folded(cost.separable.length, "pairs", list);
}

function copyTable(copies: readonly Copy[]): string {
  return table(
    [["node"], ["operator"], ["bytes moved", "n"], ["why it is left"]],
    copies.map((copy) => [
      text(copy.node),
      `<code>${text(copy.op)}</code>`,
      group(copy.moved_bytes),
      text(copy.reason),
    ]),
  );
}

function folded(count: number, what: string, list: string): string {
  const wide = `<div class="wide">${list}</div>`;
  return count <= FOLD ? wide : `<details><summary>${count} ${what}</summary>${wide}</details>`;
}

function shareCells(share: Cost["copies"]): readonly string[] {
  return [group(share.steps), "", "", group(share.moved_bytes), percent(share.share)];
}

function gateRow(what: string, gates: Gates): readonly (readonly string[])[] {
  if (gates.blocks === 0) return [];
  const { blocks, macs, params, moved_bytes: moved, moved_share: share } = gates;
  return [[what, group(blocks), group(macs), group(params), group(moved), percent(share)]];
}
