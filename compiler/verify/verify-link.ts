/**
 * Proves programs that are linked: each in its turn, twice over, in the one context, on the host with sanitizers and in QEMU,
 * against the reference. What a model leaves behind must not matter to the next.
 */
import { makeNumerics } from "../arith/numerics.js";
import type { Assets } from "../codegen/emit.js";
import { contextMembers, emitLinked, type LinkedPrograms } from "../codegen/link.js";
import { prepareInterpreter } from "../reference/interpret.js";
import { contextBytes } from "../schedule/program-sizes.js";
import type { Program } from "../schedule/schedule.js";
import { buildHost, buildTarget, checkPortability } from "./build.js";
import { sameOutputs } from "./compare.js";
import { type HarnessModel, harnessModel, runFunction } from "./harness-model.js";
import { generateCases } from "./inputs.js";
import { type CaseResult, runHost, runQemu, type Values } from "./run-harness.js";
import { type Workspace, withWorkspace } from "./workspace.js";

export interface VerifyLinkRequest {
  readonly linked: LinkedPrograms;
  readonly assets: Assets;
  readonly engines: readonly ("host" | "qemu")[];
  /** Cases; each holds an input for every model. */
  readonly runs: number;
  readonly strict?: boolean;
  readonly keep?: boolean;
  readonly onProgress?: (message: string) => void;
}

export interface LinkResult {
  readonly engine: "host" | "qemu";
  readonly target: string;
  readonly cases: number;
  /** Models whose outputs differ from the reference in some case, in the first or in the second round. */
  readonly differing: readonly string[];
}

/** Inferences of each model in a case. */
const ROUNDS = 2;

/** Throws CompileError where a tool is missing or a program crashes. */
export async function verifyLinked(request: VerifyLinkRequest): Promise<readonly LinkResult[]> {
  const { programs } = request.linked;
  const perProgram = programs.map((program) => generateCases(program.graph, request.runs).map(({ inputs }) => inputs));
  const count = Math.min(...perProgram.map((cases) => cases.length));
  const cases = Array.from({ length: count }, (_, i) => perProgram.flatMap((inputs) => inputs[i] ?? []));
  const reference = programs.map((program, i) => {
    const run = prepareInterpreter(program.graph, makeNumerics(program.options.numerics));
    return (perProgram[i] ?? []).map((inputs) => run(inputs).outputs);
  });
  const model = linkedModel(request.linked, request.assets);
  return Promise.all(
    request.engines.map((engine) =>
      withWorkspace(model, request.keep ?? false, async (workspace): Promise<LinkResult> => {
        const { target, results } = await execute(engine, request, model, workspace, cases);
        return { engine, target, cases: count, differing: differingModels(programs, reference, results) };
      }),
    ),
  );
}

async function execute(
  engine: LinkResult["engine"],
  { linked, strict = false, onProgress = () => undefined }: VerifyLinkRequest,
  model: HarnessModel,
  workspace: Workspace,
  cases: readonly (readonly Int8Array[])[],
): Promise<{ readonly target: string; readonly results: readonly CaseResult[] }> {
  const target = linked.programs[0]?.target;
  if (engine === "host" || target === undefined) {
    onProgress("host: gcc");
    if (strict) await checkPortability(workspace, model);
    const executable = await buildHost(workspace, model, strict);
    return { target: "host", results: await runHost(workspace, model, executable, cases, false) };
  }
  onProgress(`qemu: arm-none-eabi-gcc for ${target.name}`);
  const built = await buildTarget(workspace, model, target, strict);
  onProgress(`qemu: running ${cases.length} cases on ${built.machine.machine}`);
  const results = await runQemu(workspace, model, built, cases, false);
  return { target: `${target.name} on ${built.machine.machine}`, results };
}

function differingModels(
  programs: readonly Program[],
  reference: readonly (readonly (readonly Values[])[])[],
  results: readonly CaseResult[],
): readonly string[] {
  const differing = new Set<string>();
  results.forEach(({ outputs }, i) => {
    let at = 0;
    for (let round = 0; round < ROUNDS; round++) {
      programs.forEach((program, p) => {
        const expected = reference[p]?.[i] ?? [];
        if (!sameOutputs(expected, outputs.slice(at, at + expected.length))) differing.add(program.name);
        at += expected.length;
      });
    }
  });
  return [...differing];
}

/** Ports: the inputs of all models, then the outputs of all models, once for each round. */
function linkedModel(linked: LinkedPrograms, assets: Assets): HarnessModel {
  const { name, programs } = linked;
  const parts = programs.map((program) => harnessModel(program, assets, false));
  const inputs = parts.flatMap((part) => part.inputs);
  const outputs = Array.from({ length: ROUNDS }, () => parts.flatMap((part) => part.outputs)).flat();
  const model: HarnessModel = {
    name,
    header: `${name}.h`,
    files: emitLinked(linked, assets),
    inputs,
    outputs,
    regions: [],
    contextBytes: Math.max(...programs.map(contextBytes)),
    macs: ROUNDS * parts.reduce((sum, part) => sum + part.macs, 0),
    int32Steps: new Set(),
  };
  return { ...model, runText: runInTurn(model, parts, contextMembers(programs)) };
}

/** The models in turn, as often as there are rounds. */
function runInTurn(model: HarnessModel, parts: readonly HarnessModel[], members: readonly string[]): readonly string[] {
  const context = `lwc_${model.name}_ctx`;
  const calls: string[] = [];
  let output = model.inputs.length;
  for (let round = 0; round < ROUNDS; round++) {
    let input = 0;
    parts.forEach((part, i) => {
      const own = [...part.inputs.map(() => input++), ...part.outputs.map(() => output++)];
      const array = `ports_${round}_${i}`;
      calls.push(
        `    void *const ${array}[] = {${own.map((port) => `ports[${port}]`).join(", ")}};`,
        `    status |= run_${part.name}(&((${context} *)ctx)->${members[i]}, ${array});`,
      );
    });
  }
  return [
    ...parts.flatMap((part) => runFunction(part, `static int32_t run_${part.name}(void *ctx, void *const *ports)`)),
    "int32_t lwc_harness_run(void *ctx, void *const *ports)",
    "{",
    "    int32_t status = 0;",
    ...calls,
    "    return status;",
    "}",
    "",
  ];
}
