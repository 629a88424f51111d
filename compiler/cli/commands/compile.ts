/** `lwc compile`: ONNX to C sources and a report. */
import { join } from "node:path";
import { emit } from "../../codegen/emit.js";
import { compile } from "../../compile.js";
import type { Diagnostic } from "../../diagnostics.js";
import type { Graph } from "../../ir/graph.js";
import { printGraph } from "../../ir/print.js";
import type { Program, SourceFile } from "../../schedule/schedule.js";
import { readAssets } from "../../verify/assets.js";
import { type ModelOptions, readModel } from "../read-model.js";
import { readTarget } from "../read-target.js";
import { reportHtml } from "../report/html.js";
import { makeReport, reportJson } from "../report/report.js";
import { group, reportText } from "../report/text.js";
import { say, sayWarnings } from "../say.js";
import { writeOutput } from "../write-output.js";

export interface CompileCommand extends ModelOptions {
  readonly target: string;
  readonly output: string;
  readonly dumpAfter?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export async function runCompile(model: string, options: CompileCommand, command: string): Promise<void> {
  const target = await readTarget(options.target);
  const file = readModel(model, options, command);
  const dumps: SourceFile[] = [];
  const onSnapshot = (pass: string, graph: Graph): void => {
    if (options.dumpAfter === "all" || options.dumpAfter === pass)
      dumps.push({ path: `dump/${String(dumps.length).padStart(2, "0")}-${pass}.lwir`, text: printGraph(graph) });
  };
  const { program, warnings } = compile(file.bytes, target, { ...file.options, onSnapshot });
  if (options.dumpAfter !== undefined && dumps.length === 0) warnAboutPass(options.dumpAfter);
  const files = [...emit(program, await readAssets()), ...reportFiles(program), ...dumps];
  const paths = writeOutput(options.output, files, options.force === true);
  if (options.json === true) say(JSON.stringify(jsonResult(program, paths, warnings), undefined, 1));
  else summarize(program, options.output, warnings);
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
