/** The report as one HTML page: no scripts, nothing loaded from elsewhere, readable in light and dark. */
import { commentText as printable } from "../../codegen/c-comment.js";
import { formatShape } from "../../ir/shape.js";
import { arenaSvg } from "./arena-svg.js";
import { escapeHtml } from "./escape-html.js";
import { type NodeNote, type PortReport, type Report, realValue, type StepReport } from "./report.js";
import { group } from "./text.js";

const style = `
:root { color-scheme: light dark; --line: #c9ced6; --soft: #f3f5f8; --tensor: #6ea0dc; --ring: #7fbf8e; --scratch: #e0a458; --peak: #f6e3e3; }
@media (prefers-color-scheme: dark) { :root { --line: #454b55; --soft: #22262c; --tensor: #3f6ea8; --ring: #2f6d42; --scratch: #9a6a24; --peak: #3a2427; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { border-bottom: 1px solid var(--line); padding: 0.25rem 0.6rem; text-align: left; vertical-align: top; }
thead th { background: var(--soft); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.why { opacity: 0.75; font-size: 0.9em; }
svg text { fill: currentColor; font: 11px system-ui, sans-serif; }
svg .grid { stroke: var(--line); }
svg .peak { fill: var(--peak); }
svg .tensor { fill: var(--tensor); fill-opacity: 0.75; stroke: var(--line); }
svg .ring { fill: var(--ring); stroke: var(--line); }
svg .scratch { fill: var(--scratch); stroke: var(--line); }
`;

export function reportHtml(report: Report): string {
  const title = `${text(report.model)}: lwc report`;
  return [
    "<!DOCTYPE html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    // Whatever slipped through the escaping could neither run nor load anything.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${title}</title>`,
    `<style>${style}</style>`,
    "</head>",
    "<body>",
    `<h1>${title}</h1>`,
    factTable(report),
    "<h2>Arena</h2>",
    `<p>Steps from left to right, offsets from bottom to top; the shaded column is the peak. Blue: whole tensors, darker where one grows over another that is read for the last time; green: rings of rows; orange: scratch.</p>`,
    `<div class="wide">${arenaSvg(report)}</div>`,
    `<h2>Alive at the peak</h2>`,
    `<p>Step ${report.peak.step}: ${group(report.peak.bytes)} bytes.</p>`,
    table(
      [["bytes", "n"], ["what"]],
      report.peak.alive.map((slot) => [group(slot.bytes), text(slot.what)]),
    ),
    "<h2>Streams</h2>",
    report.streams.length === 0
      ? "<p>None: every layer ends before the next begins.</p>"
      : `<ul>${report.streams.map((stream) => `<li>Steps ${stream.first_step} to ${stream.last_step}: ${text(stream.why)}.</li>`).join("\n")}</ul>`,
    "<h2>Steps</h2>",
    `<div class="wide">${stepTable(report)}</div>`,
    "<h2>Computed in float by ONNX Runtime</h2>",
    noteList(report.float_islands, "None: every node is computed in integers."),
    "<h2>Transposes left</h2>",
    noteList(report.transposes, "None."),
    "<h2>Passes</h2>",
    `<ol>${report.passes.map(({ pass, why }) => `<li><code>${text(pass)}</code> ${text(why)}</li>`).join("\n")}</ol>`,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

/** Text from outside: printable, on one line, cut where it is endless, escaped. */
function text(value: string): string {
  return escapeHtml(printable(value, 300));
}

function factTable(report: Report): string {
  const facts: readonly (readonly [string, string])[] = [
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
  ];
  return `<table><tbody>${facts.map(([label, value]) => `<tr><th>${label}</th><td>${value}</td></tr>`).join("\n")}</tbody></table>`;
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
    ["weights", "n"],
    ["tables", "n"],
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
    `${step.inputs.map(formatShape).join(" ")} &rarr; ${formatShape(step.output)}`,
    group(step.macs),
    macs === 0 ? "" : ((100 * step.macs) / macs).toFixed(1),
    group(step.weight_bytes),
    group(step.table_bytes),
    group(step.scratch_bytes),
    group(step.output_bytes),
  ];
}

/** Heading and, for numbers, the class "n". */
type Column = readonly [heading: string, className?: "n"];

function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const classOf = (column: Column | undefined): string => (column?.[1] === undefined ? "" : ` class="${column[1]}"`);
  const head = columns.map((column) => `<th${classOf(column)}>${column[0]}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((cell, i) => `<td${classOf(columns[i])}>${cell}</td>`).join("")}</tr>`);
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${body.join("\n")}\n</tbody></table>`;
}

function noteList(list: readonly NodeNote[], none: string): string {
  if (list.length === 0) return `<p>${none}</p>`;
  return `<ul>${list.map(({ node, reason }) => `<li><code>${text(node)}</code> ${text(reason)}</li>`).join("\n")}</ul>`;
}
