/** `lwc inspect`: what lwc makes of a model, and why; writes nothing. */
import { compile, importModel } from "../../compile.js";
import { printGraph } from "../../ir/print.js";
import { pipeline } from "../../passes/pipeline.js";
import { originOf, type Program } from "../../schedule/schedule.js";
import { printable } from "../print-diagnostics.js";
import { type ModelOptions, readModel } from "../read-model.js";
import { readTarget } from "../read-target.js";
import { copyLines, costLines } from "../report/cost-text.js";
import { hotWeightsLines } from "../report/hot-weights.js";
import { makeReport } from "../report/report.js";
import { group, regionLines, reportText } from "../report/text.js";
import { say, sayWarnings } from "../say.js";
import { runPareto } from "./pareto.js";

export interface InspectCommand extends ModelOptions {
  readonly target: string;
  readonly ir?: boolean;
  readonly plan?: boolean;
  readonly why?: boolean;
  readonly op?: string;
  readonly pareto?: boolean;
  readonly json?: boolean;
}

export async function runInspect(model: string, options: InspectCommand, command: string): Promise<void> {
  const target = await readTarget(options.target);
  const file = readModel(model, options, command);
  if (options.pareto === true) {
    const { imported, warnings } = importModel(file.bytes, file.options);
    if (options.json !== true) sayWarnings(warnings);
    return runPareto(imported, target, file.options, options.json === true);
  }
  const { program, warnings } = compile(file.bytes, target, file.options);
  const report = makeReport(program);
  if (options.json === true) {
    const {
      macs,
      params,
      weight_bytes,
      table_bytes,
      arena_bytes,
      arena_lower_bound,
      transposes,
      copies,
      cost,
      float_islands,
      steps,
      passes,
      slots,
      regions,
      hot_weights,
    } = report;
    say(
      JSON.stringify(
        {
          macs,
          params,
          weight_bytes,
          table_bytes,
          arena_bytes,
          arena_lower_bound,
          transposes: transposes.length,
          transpose_reasons: transposes,
          copies,
          cost,
          float_islands,
          steps,
          passes,
          slots,
          regions,
          hot_weights,
        },
        undefined,
        1,
      ),
    );
    return;
  }
  sayWarnings(warnings);
  if (options.ir === true) return say(printGraph(program.graph).trimEnd());
  if (options.op !== undefined) return listOp(program, options.op);
  if (options.why === true) return explain(program);
  if (options.plan === true) return say(reportText(report).trimEnd());
  const lines = [
    `${report.model}: ${report.steps.length} steps for ${report.target}`,
    `  MACs         ${group(report.macs)}`,
    `  parameters   ${group(report.params)}`,
    `  weights      ${group(report.weight_bytes)} bytes, tables ${group(report.table_bytes)} bytes`,
    `  arena        ${group(report.arena_bytes)} bytes, lower bound ${group(report.arena_lower_bound)}, peak at step ${report.peak.step}`,
    ...(report.regions.length === 0 ? [] : regionLines(report.regions).map((line) => `             ${line.slice(2)}`)),
    ...(report.hot_weights === null ? [] : ["  hot weights", ...hotWeightsLines(report.hot_weights)]),
    `  transposes   ${report.transposes.length} remain`,
    ...report.transposes.map((note) => `               ${printable(note.node)}: ${printable(note.reason)}`),
    `  copies       ${report.copies.length} remain, ${group(report.cost.copies.moved_bytes)} bytes`,
    ...copyLines(report.copies).map((line) => `             ${line}`),
    "  cost",
    ...costLines(report.cost),
    `  float nodes  ${report.float_islands.length} that ONNX Runtime computes in float`,
    ...report.float_islands.map((note) => `               ${printable(note.node)}: ${printable(note.reason)}`),
    "  more         --plan (steps and arena), --why (decisions), --ir (graph as .lwir), --op Conv (nodes of one operator), --pareto (what RAM buys)",
  ];
  say(lines.join("\n"));
}

function explain(program: Program): void {
  say("passes");
  for (const pass of pipeline) {
    say(`  ${pass.name}: ${pass.why}`);
    for (const note of program.log.filter((entry) => entry.pass === pass.name)) say(`    ${printable(note.why)}`);
  }
  say("schedule");
  for (const note of program.log.filter((entry) => !pipeline.some((pass) => pass.name === entry.pass)))
    say(`  ${note.pass}: ${printable(note.why)}`);
  say("steps");
  for (const step of program.schedule.steps)
    say(`  ${step.index} ${step.node.id} (${printable(originOf(step).label)}): ${printable(step.why)}`);
}

function listOp(program: Program, wanted: string): void {
  const matches = program.schedule.steps.filter(
    (step) => step.node.kind === wanted || originOf(step).label.split(" + ").includes(wanted),
  );
  for (const step of matches) {
    const { index, node, macs, why } = step;
    const { label, nodes } = originOf(step);
    say(`step ${index} ${node.id}: ${printable(label)} ${nodes.map((name) => `"${printable(name)}"`).join(", ")}`);
    say(`  ${node.kind} ${JSON.stringify(node.attrs)}, ${group(macs)} MAC`);
    say(`  ${printable(why)}`);
  }
  say(`${matches.length} nodes of ${wanted}`);
}
