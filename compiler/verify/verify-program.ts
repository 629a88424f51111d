/**
 * Proves a program: the reference (interpret), replay, the generated C on the host with sanitizers, the generated C for the
 * target in QEMU, and on request ONNX Runtime on the original model, on the same inputs. Equal means equal bytes.
 */
import { makeNumerics } from "../arith/numerics.js";
import type { Assets } from "../codegen/emit.js";
import { must } from "../diagnostics.js";
import type { Graph } from "../ir/graph.js";
import { type Interpretation, prepareInterpreter } from "../reference/interpret.js";
import { prepareReplay } from "../reference/replay.js";
import type { Program } from "../schedule/schedule.js";
import { buildHost, buildTarget, checkPortability } from "./build.js";
import { type Difference, findDifference, type Observed, sameOutputs } from "./compare.js";
import { harnessModel } from "./harness-model.js";
import { generateCases, type InputCase } from "./inputs.js";
import { runOnnxRuntime } from "./onnxruntime.js";
import { type CaseResult, runHost, runQemu, type Values } from "./run-harness.js";
import { withWorkspace } from "./workspace.js";

/** "passes": the graph as imported against the graph after all passes. */
export type Engine = "passes" | "replay" | "host" | "qemu" | "onnxruntime";

export const engines: readonly Engine[] = ["passes", "replay", "host", "qemu", "onnxruntime"];

export interface VerifyRequest {
  readonly program: Program;
  readonly assets: Assets;
  /** In any order; "passes" needs `imported`, "onnxruntime" needs `modelBytes`. */
  readonly engines: readonly Engine[];
  readonly imported?: Graph;
  readonly modelBytes?: Uint8Array;
  /** Number of generated cases; default 8. Ignored where `cases` is given. */
  readonly runs?: number;
  readonly seed?: number;
  readonly cases?: readonly InputCase[];
  /** Compare the output of every layer, not only on a difference. */
  readonly layers?: boolean;
  /** Compile generated code with all the warnings that it promises to pass, as errors. */
  readonly strict?: boolean;
  /** Keep the temporary directories. */
  readonly keep?: boolean;
  readonly onProgress?: (message: string) => void;
}

export interface EngineResult {
  readonly engine: Engine;
  /** The target, and the QEMU machine where there is one. */
  readonly target: string;
  readonly cases: number;
  /** Cases that differ. */
  readonly differing: number;
  /** The first difference of each differing case. */
  readonly differences: readonly Difference[];
  /** Stack of run() in bytes, largest over the cases, where it was measured (QEMU). */
  readonly stackBytes?: number;
  /** ONNX Runtime: output values compared, values that differ, and by how many LSB at most. */
  readonly lsb?: { readonly values: number; readonly differing: number; readonly max: number };
}

export interface VerifyResult {
  /**
   * No byte differs. ONNX Runtime counts only where it computes the whole model in integers: nodes that it computes in float
   * are listed in `islands`, and then its differences are reported but do not fail.
   */
  readonly ok: boolean;
  readonly runs: number;
  readonly results: readonly EngineResult[];
  readonly differences: readonly Difference[];
  /** What the reference computed: per case, per output. */
  readonly reference: readonly (readonly Values[])[];
  readonly islands: readonly { readonly node: string; readonly reason: string }[];
}

/** Runs the requested engines. Throws CompileError where a tool is missing or a program crashes. */
export async function verifyProgram(request: VerifyRequest): Promise<VerifyResult> {
  const { program } = request;
  const cases = request.cases ?? generateCases(program.graph, request.runs ?? 8, request.seed);
  const progress = request.onProgress ?? ((): void => undefined);

  progress(`interpreting ${cases.length} cases`);
  const reference = referenceOf(program.graph, program, cases);

  const wanted = new Set(request.engines);
  // The compilers and QEMU are processes of their own: they run beside each other, and beside replay.
  const pending: Promise<EngineResult>[] = [];
  if (wanted.has("host")) pending.push(verifyHost(request, cases, reference, progress));
  if (wanted.has("qemu")) pending.push(verifyQemu(request, cases, reference, progress));
  if (wanted.has("onnxruntime")) pending.push(verifyOnnxRuntime(request, cases, reference, progress));
  const started = Promise.all(pending);
  const local: EngineResult[] = [];
  // A failure of a child process is reported through `started`, also when this part throws first.
  started.catch(() => undefined);
  if (wanted.has("passes")) local.push(verifyPasses(request, cases, reference));
  if (wanted.has("replay")) local.push(verifyReplay(program, cases, reference));

  const results = [...local, ...(await started)];
  const islands = program.graph.nodes.flatMap((node) =>
    node.origin.island === undefined ? [] : [{ node: node.id, reason: node.origin.island }],
  );
  const mustAgree = results.filter(
    (result) => result.engine !== "onnxruntime" || (islands.length === 0 && program.options.numerics === "ort"),
  );
  return {
    ok: mustAgree.every((result) => result.differing === 0),
    runs: cases.length,
    results,
    differences: results.flatMap((result) => result.differences),
    reference: reference.map((one) => one.outputs),
    islands,
  };
}

function referenceOf(graph: Graph, program: Program, cases: readonly InputCase[]): readonly Interpretation[] {
  const run = prepareInterpreter(graph, makeNumerics(program.options.numerics));
  return cases.map((input) => run(input.inputs));
}

