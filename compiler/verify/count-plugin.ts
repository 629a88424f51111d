/** Builds the QEMU plugin that counts instructions (targets/qemu/plugin/), and reads what it reports. */
import { join } from "node:path";
import { fail } from "../diagnostics.js";
import { runTool } from "./toolchain.js";
import { readWorkspaceFile, type Workspace } from "./workspace.js";

/** The cycle models of targets/qemu/plugin/cycle_models.h. */
export const cycleModels = ["m0", "m0p", "m3", "m4", "m7", "m55"] as const;
export type CycleModel = (typeof cycleModels)[number];

export interface Count {
  readonly instructions: number;
  readonly taken: number;
  readonly cycles: Readonly<Record<CycleModel, number>>;
}

/** Executed instructions of one run by step; step -1 is what run() itself does between the steps. */
export type StepCounts = ReadonlyMap<number, Count>;

/** Addresses [start, end) of instructions that belong to a step. */
export interface StepRange {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

const library = "lwc_count.so";

/** Builds the plugin in the workspace; returns its path there. */
export async function buildCountPlugin(workspace: Workspace): Promise<string> {
  const sources = ["lwc_count.c", "thumb_decode.c", "cycle_models.c"].map((file) => join("qemu", "plugin", file));
  const flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared", "-fvisibility=hidden"];
  const result = await runTool("gcc", [...flags, ...sources, "-o", library], { cwd: workspace.directory });
  if (result.exitCode !== 0) {
    return fail({
      code: "LWC6010",
      kind: "error",
      message: `gcc cannot build the plugin that counts instructions: ${result.text.split("\n").slice(0, 4).join(" | ")}`,
      hint: "a native gcc for this machine, with its C library headers, is needed",
    });
  }
  return library;
}

/** QEMU's option that loads the plugin. `entry`: address of the function to count. All files are in the workspace. */
export function countOption(entry: number, stepsFile: string, reportFile: string): readonly string[] {
  return ["-plugin", `./${library},entry=${entry.toString(16)},steps=${stepsFile},out=${reportFile}`];
}

/** The text that the plugin reads its ranges from. */
export function printRanges(ranges: readonly StepRange[]): string {
  return ranges.map((range) => `${range.start.toString(16)} ${range.end.toString(16)} ${range.step}\n`).join("");
}

/** The counts of each complete run, in order. */
export async function readCounts(workspace: Workspace, reportFile: string): Promise<readonly StepCounts[]> {
  return parseCounts(new TextDecoder().decode(await readWorkspaceFile(workspace, reportFile)));
}

export function parseCounts(report: string): readonly StepCounts[] {
  const [head, ...lines] = report.split("\n");
  if (head !== `models ${cycleModels.join(" ")}`) return badReport(`unknown first line "${head ?? ""}"`);
  const runs: Map<number, Count>[] = [];
  let open: Map<number, Count> | undefined;
  for (const line of lines) {
    const [word, ...numbers] = line.split(" ");
    if (word === "run") open = new Map();
    else if (word === "end" && open) {
      runs.push(open);
      open = undefined;
    } else if (word === "step" && open) {
      const [step, instructions, taken, ...cycles] = numbers.map(Number);
      if (
        step === undefined ||
        instructions === undefined ||
        taken === undefined ||
        cycles.length !== cycleModels.length
      )
        return badReport(`line "${line}"`);
      const [m0 = 0, m0p = 0, m3 = 0, m4 = 0, m7 = 0, m55 = 0] = cycles;
      open.set(step, { instructions, taken, cycles: { m0, m0p, m3, m4, m7, m55 } });
    } else if (line !== "") return badReport(`line "${line}"`);
  }
  return runs;
}

function badReport(what: string): never {
  return fail({ code: "LWC9605", kind: "bug", message: `the counting plugin's report cannot be read: ${what}` });
}

export function sumCounts(counts: Iterable<Count>): Count {
  const sum = { instructions: 0, taken: 0, cycles: { m0: 0, m0p: 0, m3: 0, m4: 0, m7: 0, m55: 0 } };
  for (const count of counts) {
    sum.instructions += count.instructions;
    sum.taken += count.taken;
    for (const model of cycleModels) sum.cycles[model] += count.cycles[model];
  }
  return sum;
}
