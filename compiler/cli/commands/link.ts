/** `lwc link`: several models to one folder of C, with constants, kernels and RAM in common. */
import { join } from "node:path";
import { emitLinked, type LinkedPrograms, nameClashes } from "../../codegen/link.js";
import { compile } from "../../compile.js";
import { type Diagnostic, fail } from "../../diagnostics.js";
import { constantsOf } from "../../ops/kernel.js";
import { contextBytes, distinctConstants, programSizes } from "../../schedule/program-sizes.js";
import type { Program, SourceFile } from "../../schedule/schedule.js";
import { readAssets } from "../../verify/assets.js";
import { type LinkResult, verifyLinked } from "../../verify/verify-link.js";
import { exitCodes } from "../exit-codes.js";
import { withProgress } from "../progress.js";
import { type ModelOptions, readModel } from "../read-model.js";
import { readTarget } from "../read-target.js";
import { group } from "../report/text.js";
import { say, sayWarnings } from "../say.js";
import { writeOutput } from "../write-output.js";

export interface LinkCommand extends ModelOptions {
  readonly target: string;
  readonly output: string;
  readonly verify?: boolean;
  readonly runs: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export async function runLink(models: readonly string[], options: LinkCommand, command: string): Promise<number> {
  const target = await readTarget(options.target);
  const { name = "models", ...modelOptions } = options;
  const warnings: Diagnostic[] = [];
  const programs = models.map((path) => {
    const file = readModel(path, modelOptions, command);
    const result = compile(file.bytes, target, file.options);
    warnings.push(...result.warnings);
    return result.program;
  });
  const runs = Number(options.runs);
  if (!Number.isInteger(runs) || runs < 1)
    fail({ code: "LWC7130", kind: "error", message: `--runs ${options.runs}: expected a positive integer` });
  const linked: LinkedPrograms = { name, programs, command };
  const assets = await readAssets();
  checkDistinct(linked);
  const files = emitLinked(linked, assets);
  checkNames(linked, files);
  const paths = writeOutput(options.output, files, options.force === true);
  const results =
    options.verify === true
      ? await withProgress(`verifying ${name} for ${target.name}`, options.json === true, async (onProgress) =>
          verifyLinked({
            linked,
            assets,
            engines: target.qemu.length > 0 ? ["host", "qemu"] : ["host"],
            runs,
            onProgress,
          }),
        )
      : [];
  if (options.json === true) say(JSON.stringify({ ...sizesOf(linked), files: paths, results, warnings }, undefined, 1));
  else {
    sayWarnings(warnings);
    summarize(linked, options.output, results);
  }
  return results.every(({ differing }) => differing.length === 0) ? exitCodes.ok : exitCodes.failed;
}

function checkDistinct({ name, programs }: LinkedPrograms): void {
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name))
    fail({ code: "LWC7159", kind: "error", message: `--name ${name}: expected a C identifier` });
  const names = [name, ...programs.map((program) => program.name)].map((one) => one.toLowerCase());
  const twice = names.find((one, i) => names.indexOf(one) !== i);
  if (twice === undefined) return;
  fail({
    code: "LWC7157",
    kind: "error",
    message: `two things to link are called "${twice}"`,
    hint: "a model is called as its file, what is common as --name says: rename the one or choose the other",
  });
}

function checkNames(linked: LinkedPrograms, files: readonly SourceFile[]): void {
  const [clash] = nameClashes(linked, files);
  if (clash === undefined) return;
  fail({
    code: "LWC7158",
    kind: "error",
    message: `two of the models would define "${clash}"`,
    hint: "rename the file of one of them",
  });
}

/** Constants of all programs, equal ones once. */
function commonConstantBytes(programs: readonly Program[]): number {
  const all = programs.flatMap((program) =>
    program.schedule.steps.flatMap(({ call }) => (call ? constantsOf(call) : [])),
  );
  return distinctConstants(all).reduce((sum, { data }) => sum + data.byteLength, 0);
}

function sizesOf({ name, programs }: LinkedPrograms): object {
  return {
    name,
    target: programs[0]?.target.name,
    ctx_bytes: Math.max(...programs.map(contextBytes)),
    constant_bytes: commonConstantBytes(programs),
    models: programs.map((program) => {
      const { weightBytes, tableBytes } = programSizes(program);
      return { name: program.name, ctx_bytes: contextBytes(program), constant_bytes: weightBytes + tableBytes };
    }),
  };
}

function summarize(linked: LinkedPrograms, folder: string, results: readonly LinkResult[]): void {
  const { name, programs } = linked;
  const alone = programs.map((program) => programSizes(program));
  const ram = programs.map(contextBytes);
  const constants = alone.map(({ weightBytes, tableBytes }) => weightBytes + tableBytes);
  const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
  say(
    [
      `${programs.map((program) => program.name).join(", ")} for ${programs[0]?.target.name ?? ""}`,
      `  RAM    context ${group(Math.max(...ram))} bytes for all, ${group(sum(ram))} apart`,
      `  flash  constants ${group(commonConstantBytes(programs))} bytes, ${group(sum(constants))} apart, plus code`,
      `  files  ${join(folder, `${name}.h`)}, ${name}_weights.c, each model's .h and .c, lwc/`,
      ...results.map(
        ({ engine, target, cases, differing }) =>
          `  ${engine === "qemu" ? `QEMU, ${target}` : "this machine, with sanitizers"}: ${differing.length === 0 ? "0 differing bytes" : `${differing.join(", ")} NOT equal`} on ${cases} inputs, the models in turn`,
      ),
    ].join("\n"),
  );
}
