/** Reads the text files that codegen prints from: templates/ and runtime-c/ of the package. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { Assets } from "../codegen/emit.js";
import { packageRoot } from "./package-root.js";

export async function readAssets(root: string = packageRoot()): Promise<Assets> {
  const [templates, runtime] = await Promise.all([
    readTexts(join(root, "templates")),
    readTexts(join(root, "runtime-c")),
  ]);
  return { templates, runtime };
}

/** Text of every file below a directory, by path with forward slashes. */
async function readTexts(directory: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(
    paths
      .sort()
      .map(
        async (path): Promise<[string, string]> => [
          relative(directory, path).split(sep).join("/"),
          await readFile(path, "utf8"),
        ],
      ),
  );
  return new Map(texts);
}
