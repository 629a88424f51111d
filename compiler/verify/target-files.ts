/** Reads targets/*.json. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fail } from "../diagnostics.js";
import { parseTargetFile, resolveTarget, type Target } from "../targets.js";
import { packageRoot } from "./package-root.js";

/** Names of all targets, sorted. */
export async function listTargets(directory: string = defaultDirectory()): Promise<readonly string[]> {
  const files = await readdir(directory);
  return files
    .filter((file) => file.endsWith(".json") && file !== "target.schema.json")
    .map((file) => file.slice(0, -".json".length))
    .sort();
}

/** The target `name`, complete: a board takes from its core what its own file leaves out. */
export async function loadTarget(name: string, directory: string = defaultDirectory()): Promise<Target> {
  const known = await listTargets(directory);
  if (!known.includes(name)) {
    return fail({
      code: "LWC7004",
      kind: "error",
      message: `target "${name}": expected one of ${known.join(", ")}`,
      hint: "a new target is one JSON file in targets/, see targets/target.schema.json",
    });
  }
  const file = `${name}.json`;
  const parsed = parseTargetFile(file, await readFile(join(directory, file), "utf8"));
  const core = parsed.kind === "board" ? await loadTarget(parsed.core, directory) : undefined;
  return resolveTarget(file, parsed, core);
}

/** Reads a target file that the user wrote; a board names one of the known cores. */
export async function readTargetFile(path: string, directory: string = defaultDirectory()): Promise<Target> {
  const parsed = parseTargetFile(path, await readFile(path, "utf8"));
  const core = parsed.kind === "board" ? await loadTarget(parsed.core, directory) : undefined;
  return resolveTarget(path, parsed, core);
}

function defaultDirectory(): string {
  return join(packageRoot(), "targets");
}
