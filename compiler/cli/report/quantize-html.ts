/** The report of a quantization as one HTML page. */
import type { QuantizeReport } from "../../quantize/report.js";
import { type Column, facts, htmlPage, table, text } from "./page.js";
import { group, percent, short } from "./text.js";

export function quantizeHtml(report: QuantizeReport): string {
  const title = `${text(report.model)}: quantized by lwc`;
  return htmlPage(title, [
    summary(report),
    ...report.warnings.map(({ code, message, hint }) => `<p>${code}: ${text(message)}. ${text(hint ?? "")}</p>`),
    "<h2>Float and int8</h2>",
    quality(report),
    `<p>${group(report.int8.samples)} ${report.heldBack ? "samples that were not calibrated on" : "calibration samples (none are held back)"}. Agreement: both have the same largest output.</p>`,
    "<h2>What to watch, and what to try</h2>",
    adviceList(report),
    "<h2>What was tried</h2>",
    tried(report),
    "<h2>Layers, most loss first</h2>",
    "<p>SQNR and cosine compare float and int8 at this point of the network; the loss is what this layer adds to the damage of those before it.</p>",
    `<div class="wide">${layers(report)}</div>`,
    "<h2>Parameters</h2>",
    `<div class="wide">${parameters(report)}</div>`,
  ]);
}

function summary({ command, hashes, sizes, calibrationSamples, method, model }: QuantizeReport): string {
  return facts([
    ["Model", `${text(model)}, SHA-256 <code>${text(hashes.float)}</code>`],
    ["Result", `SHA-256 <code>${text(hashes.int8)}</code>`],
    ["Command", `<code>${text(command)}</code>`],
    ["Calibrated on", `${group(calibrationSamples)} samples, ranges by ${method}`],
    ["Constants", `${group(sizes.float)} bytes, in int8 ${group(sizes.int8)}`],
  ]);
}

function quality({ float, int8 }: QuantizeReport): string {
  const rows = (["top1", "top5"] as const).flatMap((key) => {
    const [before, after] = [float[key], int8[key]];
    if (before === undefined || after === undefined) return [];
    const points = 100 * (after - before);
    return [
      [
        key === "top1" ? "Top-1" : "Top-5",
        percent(before),
        percent(after),
        `${points >= 0 ? "+" : ""}${points.toFixed(2)}`,
      ],
    ];
  });
  if (float.score !== undefined && int8.score !== undefined)
    rows.push(["Score", short(float.score), short(int8.score), ""]);
  return table(
    [["measure"], ["float", "n"], ["int8", "n"], ["points", "n"]],
    [
      ...rows,
      ["Agreement", "", percent(int8.agreement), ""],
      ["SQNR of the outputs, dB", "", int8.sqnr.toFixed(1), ""],
    ],
  );
}

function adviceList({ advice }: QuantizeReport): string {
  if (advice.length === 0) return "<p>Nothing stands out.</p>";
  return `<ul>${advice.map(({ about, finding, tryThis }) => `<li><code>${text(about)}</code>: ${text(finding)}. Try: ${text(tryThis)}.</li>`).join("\n")}</ul>`;
}

function tried(report: QuantizeReport): string {
  const columns: readonly Column[] = [
    ["method"],
    ["with"],
    ["top-1", "n"],
    ["agreement", "n"],
    ["SQNR, dB", "n"],
    [""],
  ];
  return table(
    columns,
    report.tried.map(({ method, equalized, biasCorrected, quality: { top1, agreement, sqnr }, chosen }) => [
      method,
      [equalized ? "equalization" : "", biasCorrected ? "bias correction" : ""]
        .filter((part) => part !== "")
        .join(", "),
      top1 === undefined ? "" : percent(top1),
      percent(agreement),
      sqnr.toFixed(2),
      chosen ? "chosen" : "",
    ]),
  );
}

function layers(report: QuantizeReport): string {
  return table(
    [["layer"], ["value"], ["SQNR, dB", "n"], ["cosine", "n"], ["loss, dB", "n"]],
    report.layers.map(({ node, tensor, sqnr, cosine, loss }) => [
      text(node),
      `<code>${text(tensor)}</code>`,
      sqnr.toFixed(1),
      cosine.toFixed(5),
      loss.toFixed(1),
    ]),
  );
}

function parameters(report: QuantizeReport): string {
  return table(
    [["tensor"], ["kind"], ["minimum", "n"], ["maximum", "n"], ["scale", "n"], ["zero point", "n"], [""]],
    report.parameters.map(({ tensor, kind, min, max, scales, zeroPoint, overridden }) => [
      `<code>${text(tensor)}</code>`,
      kind,
      short(min),
      short(max),
      scales.length === 1 ? short(scales[0] ?? 0) : `${short(Math.min(...scales))} to ${short(Math.max(...scales))}`,
      String(zeroPoint),
      overridden ? "overridden" : "",
    ]),
  );
}
