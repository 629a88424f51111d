/** The report of a compilation as one HTML page. */
import { formatShape } from "../../ir/shape.js";
import { arenaPictures, arenaSvg } from "./arena-svg.js";
import { costHtml } from "./cost-html.js";
import type { HotWeightsReport } from "./hot-weights.js";
import { type Column, facts, htmlPage, table, text } from "./page.js";
import { type NodeNote, type PortReport, type Report, realValue, type StepReport } from "./report.js";
import type { StreamReport } from "./row-lives.js";
import { streamLegend, streamSvg } from "./stream-svg.js";
import { group, regionFigures } from "./text.js";

export function reportHtml(report: Report): string {
  const title = `${text(report.model)}: lwc report`;
  return htmlPage(title, [
    factTable(report),
    "<h2>Arena</h2>",
    `<p>Steps from left to right, offsets from bottom to top; the shaded column is the peak. Blue: whole tensors, darker where one grows over another that is read for the last time, or over rows that are no longer in flight; green: rows in flight of layers that run row by row, with their scratch; orange: scratch.</p>`,
    ...arenaPictures(report).flatMap(([name, picture]) => [
      ...(name === "" ? [] : [`<h3>${text(name)}</h3>`]),
      `<div class="wide">${arenaSvg(picture)}</div>`,
    ]),
    ...(report.regions.length === 0 ? [] : [regionTable(report)]),
    ...(report.hot_weights === null ? [] : [hotWeightsHtml(report.hot_weights)]),
    `<h2>Alive at the peak</h2>`,
    `<p>Step ${report.peak.step}: ${group(report.peak.bytes)} bytes.</p>`,
    table(
      [["bytes", "n"], ["what"]],
      report.peak.alive.map((slot) => [group(slot.bytes), text(slot.what)]),
    ),
    "<h2>Streams</h2>",
    report.streams.length === 0
      ? "<p>None: every layer ends before the next begins.</p>"
      : report.streams.map(streamHtml).join("\n"),
    costHtml(report.cost, report.copies),
    "<h2>Steps</h2>",
    `<div class="wide">${stepTable(report)}</div>`,
    "<h2>Computed in float by ONNX Runtime</h2>",
    noteList(report.float_islands, "None: every node is computed in integers."),
    "<h2>Transposes left</h2>",
    noteList(report.transposes, "None."),
    "<h2>Passes</h2>",
    `<ol>${report.passes.map(({ pass, why }) => `<li><code>${text(pass)}</code> ${text(why)}</li>`).join("\n")}</ol>`,
  ]);
}

function hotWeightsHtml(hot: HotWeightsReport): string {
  const flash = hot.flash_cycles === null ? "those of flash are not known" : `${hot.flash_cycles} in flash`;
  return [
    "<h2>Constants in fast RAM</h2>",
    `<p>${text(hot.region)}: ${group(hot.bytes)} of ${group(hot.room)} bytes; ${hot.cycles} modelled cycles a word there, ${flash}. What is read most per byte comes first.</p>`,
    table(
      [["layer"], ["steps"], ["bytes", "n"], ["bytes read", "n"], ["times", "n"], ["cycles saved at most", "n"]],
      hot.constants.map((one) => [
        text(one.layer),
        one.steps.join(", "),
        group(one.bytes),
        group(one.reads),
        String(one.reuse),
        one.saved_cycles === null ? "" : group(one.saved_cycles),
      ]),
    ),
  ].join("\n");
}

function regionTable({ regions }: Report): string {
  return table(
    [
      ["memory"],
      ["may take", "n"],
      ["takes", "n"],
      ["lower bound", "n"],
      ["peak at step", "n"],
      ["bytes moved", "n"],
      ["cycles a word", "n"],
      ["cycles waited", "n"],
    ],
    regions.map((region) => [text(region.name), ...regionFigures(region)]),
  );
}

/** Rows of one colour that climb a stair and start over are a ring. */
function streamHtml(stream: StreamReport): string {
  const { first_step: first, last_step: last, why, pool_bytes: bytes, rows_made: made } = stream;
  return [
    `<h3>Steps ${first} to ${last}</h3>`,
    `<p>${text(why)}. ${group(made)} rows are made from left to right, each in its place in the pool of ${group(bytes)} bytes until it is read for the last time. Gaps are scratch memory, or free.</p>`,
    `<div class="wide">${streamSvg(stream)}</div>`,
    streamLegend(stream),
  ].join("\n");
}

function factTable(report: Report): string {
  return facts([
    ["Model", `SHA-256 <code>${text(report.model_sha256)}</code>`],
    ["Command", `<code>${text(report.command)}</code>`],
    ["Generator", `lwc ${text(report.lwc_version)}, -O ${text(report.optimize)}, numerics ${text(report.numerics)}`],
    ["Target", text(report.target)],
    ...report.inputs.map((port): [string, string] => ["Input", portText(port)]),
    ...report.outputs.map((port): [string, string] => ["Output", portText(port)]),
    ["Multiply-accumulates", group(report.macs)],
    ["Parameters", group(report.params)],
    [
      "Constants in flash",
      `${group(report.weight_bytes + report.table_bytes)} bytes: weights ${group(report.weight_bytes)}, tables ${group(report.table_bytes)}`,
    ],
    ["Arena", `${group(report.arena_bytes)} bytes, lower bound ${group(report.arena_lower_bound)}`],
    [
      "Inputs and outputs",
      `${group(report.io_bytes)} bytes ${report.io === "arena" ? "inside the arena" : "of the caller's"}`,
    ],
  ]);
}

function portText(port: PortReport): string {
  const real = realValue(port, "&times;");
  const quant = real === undefined ? "" : `; real = ${real}`;
  const model = `${text(port.model_dtype)} ${formatShape(port.model_shape)} in the model`;
  return `<code>${text(port.name)}</code>: ${model}, ${text(port.dtype)} ${formatShape(port.shape)} in C${quant}`;
}

function stepTable(report: Report): string {
  const columns: readonly Column[] = [
    ["step", "n"],
    ["layer"],
    ["kernel"],
    ["shapes"],
    ["MACs", "n"],
    ["%", "n"],
    ["params", "n"],
    ["bytes moved", "n"],
    ["MAC/B", "n"],
    ["constants", "n"],
    ["scratch", "n"],
    ["output", "n"],
  ];
  return table(
    columns,
    report.steps.map((step) => stepCells(step, report.macs)),
  );
}

function stepCells(step: StepReport, macs: number): readonly string[] {
  const kernel = step.kernel === null ? "view" : `<code>${text(step.kernel)}</code> ${text(step.geometry ?? "")}`;
  return [
    String(step.step),
    `${text(step.name)}<br>${text(step.origin)}`,
    `${kernel}<br><span class="why">${text(step.why)}</span>`,
    `${step.inputs.map(formatShape).join("<br>")}<br>&rarr; ${formatShape(step.output)}`,
    group(step.macs),
    macs === 0 ? "" : ((100 * step.macs) / macs).toFixed(1),
    group(step.params),
    group(step.moved_bytes),
    step.kernel === null ? "" : step.macs_per_byte.toFixed(1),
    group(step.weight_bytes + step.table_bytes),
    group(step.scratch_bytes),
    group(step.output_bytes),
  ];
}

function noteList(list: readonly NodeNote[], none: string): string {
  if (list.length === 0) return `<p>${none}</p>`;
  return `<ul>${list.map(({ node, reason }) => `<li><code>${text(node)}</code> ${text(reason)}</li>`).join("\n")}</ul>`;
}
