/** `lwc compile`: ONNX to C sources and a report. */
import { join } from "node:path";
import { emit } from "../../codegen/emit.js";
import { compile } from "../../compile.js";
import type { Diagnostic } from "../../diagnostics.js";
import type { Graph } from "../../ir/graph.js";
import { printGraph } from "../../ir/print.js";
import type { Program, SourceFile } from "../../schedule/schedule.js";
import { readAssets } from "../../verify/assets.js";
import { type QuantizedFile, type QuantizeFlags, quantizeFile, sha256 } from "../quantize-file.js";
import { type ModelFile, type ModelOptions, readModel } from "../read-model.js";
import { readTarget } from "../read-target.js";
import { reportHtml } from "../report/html.js";
import { makeReport, reportJson } from "../report/report.js";
import { group, reportText } from "../report/text.js";
import { say, sayWarnings } from "../say.js";
import { writeOutput } from "../write-output.js";
import { quantizedLines } from "./quantize.js";

export interface CompileCommand extends ModelOptions, QuantizeFlags {
  readonly target: string;
  readonly output: string;
  readonly dumpAfter?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export async function runCompile(model: string, options: CompileCommand, command: string): Promise<void> {
  const target = await readTarget(options.target);
  const given = readModel(model, options, command);
  const quantized = options.calibration?.length ? await quantizeFile(model, given, options, command) : undefined;
  const file = quantized ? withBytes(given, quantized.bytes) : given;
  const dumps: SourceFile[] = [];
  const onSnapshot = (pass: string, graph: Graph): void => {
    if (options.dumpAfter === "all" || options.dumpAfter === pass)
      dumps.push({ path: `dump/${String(dumps.length).padStart(2, "0")}-${pass}.lwir`, text: printGraph(graph) });
  };
  const { program, warnings } = compile(file.bytes, target, { ...file.options, onSnapshot });
  if (options.dumpAfter !== undefined && dumps.length === 0) warnAboutPass(options.dumpAfter);
  const files = [...emit(program, await readAssets()), ...reportFiles(program), ...dumps];
  const paths = writeOutput(options.output, files, options.force === true);
  if (options.json === true)
    say(JSON.stringify({ ...jsonResult(program, paths, warnings), quantized: quantized?.report }, undefined, 1));
  else {
    if (quantized) sayQuantized(quantized);
    summarize(program, options.output, warnings);
  }
}

/** The quantized model in the place of the float one: its inputs have fixed shapes, and its data lies in one file. */
function withBytes(file: ModelFile, bytes: Uint8Array): ModelFile {
  const { readExternal: _external, inputShapes: _shapes, ...options } = file.options;
  return { bytes, options: { ...options, modelHash: sha256(bytes) } };
}

function sayQuantized(quantized: QuantizedFile): void {
  sayWarnings(quantized.report.warnings);
  say(quantizedLines(quantized, "int8").join("\n"));
}

function reportFiles(program: Program): readonly SourceFile[] {
  const report = makeReport(program);
  return [
    { path: `${program.name}_report.json`, text: reportJson(report) },
    { path: `${program.name}_report.txt`, text: reportText(report) },
    { path: `${program.name}_report.html`, text: reportHtml(report) },
  ];
}

function warnAboutPass(name: string): void {
  sayWarnings([
    {
      code: "LWC7120",
      kind: "warning",
      message: `--dump-after ${name}: there is no such pass, nothing was dumped`,
      hint: "use `all` to see their names",
    },
  ]);
}

function jsonResult(program: Program, files: readonly string[], warnings: readonly Diagnostic[]): object {
  const report = makeReport(program);
  return {
    files,
    model: report.model,
    target: report.target,
    macs: report.macs,
    arena_bytes: report.arena_bytes,
    weight_bytes: report.weight_bytes,
    table_bytes: report.table_bytes,
    regions: report.regions.map(({ name, bytes, used, cycles, wait_cycles }) => ({
      name,
      bytes,
      used,
      cycles,
      wait_cycles,
    })),
    hot_weight_bytes: report.hot_weights?.bytes ?? 0,
    ctx_bytes: Math.max(8, report.arena_bytes),
    warnings,
  };
}

function summarize(program: Program, folder: string, warnings: readonly Diagnostic[]): void {
  const report = makeReport(program);
  sayWarnings(warnings);
  say(
    [
      `${report.model} for ${report.target}`,
      `  RAM    arena ${group(report.arena_bytes)} bytes (lower bound ${group(report.arena_lower_bound)}); input and output ${group(report.io_bytes)} in ${report.io === "arena" ? "the arena" : "your buffers"}`,
      ...program.log.filter(({ pass }) => pass === "plan-memory").map(({ why }) => `         ${why}`),
      ...report.regions.map(
        ({ name, used, bytes, wait_cycles: waits }) =>
          `         ${name.padEnd(12)} ${group(used)} of ${group(bytes)} bytes, ${group(waits)} modelled cycles of waiting`,
      ),
      ...(report.hot_weights === null
        ? []
        : [
            `         ${report.hot_weights.region.padEnd(12)} ${group(report.hot_weights.bytes)} bytes for ${report.hot_weights.constants.length} constants that start-up code copies`,
          ]),
      `  flash  weights ${group(report.weight_bytes)} bytes, tables ${group(report.table_bytes)} bytes, plus code`,
      `  MACs   ${group(report.macs)} in ${report.steps.filter((step) => step.kernel !== null).length} steps`,
      ...(report.float_islands.length === 0
        ? []
        : [`  note   ${report.float_islands.length} nodes that ONNX Runtime computes in float: see the report`]),
      `  files  ${join(folder, `${report.model}.h`)}, ${report.model}.c, ${report.model}_weights.c, lwc/`,
      `  report ${join(folder, `${report.model}_report.html`)}`,
    ].join("\n"),
  );
}
