/**
 * Writes generated files so that nothing is ever half-written: into a temporary folder beside the goal, then one rename.
 * A folder that holds files lwc did not write is left alone unless forced.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fail } from "../diagnostics.js";
import type { SourceFile } from "../schedule/schedule.js";

/** Lists what lwc wrote into a folder. */
const manifestName = ".lwc-manifest.json";

export function writeOutput(folder: string, files: readonly SourceFile[], force: boolean): readonly string[] {
  const goal = resolve(folder);
  if (!force) refuseForeign(goal, folder);
  try {
    mkdirSync(dirname(goal), { recursive: true });
    const temporary = mkdtempSync(join(dirname(goal), `.${basename(goal)}-`));
    try {
      for (const { path, text } of files) {
        mkdirSync(dirname(join(temporary, path)), { recursive: true });
        writeFileSync(join(temporary, path), text);
      }
      const manifest = { writtenBy: "lwc", files: files.map((file) => file.path) };
      writeFileSync(join(temporary, manifestName), `${JSON.stringify(manifest, undefined, 1)}\n`);
      if (force && existsSync(goal)) keepForeign(goal, temporary, new Set(files.map((file) => file.path)));
      rmSync(goal, { recursive: true, force: true });
      renameSync(temporary, goal);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  } catch (error) {
    fail({
      code: "LWC7111",
      kind: "error",
      message: `cannot write "${folder}": ${error instanceof Error ? error.message : String(error)}`,
      where: { file: folder },
    });
  }
  return files.map((file) => join(folder, file.path));
}

/** One file, whole or not at all. */
export function writeOutputFile(path: string, bytes: Uint8Array): void {
  const goal = resolve(path);
  const temporary = join(dirname(goal), `.${basename(goal)}.partial`);
  try {
    mkdirSync(dirname(goal), { recursive: true });
    writeFileSync(temporary, bytes);
    renameSync(temporary, goal);
  } catch (error) {
    rmSync(temporary, { force: true });
    fail({
      code: "LWC7111",
      kind: "error",
      message: `cannot write "${path}": ${error instanceof Error ? error.message : String(error)}`,
      where: { file: path },
    });
  }
}

function refuseForeign(goal: string, folder: string): void {
  if (!existsSync(goal)) return;
  if (!statSync(goal).isDirectory())
    fail({
      code: "LWC7110",
      kind: "error",
      message: `"${folder}" is a file, expected a folder`,
      where: { file: folder },
    });
  const own = new Set([manifestName, ...manifestOf(goal)]);
  const foreign = listFiles(goal, "").filter((path) => !own.has(path));
  if (foreign.length === 0) return;
  fail({
    code: "LWC7112",
    kind: "error",
    message: `"${folder}" holds files that lwc did not write: ${foreign.slice(0, 3).join(", ")}${foreign.length > 3 ? ", ..." : ""}`,
    where: { file: folder },
    hint: "choose another folder with -o, or add --force: generated files are replaced, the others kept",
  });
}

function manifestOf(folder: string): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(readFileSync(join(folder, manifestName), "utf8"));
    if (typeof parsed !== "object" || parsed === null || !("files" in parsed) || !Array.isArray(parsed.files))
      return [];
    return parsed.files.map(String);
  } catch {
    return [];
  }
}

function listFiles(folder: string, prefix: string): readonly string[] {
  return readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    return entry.isDirectory() ? listFiles(folder, path) : [path];
  });
}

/** With --force, files of others move over; what an earlier run of lwc wrote does not. */
function keepForeign(goal: string, temporary: string, fresh: ReadonlySet<string>): void {
  if (!statSync(goal).isDirectory()) return;
  const own = new Set([manifestName, ...manifestOf(goal), ...fresh]);
  for (const path of listFiles(goal, "")) {
    if (own.has(path)) continue;
    mkdirSync(dirname(join(temporary, path)), { recursive: true });
    renameSync(join(goal, path), join(temporary, path));
  }
}
