/** Runs the generated code in QEMU under the counting plugin: instructions and modelled cycles per step, and what it occupies. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeNumerics } from "../arith/numerics.js";
import type { Assets } from "../codegen/emit.js";
import { CompileError, fail, must } from "../diagnostics.js";
import type { Graph } from "../ir/graph.js";
import { opOf } from "../ops/index.js";
import { viewOf } from "../ops/op.js";
import { prepareInterpreter } from "../reference/interpret.js";
import { programSizes } from "../schedule/program-sizes.js";
import type { Program } from "../schedule/schedule.js";
import type { Target } from "../targets.js";
import { buildTarget } from "./build.js";
import { sameOutputs } from "./compare.js";
import {
  buildCountPlugin,
  type Count,
  type CycleModel,
  countOption,
  printRanges,
  readCounts,
  type StepCounts,
  sumCounts,
} from "./count-plugin.js";
import { type HarnessModel, harnessModel } from "./harness-model.js";
import { addressOf, modelBytes, stepRanges } from "./image.js";
import { generateCases, type InputCase } from "./inputs.js";
import { type CaseResult, runQemu } from "./run-harness.js";
import { withWorkspace } from "./workspace.js";

export interface MeasureRequest {
  readonly program: Program;
  /** The graph before all passes. */
  readonly imported: Graph;
  readonly assets: Assets;
  /** Keep the temporary directory. */
  readonly keep?: boolean;
  readonly onProgress?: (message: string) => void;
}

export interface Measurement {
  readonly machine: string;
  /** The model of the target's own core. */
  readonly cycleModel: CycleModel;
  readonly total: Count;
  /** Of run() itself, between the steps. */
  readonly overhead: Count;
  /** By step index; views run nothing. */
  readonly steps: StepCounts;
  readonly macs: number;
  /** Of the graph as it came, before dead channels go; full windows at the borders. */
  readonly macsNominal: number;
  /** Machine code of the model and of lwc's kernels in the image, with its literal pools. */
  readonly codeBytes: number;
  /** All of the image that comes from generated code: code, weights, tables, other constants. */
  readonly flashBytes: number;
  readonly weightBytes: number;
  readonly tableBytes: number;
  readonly arenaBytes: number;
  readonly stackBytes: number;
}

/** M33 timing is not published: it is priced as an M4. */
const modelsOfCores: ReadonlyMap<string, CycleModel> = new Map([
  ["cortex-m0", "m0"],
  ["cortex-m0plus", "m0p"],
  ["cortex-m3", "m3"],
  ["cortex-m7", "m7"],
  ["cortex-m55", "m55"],
]);

const stepsFile = "steps.txt";
const reportFile = "counts.txt";

/** Measures one inference on a fixed random input, whose outputs are checked against the reference. Throws CompileError. */
export async function measureProgram(request: MeasureRequest): Promise<Measurement> {
  const { program, assets } = request;
  const { target } = program;
  const progress = request.onProgress ?? ((): void => undefined);
  if (target.qemu.length === 0) {
    return fail({
      code: "LWC6011",
      kind: "error",
      message: `target ${target.name} has no QEMU machine to measure on`,
      hint: "choose a core or a board with one: `lwc targets` lists them",
    });
  }
  const [input] = generateCases(program.graph, 1);
  const model = harnessModel(program, assets, false);
  const measured = await measureHarness(model, target, must(input, "input").inputs, request.keep ?? false, progress);
  checkOutputs(program, must(input, "input"), measured.result);

  const sizes = programSizes(program);
  const total = sumCounts(measured.counts.values());
  return {
    machine: measured.machine,
    cycleModel: modelsOfCores.get(target.core) ?? "m4",
    total,
    overhead: sumCounts([...measured.counts].flatMap(([step, count]) => (step === -1 ? [count] : []))),
    steps: new Map([...measured.counts].filter(([step]) => step >= 0)),
    macs: sizes.macs,
    macsNominal: request.imported.nodes.reduce((sum, node) => sum + opOf(node).macs(viewOf(request.imported, node)), 0),
    codeBytes: measured.bytes.code,
    flashBytes: measured.bytes.code + measured.bytes.constants,
    weightBytes: sizes.weightBytes,
    tableBytes: sizes.tableBytes,
    arenaBytes: sizes.arenaBytes,
    stackBytes: measured.result.stackBytes,
  };
}

export interface HarnessMeasurement {
  readonly machine: string;
  readonly counts: StepCounts;
  readonly bytes: { readonly code: number; readonly constants: number };
  readonly result: CaseResult;
}

/** Builds, runs and counts code for the harness, hand-written code as well. One case: `inputs`. */
export async function measureHarness(
  model: HarnessModel,
  target: Target,
  inputs: readonly Int8Array[],
  keep: boolean,
  progress: (message: string) => void,
): Promise<HarnessMeasurement> {
  return withWorkspace(model, keep, async (workspace) => {
    progress(`arm-none-eabi-gcc for ${target.name}`);
    const [built] = await Promise.all([buildTarget(workspace, model, target, false), buildCountPlugin(workspace)]);
    // Rows from the caller are many calls: then the harness around them is what is counted.
    const isFed = model.inputs.some((port) => port.rows !== undefined);
    const entry = await addressOf(workspace, built, isFed ? "lwc_harness_run" : `lwc_${model.name}_run`);
    await writeFile(join(workspace.directory, stepsFile), printRanges(await stepRanges(workspace, built, model)));
    progress(`counting instructions on ${built.machine.machine}`);
    const [result] = await explainPlugin(
      runQemu(workspace, model, built, [inputs], false, countOption(entry, stepsFile, reportFile)),
    );
    const [counts] = await readCounts(workspace, reportFile);
    if (counts === undefined) {
      return fail({
        code: "LWC9608",
        kind: "bug",
        message: `the counting plugin saw no call of lwc_${model.name}_run`,
      });
    }
    return {
      machine: built.machine.machine,
      counts,
      bytes: await modelBytes(workspace, built),
      result: must(result, "result"),
    };
  });
}

/** A QEMU that cannot load the plugin ends before the program starts. */
async function explainPlugin<T>(running: Promise<T>): Promise<T> {
  try {
    return await running;
  } catch (error) {
    const text = error instanceof CompileError ? error.diagnostics.map((one) => one.message).join("\n") : "";
    const line = text.split("\n").find((candidate) => /plugin/i.test(candidate));
    if (line === undefined) throw error;
    return fail({
      code: "LWC6012",
      kind: "error",
      message: `this qemu-system-arm cannot load the plugin that counts instructions: ${line}`,
      hint: "QEMU 7.0 to 8.2, built with plugins as in Debian and Ubuntu, is needed; `lwc verify` works with any",
    });
  }
}

function checkOutputs(program: Program, input: InputCase, result: CaseResult): void {
  const reference = prepareInterpreter(program.graph, makeNumerics(program.options.numerics))(input.inputs);
  if (sameOutputs(reference.outputs, result.outputs)) return;
  fail({
    code: "LWC6013",
    kind: "bug",
    message: `"${program.name}" on ${program.target.name}: the measured run differs from the reference`,
    hint: "`lwc verify` finds the layer",
  });
}
