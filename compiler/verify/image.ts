/** What an image of the harness holds: where functions are, which step each instruction of the model belongs to, sizes. */
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fail } from "../diagnostics.js";
import type { SourceFile } from "../schedule/schedule.js";
import { mapFileOf, type TargetImage } from "./build.js";
import type { StepRange } from "./count-plugin.js";
import type { HarnessModel } from "./harness-model.js";
import { runTool, type Tool } from "./toolchain.js";
import { readWorkspaceFile, type Workspace } from "./workspace.js";

/** Bytes of one section kind that the linker kept from the generated code. */
export interface ModelBytes {
  readonly code: number;
  /** Constants: weights, tables, literals outside the code. */
  readonly constants: number;
}

interface Placed {
  readonly section: string;
  readonly address: number;
  readonly bytes: number;
}

/** The address of a function; bit 0, which marks Thumb code, is clear. */
export async function addressOf(workspace: Workspace, built: TargetImage, name: string): Promise<number> {
  const text = await query(workspace, "arm-none-eabi-nm", [built.image]);
  const line = text.split("\n").find((candidate) => candidate.endsWith(` ${name}`));
  if (line === undefined)
    return fail({ code: "LWC9606", kind: "bug", message: `${built.image} has no symbol ${name}` });
  return Math.floor(Number.parseInt(line, 16) / 2) * 2;
}

export async function modelBytes(workspace: Workspace, built: TargetImage): Promise<ModelBytes> {
  const placed = await placedSections(workspace, built);
  const sum = (wanted: (section: string) => boolean): number =>
    placed.filter((part) => wanted(part.section)).reduce((total, part) => total + part.bytes, 0);
  return { code: sum(isCode), constants: sum((section) => !isCode(section)) };
}

function isCode(section: string): boolean {
  return section.startsWith(".text");
}

/** Sections of the generated code with an address in the image, from the linker's map. */
async function placedSections(workspace: Workspace, built: TargetImage): Promise<readonly Placed[]> {
  const map = new TextDecoder().decode(await readWorkspaceFile(workspace, mapFileOf(built)));
  const [, memoryMap = ""] = map.split("Linker script and memory map");
  const objects = new Set(built.modelObjects);
  // A long section name has a line of its own.
  const entry = /^ (\.(?:text|rodata|data|lwc_hot|bss|large)\S*)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S+)$/gm;
  return [...memoryMap.matchAll(entry)].flatMap(([, section = "", address = "", bytes = "", object = ""]) =>
    objects.has(object) && Number.parseInt(bytes, 16) > 0
      ? [{ section, address: Number.parseInt(address, 16), bytes: Number.parseInt(bytes, 16) }]
      : [],
  );
}

/**
 * Which step each instruction of the generated code belongs to, by its line number: code that the C compiler inlined into
 * run() carries the line of the call as well. Shared instances are in no step: they belong to the step that calls them.
 */
export async function stepRanges(
  workspace: Workspace,
  built: TargetImage,
  model: HarnessModel,
): Promise<readonly StepRange[]> {
  const code = (await placedSections(workspace, built)).filter((part) => isCode(part.section));
  const addresses = code.flatMap((part) =>
    Array.from({ length: Math.floor(part.bytes / 2) }, (_, i) => part.address + 2 * i),
  );
  const file = "addresses.txt";
  await writeFile(join(workspace.directory, file), addresses.map((address) => `0x${address.toString(16)}\n`).join(""));
  const text = await query(workspace, "arm-none-eabi-addr2line", ["-e", built.image, "-a", "-i", "-f", `@${file}`]);
  const lines = stepLines(model.files);
  const ranges: { start: number; end: number; step: number }[] = [];
  for (const { address, frames } of parseFrames(text)) {
    const step = stepOf(frames, lines, `lwc_${model.name}_run`);
    const last = ranges.at(-1);
    if (step === undefined) continue;
    if (last !== undefined && last.end === address && last.step === step) last.end += 2;
    else ranges.push({ start: address, end: address + 2, step });
  }
  return ranges.sort((a, b) => a.start - b.start);
}

/** A function and a source line, `name:line`; the innermost frame first, then what it was inlined into. */
interface Frame {
  readonly function: string;
  readonly line: string;
}

function parseFrames(text: string): readonly { readonly address: number; readonly frames: readonly Frame[] }[] {
  return text
    .split(/^(?=0x[0-9a-f]{8}$)/m)
    .filter((part) => part !== "")
    .map((part) => {
      const [address = "", ...rest] = part.trimEnd().split("\n");
      const frames: Frame[] = [];
      for (let i = 0; i + 1 < rest.length; i += 2) {
        const position = (rest[i + 1] ?? "").replace(/ \(discriminator \d+\)$/, "");
        frames.push({ function: rest[i] ?? "", line: basename(position) });
      }
      return { address: Number.parseInt(address, 16), frames };
    });
}

function stepOf(frames: readonly Frame[], lines: ReadonlyMap<string, number>, run: string): number | undefined {
  for (const frame of frames) {
    const step = lines.get(frame.line);
    if (step !== undefined) return step;
  }
  return frames.at(-1)?.function === run ? -1 : undefined;
}

/** The step of each line of the generated C, `name.c:line`: from the comment that opens a step to the next, or to the end of the function. */
export function stepLines(files: readonly SourceFile[]): ReadonlyMap<string, number> {
  const steps = new Map<string, number>();
  for (const file of files.filter((candidate) => candidate.path.endsWith(".c"))) {
    let step: number | undefined;
    for (const [index, line] of file.text.split("\n").entries()) {
      const rule = /^\s*\/\* ---- step (\d+):/.exec(line);
      if (rule) step = Number(rule[1]);
      else if (line.startsWith("}") || /^\s*return\b/.test(line)) step = undefined;
      if (step !== undefined) steps.set(`${basename(file.path)}:${index + 1}`, step);
    }
  }
  return steps;
}

async function query(workspace: Workspace, tool: Tool, args: readonly string[]): Promise<string> {
  const result = await runTool(tool, args, { cwd: workspace.directory });
  if (result.exitCode === 0) return result.text;
  return fail({ code: "LWC9607", kind: "bug", message: `${tool}: ${result.text.split("\n").slice(0, 3).join(" | ")}` });
}
