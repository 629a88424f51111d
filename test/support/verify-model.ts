/** Compiles a reference model for a target and proves it: every engine, and the golden vectors. */
import { type CompileOptions, compile } from "../../compiler/compile.js";
import type { Graph } from "../../compiler/ir/graph.js";
import type { Program } from "../../compiler/schedule/schedule.js";
import { readAssets } from "../../compiler/verify/assets.js";
import { loadGolden } from "../../compiler/verify/golden.js";
import { generateCases } from "../../compiler/verify/inputs.js";
import { loadTarget } from "../../compiler/verify/target-files.js";
import { type Engine, type VerifyResult, verifyProgram } from "../../compiler/verify/verify-program.js";
import { goldenOf } from "../models/expectations.js";
import { goldenDirectory, readModel } from "./shared-models.js";

const assets = readAssets();

export interface CompiledModel {
  readonly program: Program;
  readonly imported: Graph;
}

export async function compileModel(name: string, target: string, options: CompileOptions = {}): Promise<CompiledModel> {
  let imported: Graph | undefined;
  const { program } = compile(readModel(name), await loadTarget(target), {
    ...options,
    onSnapshot: (_, graph) => {
      imported ??= graph;
    },
  });
  return { program, imported: imported ?? program.graph };
}

export interface ModelRun {
  readonly model: string;
  readonly target: string;
  readonly engines: readonly Engine[];
  /** Inputs: this many golden ones, then this many generated ones. */
  readonly goldenCases: number;
  readonly generatedCases: number;
  readonly options?: CompileOptions;
  /** Compare every layer on host and QEMU, not outputs alone. */
  readonly layers?: boolean;
}

export interface ModelVerdict {
  readonly program: Program;
  readonly result: VerifyResult;
  /** Golden outputs against the reference. */
  readonly golden: {
    readonly cases: number;
    readonly values: number;
    readonly differing: number;
    readonly maxLsb: number;
  };
}

export async function verifyModel(run: ModelRun): Promise<ModelVerdict> {
  const { program, imported } = await compileModel(run.model, run.target, run.options);
  const golden = await loadGolden(goldenDirectory(goldenOf(run.model)), program.graph);
  const goldenCases = golden.cases.slice(0, run.goldenCases);
  const cases = [...goldenCases, ...generateCases(program.graph, run.generatedCases)];
  const result = await verifyProgram({
    program,
    imported,
    assets: await assets,
    engines: run.engines,
    modelBytes: readModel(run.model),
    cases,
    strict: true,
    layers: run.layers ?? false,
  });
  return { program, result, golden: compareGolden(result, golden.outputs.slice(0, run.goldenCases)) };
}

function compareGolden(result: VerifyResult, golden: readonly (readonly Int32Array[])[]): ModelVerdict["golden"] {
  let values = 0;
  let differing = 0;
  let maxLsb = 0;
  golden.forEach((outputs, index) => {
    outputs.forEach((expected, output) => {
      expected.forEach((value, i) => {
        const distance = Math.abs(value - (result.reference[index]?.[output]?.[i] ?? Number.NaN));
        values++;
        if (distance !== 0) differing++;
        maxLsb = Math.max(maxLsb, distance);
      });
    });
  });
  return { cases: golden.length, values, differing, maxLsb };
}