function verifyPasses(
  request: VerifyRequest,
  cases: readonly InputCase[],
  reference: readonly Interpretation[],
): EngineResult {
  const imported = must(request.imported, "the imported graph, for engine passes");
  const before = referenceOf(imported, request.program, cases);
  return compareAll(request.program, "passes", "graph", cases, reference, (index) => ({
    outputs: must(before[index], "reference").outputs,
    valueOf: () => undefined,
  }));
}

function verifyReplay(
  program: Program,
  cases: readonly InputCase[],
  reference: readonly Interpretation[],
): EngineResult {
  const run = prepareReplay(program);
  return compareAll(program, "replay", "schedule", cases, reference, (index) => {
    const { outputs, values } = run(must(cases[index], "case").inputs);
    return { outputs, valueOf: (_, tensor) => values.get(tensor) };
  });
}

type Execute = (trace: boolean, cases: readonly InputCase[]) => Promise<readonly CaseResult[]>;

async function verifyHost(
  request: VerifyRequest,
  cases: readonly InputCase[],
  reference: readonly Interpretation[],
  progress: (message: string) => void,
): Promise<EngineResult> {
  const execute: Execute = async (trace, some) => {
    const model = harnessModel(request.program, request.assets, trace);
    return withWorkspace(model, request.keep ?? false, async (workspace) => {
      progress(`host: gcc${trace ? " with trace" : ""}`);
      if (request.strict && !trace) await checkPortability(workspace, model);
      const executable = await buildHost(workspace, model, request.strict ?? false);
      progress(`host: running ${some.length} cases under AddressSanitizer and UBSan`);
      const inputs = some.map((input) => input.inputs);
      return runHost(workspace, model, executable, inputs, trace);
    });
  };
  return verifyCode(request, "host", () => "host", cases, reference, execute);
}

async function verifyQemu(
  request: VerifyRequest,
  cases: readonly InputCase[],
  reference: readonly Interpretation[],
  progress: (message: string) => void,
): Promise<EngineResult> {
  const { target } = request.program;
  let machine = "";
  const execute: Execute = async (trace, some) => {
    const model = harnessModel(request.program, request.assets, trace);
    return withWorkspace(model, request.keep ?? false, async (workspace) => {
      progress(`qemu: arm-none-eabi-gcc for ${target.name}${trace ? " with trace" : ""}`);
      const built = await buildTarget(workspace, model, target, request.strict ?? false);
      machine = built.machine.machine;
      progress(`qemu: running ${some.length} cases on ${machine}`);
      const inputs = some.map((input) => input.inputs);
      return runQemu(workspace, model, built, inputs, trace);
    });
  };
  return verifyCode(request, "qemu", () => `${target.name} on ${machine}`, cases, reference, execute);
}

/** Runs generated code as it ships; once more with trace where layers were asked for, or to find the layer of a difference. */
async function verifyCode(
  request: VerifyRequest,
  engine: Engine,
  target: () => string,
  cases: readonly InputCase[],
  reference: readonly Interpretation[],
  execute: Execute,
): Promise<EngineResult> {
  const plain = await execute(false, cases);
  const differing = cases.flatMap((_, index) =>
    sameOutputs(must(reference[index], "reference").outputs, must(plain[index], "result").outputs) ? [] : [index],
  );
  const traced = request.layers ? cases.map((_, index) => index) : differing.slice(0, maxTracedCases);
  const traces =
    traced.length === 0
      ? []
      : await execute(
          true,
          traced.map((index) => must(cases[index], "case")),
        );
  const traceOf = new Map(traced.map((index, position) => [index, must(traces[position], "trace")]));
  const result = compareAll(request.program, engine, target(), cases, reference, (index) => ({
    outputs: must(plain[index], "result").outputs,
    valueOf: (step) => traceOf.get(index)?.trace.get(step),
  }));
  const stackBytes = Math.max(0, ...plain.map((one) => one.stackBytes));
  return stackBytes > 0 ? { ...result, stackBytes } : result;
}

/** Cases that are run again to find the layer: one shows the bug, a few show its pattern. */
const maxTracedCases = 4;

async function verifyOnnxRuntime(
  request: VerifyRequest,
  cases: readonly InputCase[],
  reference: readonly Interpretation[],
  progress: (message: string) => void,
): Promise<EngineResult> {
  progress(`onnxruntime: running ${cases.length} cases`);
  const outputs = await runOnnxRuntime(
    must(request.modelBytes, "the model's bytes, for engine onnxruntime"),
    request.program.graph,
    cases,
  );
  const result = compareAll(request.program, "onnxruntime", "onnxruntime-node", cases, reference, (index) => ({
    outputs: must(outputs[index], "result"),
    valueOf: () => undefined,
  }));
  let values = 0;
  let differing = 0;
  let max = 0;
  reference.forEach((one, index) => {
    one.outputs.forEach((expected, output) => {
      expected.forEach((value, i) => {
        const distance = Math.abs(value - (outputs[index]?.[output]?.[i] ?? Number.NaN));
        values++;
        if (distance !== 0) differing++;
        max = Math.max(max, distance);
      });
    });
  });
  return { ...result, lsb: { values, differing, max } };
}

function compareAll(
  program: Program,
  engine: Engine,
  target: string,
  cases: readonly InputCase[],
  reference: readonly Interpretation[],
  observe: (index: number) => Observed,
): EngineResult {
  const differences = cases.flatMap((input, index) => {
    const difference = findDifference(
      program,
      { engine, target, case: input.name },
      must(reference[index], "reference"),
      observe(index),
    );
    return difference ? [difference] : [];
  });
  return { engine, target, cases: cases.length, differing: differences.length, differences };
}
