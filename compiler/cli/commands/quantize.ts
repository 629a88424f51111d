/** `lwc quantize`: a float model and samples to an int8 model, with what that costs. */

import { compile } from "../../compile.js";
import { CompileError } from "../../diagnostics.js";
import type { QuantizeReport } from "../../quantize/report.js";
import { printable } from "../print-diagnostics.js";
import { type QuantizedFile, type QuantizeFlags, quantizeFile } from "../quantize-file.js";
import { type ModelFile, type ModelOptions, readModel } from "../read-model.js";
import { readTarget } from "../read-target.js";
import { quantizeHtml } from "../report/quantize-html.js";
import { group, percent, short } from "../report/text.js";
import { say, sayWarnings } from "../say.js";
import { writeOutputFile } from "../write-output.js";

export interface QuantizeCommand extends ModelOptions, QuantizeFlags {
  readonly output?: string;
  readonly report?: readonly string[];
}

export async function runQuantize(model: string, options: QuantizeCommand, command: string): Promise<void> {
  const file = readModel(model, options, command);
  const output = options.output ?? model.replace(/(\.onnx)?$/i, ".int8.onnx");
  const quantized = await quantizeFile(model, file, options, command);
  const { report } = quantized;
  writeOutputFile(output, quantized.bytes);
  for (const path of options.report ?? []) writeOutputFile(path, encode(path, report));
  if (options.json === true) say(JSON.stringify({ output, ...report }, undefined, 1));
  else {
    sayWarnings(report.warnings);
    say(quantizedLines(quantized, output).join("\n"));
  }
  await sayWhatIsLeft(quantized.bytes, file);
}

/** A page for a browser, or JSON, by the name of the file. */
function encode(path: string, report: QuantizeReport): Uint8Array {
  const isPage = /\.html?$/i.test(path);
  return new TextEncoder().encode(isPage ? quantizeHtml(report) : `${JSON.stringify(report, undefined, 1)}\n`);
}

export function quantizedLines({ report, notes }: QuantizedFile, output: string): readonly string[] {
  const { float, int8, sizes } = report;
  const where = report.heldBack ? "samples that were not calibrated on" : "calibration samples (none are held back)";
  return [
    `${report.model} -> ${output}`,
    ...notes.map((note) => `  samples    ${printable(note)}`),
    `  calibrated ${report.calibrationSamples} samples, ${describe(report)}`,
    `  measured   ${int8.samples} ${where}`,
    ...ratio("top-1", float.top1, int8.top1),
    ...ratio("top-5", float.top5, int8.top5),
    ...(float.score === undefined || int8.score === undefined
      ? []
      : [`  score      ${short(float.score)} -> ${short(int8.score)}`]),
    `  agreement  ${percent(int8.agreement)} have the same largest output`,
    `  SQNR       ${int8.sqnr.toFixed(1)} dB at the outputs`,
    `  constants  ${group(sizes.float)} -> ${group(sizes.int8)} bytes`,
    ...report.advice.flatMap(({ about, finding, tryThis }, i) => [
      `  ${i === 0 ? "watch     " : "          "} ${printable(about)}: ${printable(finding)}`,
      `               ${printable(tryThis)}`,
    ]),
  ];
}

function describe({ method, tried }: QuantizeReport): string {
  const chosen = tried.find((one) => one.chosen);
  const extras = [chosen?.equalized ? "equalized" : "", chosen?.biasCorrected ? "bias corrected" : ""].filter(
    (extra) => extra !== "",
  );
  return [method, ...extras].join(", ") + (tried.length > 1 ? `: the best of ${tried.length}` : "");
}

function ratio(name: string, float: number | undefined, int8: number | undefined): readonly string[] {
  if (float === undefined || int8 === undefined) return [];
  const points = (100 * (int8 - float)).toFixed(2);
  return [`  ${name}      ${percent(float)} -> ${percent(int8)} (${int8 >= float ? "+" : ""}${points} points)`];
}

/** What lwc would say of the result, now rather than at compile time. */
async function sayWhatIsLeft(bytes: Uint8Array, file: ModelFile): Promise<void> {
  const { readExternal: _external, inputShapes: _shapes, ...options } = file.options;
  try {
    compile(bytes, await readTarget("cortex-m7"), options);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    sayWarnings([
      {
        code: "LWC7153",
        kind: "warning",
        message: "the result is a valid int8 model, and lwc does not compile it yet:",
        hint: "other runtimes take it as it is",
      },
      ...error.diagnostics,
    ]);
  }
}
