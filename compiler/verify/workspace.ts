/** A temporary directory with the generated sources, the harness and its files. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { fail } from "../diagnostics.js";
import { type HarnessModel, harnessModelSource } from "./harness-model.js";
import { packageRoot } from "./package-root.js";

export interface Workspace {
  readonly directory: string;
  /** C files of the generated code, relative to `directory`. */
  readonly modelSources: readonly string[];
  /** -I options, relative to `directory`. */
  readonly includes: readonly string[];
}

/** Writes the sources, runs `use`, and removes everything unless `keep` is set. */
export async function withWorkspace<T>(
  model: HarnessModel,
  keep: boolean,
  use: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "lwc-verify-"));
  try {
    return await use(await fill(directory, model));
  } finally {
    if (!keep) await rm(directory, { recursive: true, force: true });
  }
}

async function fill(directory: string, model: HarnessModel): Promise<Workspace> {
  for (const file of model.files) {
    const normal = posix.normalize(file.path);
    if (normal.startsWith("..") || posix.isAbsolute(normal)) {
      return fail({
        code: "LWC9602",
        kind: "bug",
        message: `generated file outside the output directory: ${file.path}`,
      });
    }
    const path = join(directory, normal);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.text);
  }
  const root = packageRoot();
  await cp(join(root, "targets", "harness"), join(directory, "harness"), { recursive: true });
  await cp(join(root, "targets", "qemu"), join(directory, "qemu"), { recursive: true });
  await writeFile(join(directory, "harness", "harness_model.c"), harnessModelSource(model));
  return {
    directory,
    modelSources: model.files.map((file) => file.path).filter((path) => path.endsWith(".c")),
    includes: includeOptions(model.files.map((file) => file.path)),
  };
}

/** Every directory with headers, and the one above the `lwc` in <lwc/lwc.h>. */
function includeOptions(paths: readonly string[]): readonly string[] {
  const directories = new Set([".", "harness"]);
  for (const path of paths.filter((candidate) => candidate.endsWith(".h"))) {
    const directory = posix.dirname(path);
    directories.add(posix.basename(directory) === "lwc" ? posix.dirname(directory) : directory);
  }
  return [...directories].map((directory) => `-I${directory}`);
}

export async function readWorkspaceFile(workspace: Workspace, path: string): Promise<Uint8Array> {
  return readFile(join(workspace.directory, path));
}
