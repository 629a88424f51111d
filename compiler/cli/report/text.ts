/** The report as plain text for a terminal: 7-bit, no control characters whatever stands in the model. */
import { commentText as printable } from "../../codegen/c-comment.js";
import { formatShape } from "../../ir/shape.js";
import { copyLines, costLines, pairLines } from "./cost-text.js";
import { hotWeightsLines } from "./hot-weights.js";
import {
  type NodeNote,
  type PortReport,
  type RegionReport,
  type Report,
  realValue,
  type StepReport,
} from "./report.js";

export function reportText(report: Report): string {
  const sections = [
    summary(report),
    ...(report.regions.length === 0 ? [] : [["REGIONS", ...regionLines(report.regions)]]),
    ...(report.hot_weights === null ? [] : [["HOT WEIGHTS", ...hotWeightsLines(report.hot_weights)]]),
    ["PEAK", ...peak(report)],
    ["COST", ...costLines(report.cost)],
    ["DEPTHWISE SEPARABLE, AGAINST STANDARD CONVOLUTIONS", ...pairLines(report.cost.separable)],
    ["STEPS", ...columns(stepTable(report.steps))],
    ...(report.streams.length === 0
      ? []
      : [
          [
            "STREAMS",
            ...report.streams.map(
              ({ first_step: first, last_step: last, why }) => `  steps ${first} to ${last}: ${why}`,
            ),
          ],
        ]),
    ["WHY", ...report.steps.map((step) => `${String(step.step).padStart(4)}  ${printable(step.why, 300)}`)],
    ["IN FLOAT IN ONNX RUNTIME", ...notes(report.float_islands, "none: every node is computed in integers")],
    ["COPIES LEFT", ...copyLines(report.copies)],
    ["TRANSPOSES LEFT", ...notes(report.transposes, "none")],
    ["PASSES", ...report.passes.map(({ pass, why }) => `  ${printable(pass)}: ${printable(why, 300)}`)],
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function summary(report: Report): readonly string[] {
  const facts: readonly (readonly [string, string])[] = [
    ["model", `${report.model}${report.model_sha256 === "" ? "" : `, SHA-256 ${printable(report.model_sha256)}`}`],
    ["command", printable(report.command, 400)],
    ["generator", `lwc ${printable(report.lwc_version)}, -O ${report.optimize}`],
    ["target", report.target],
    ["numerics", report.numerics],
    ...report.inputs.map((port): [string, string] => ["input", portText(port)]),
    ...report.outputs.map((port): [string, string] => ["output", portText(port)]),
    ["MACs", group(report.macs)],
    ["parameters", group(report.params)],
    [
      "flash",
      `${group(report.weight_bytes + report.table_bytes)} bytes of constants: weights ${group(report.weight_bytes)}, tables ${group(report.table_bytes)}`,
    ],
    ["arena", `${group(report.arena_bytes)} bytes, lower bound ${group(report.arena_lower_bound)}`],
    ["in and out", `${group(report.io_bytes)} bytes ${report.io === "arena" ? "inside the arena" : "of the caller's"}`],
  ];
  return facts.filter(([, value]) => value !== "").map(([label, value]) => `${label.padEnd(10)}  ${value}`);
}

function portText(port: PortReport): string {
  const real = realValue(port, "*");
  const quant = real === undefined ? "" : `, real = ${real}`;
  const model = `${port.model_dtype} ${formatShape(port.model_shape)}`;
  return `"${printable(port.name)}" ${model} in the model, ${port.dtype} ${formatShape(port.shape)} in C${quant}`;
}

function peak({ peak: { step, bytes, alive } }: Report): readonly string[] {
  return [
    `  step ${step}: ${group(bytes)} bytes alive`,
    ...columns(alive.map((slot) => ["", group(slot.bytes), printable(slot.what, 80)])),
  ];
}

/** Bytes that it may take, takes, and needs at least; step of the peak; bytes moved, cycles a word, cycles waited. */
export function regionFigures(region: RegionReport): readonly string[] {
  return [
    group(region.bytes),
    group(region.used),
    group(region.lower_bound),
    String(region.peak.step),
    group(region.traffic_bytes),
    String(region.cycles),
    group(region.wait_cycles),
  ];
}

/** The memories of a divided arena, and who is alive at the peak of each. */
export function regionLines(regions: readonly RegionReport[]): readonly string[] {
  const heading = ["memory", "may take", "takes", "bound", "peak step", "moved", "cycles/word", "waits"];
  const rows = regions.map((region) => [printable(region.name), ...regionFigures(region)]);
  return [
    ...columns([heading, ...rows]),
    ...regions.flatMap(({ name, peak: { step, bytes, alive } }) => [
      `  ${printable(name)} at step ${step}: ${group(bytes)} bytes alive`,
      ...columns(alive.map((slot) => ["", group(slot.bytes), printable(slot.what, 80)])),
    ]),
  ];
}

function stepTable(steps: readonly StepReport[]): readonly (readonly string[])[] {
  const heading = ["step", "MACs", "params", "constants", "out", "moved", "MAC/B", "shape", "kernel", "name"];
  return [
    heading,
    ...steps.map((step) => [
      String(step.step),
      group(step.macs),
      group(step.params),
      group(step.weight_bytes + step.table_bytes),
      group(step.output_bytes),
      group(step.moved_bytes),
      step.macs_per_byte.toFixed(1),
      formatShape(step.output),
      step.kernel ?? "(view)",
      `${printable(step.name, 60)} = ${printable(step.origin, 60)}`,
    ]),
  ];
}

function notes(list: readonly NodeNote[], none: string): readonly string[] {
  return list.length === 0
    ? [`  ${none}`]
    : list.map(({ node, reason }) => `  ${printable(node, 60)}: ${printable(reason, 300)}`);
}

/** Aligns columns; numbers to the right. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const isNumber = Array.from({ length: count }, (_, column) =>
    rows.slice(1).every((row) => /^[\d .-]*$/.test(row[column] ?? "")),
  );
  return rows.map((row) =>
    `  ${row.map((cell, column) => (isNumber[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join("  ")}`.trimEnd(),
  );
}

/** Digits in groups of three, separated by spaces. */
export function group(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, " ");
}

/** A share in [0, 1]: "97.30 %". */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** Five significant digits. */
export function short(value: number): string {
  return String(Number(value.toPrecision(5)));
}
