/** `lwc verify`: proves the generated C equal to the reference, byte for byte. */
import { compile } from "../../compile.js";
import { fail } from "../../diagnostics.js";
import { readAssets } from "../../verify/assets.js";
import { casesFromFiles, generateCases, type InputCase } from "../../verify/inputs.js";
import { hasOnnxRuntime } from "../../verify/onnxruntime.js";
import {
  type Engine,
  type EngineResult,
  engines,
  type VerifyResult,
  verifyProgram,
} from "../../verify/verify-program.js";
import { exitCodes } from "../exit-codes.js";
import { printable } from "../print-diagnostics.js";
import { withProgress } from "../progress.js";
import { type ModelOptions, readFile, readModel } from "../read-model.js";
import { readTarget } from "../read-target.js";
import { say, sayWarnings } from "../say.js";

export interface VerifyCommand extends ModelOptions {
  readonly target: string;
  readonly runs: string;
  readonly input?: readonly string[];
  readonly layers?: boolean;
  readonly engines?: string;
  readonly json?: boolean;
}

export async function runVerify(model: string, options: VerifyCommand, command: string): Promise<number> {
  const target = await readTarget(options.target);
  const file = readModel(model, options, command);
  const { program, imported, warnings } = compile(file.bytes, target, file.options);
  const wanted = await chooseEngines(options.engines, target.qemu.length > 0);
  const runs = Number(options.runs);
  if (!Number.isInteger(runs) || runs < 1)
    fail({ code: "LWC7130", kind: "error", message: `--runs ${options.runs}: expected a positive integer` });
  const files = (options.input ?? []).map((path) => ({ path, bytes: readFile(path, "input") }));
  const given: readonly InputCase[] = files.length > 0 ? casesFromFiles(imported, files) : [];
  const cases = [...generateCases(imported, runs), ...given];
  const result = await withProgress(
    `verifying ${program.name} for ${target.name}`,
    options.json === true,
    async (onProgress) =>
      verifyProgram({
        program,
        imported,
        modelBytes: file.bytes,
        assets: await readAssets(),
        engines: wanted,
        cases,
        layers: options.layers === true,
        onProgress,
      }),
  );
  sayWarnings(warnings);
  if (options.json === true)
    say(
      JSON.stringify(
        {
          ok: result.ok,
          runs: result.runs,
          differences: result.differences,
          results: result.results,
          float_islands: result.islands,
        },
        undefined,
        1,
      ),
    );
  else summarize(result, program.name);
  return result.ok ? exitCodes.ok : exitCodes.failed;
}

async function chooseEngines(text: string | undefined, hasQemu: boolean): Promise<readonly Engine[]> {
  if (text !== undefined) {
    return text
      .split(",")
      .map(
        (name) =>
          engines.find((engine) => engine === name) ??
          fail({ code: "LWC7131", kind: "error", message: `--engines ${name}: expected ${engines.join(", ")}` }),
      );
  }
  const optional = (await hasOnnxRuntime()) ? (["onnxruntime"] as const) : [];
  return ["passes", "replay", "host", ...(hasQemu ? (["qemu"] as const) : []), ...optional];
}

const meaning: Readonly<Record<Engine, string>> = {
  passes: "the graph before all passes",
  replay: "the schedule in a poisoned arena",
  host: "the C on this machine, gcc with AddressSanitizer and UBSan",
  qemu: "the C in QEMU",
  onnxruntime: "ONNX Runtime on the model itself",
};

function summarize(result: VerifyResult, name: string): void {
  say(`${name}: reference interpreter against`);
  for (const one of result.results) say(`  ${describe(one)}`);
  for (const difference of result.differences.slice(0, 5)) {
    say(
      `  ${difference.engine} differs first in ${printable(difference.node)} (${printable(difference.origin)}), case ${printable(difference.case)}: ` +
        `element ${difference.index} is ${difference.got}, expected ${difference.expected}; ${difference.count} elements of that tensor differ`,
    );
  }
  if (result.islands.length > 0) {
    say(
      `  ONNX Runtime computes ${result.islands.length} nodes in float, so its last bits may differ: ${result.islands
        .slice(0, 3)
        .map((island) => printable(island.node))
        .join(", ")}${result.islands.length > 3 ? ", ..." : ""}`,
    );
  }
  say(result.ok ? `equal on ${result.runs} inputs` : "NOT equal");
}

function describe(one: EngineResult): string {
  const verdict = one.differing === 0 ? "0 differing bytes" : `${one.differing} of ${one.cases} inputs differ`;
  const lsb =
    one.lsb && one.lsb.differing > 0
      ? ` (${one.lsb.differing} of ${one.lsb.values} values, at most ${one.lsb.max} LSB)`
      : "";
  const stack = one.stackBytes === undefined ? "" : `, stack ${one.stackBytes} bytes`;
  const where = one.engine === "qemu" ? `, ${one.target}` : "";
  return `${meaning[one.engine]}${where}: ${verdict}${lsb} on ${one.cases} inputs${stack}`;
}
