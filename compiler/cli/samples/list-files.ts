/** The sample files under a path, in the order that labels count in. */
import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { fail } from "../../diagnostics.js";
import { unreadable } from "./array-file.js";

export type FileKind = "picture" | "npy" | "raw";

export interface SampleFiles {
  readonly kind: FileKind;
  /** Relative to the folder, with "/"; the file's own name where a file was given. */
  readonly names: readonly string[];
  readonly pathOf: (name: string) => string;
}

const kinds = new Map<string, FileKind>([
  [".png", "picture"],
  [".jpg", "picture"],
  [".jpeg", "picture"],
  [".npy", "npy"],
  [".bin", "raw"],
]);

/**
 * All files of a folder and those below it, sorted by their relative names (UTF-16 code units), so that the order is the same
 * everywhere. Hidden ones and those of other kinds (labels, notes) are passed over. A file stands for itself.
 */
export async function listFiles(path: string): Promise<SampleFiles> {
  const info = await stat(path).catch((error: unknown) => unreadable(path, error));
  if (!info.isDirectory()) {
    const kind = kindOf(path);
    if (kind === undefined) return unknownKind(path, [path]);
    const name = path.split(/[\\/]/).at(-1) ?? path;
    return { kind, names: [name], pathOf: () => path };
  }
  const all = await namesUnder(path, "");
  const names = all.filter((name) => kindOf(name) !== undefined).sort(byCodeUnits);
  const found = [...new Set(names.map(kindOf))];
  const kind = found[0];
  if (kind === undefined) return unknownKind(path, all);
  if (found.length > 1) {
    fail({
      code: "LWC8104",
      kind: "error",
      message: `"${path}" holds samples of several kinds: ${endings(names)}`,
      where: { file: path },
      hint: "keep pictures, .npy and .bin in folders of their own",
    });
  }
  return { kind, names, pathOf: (name) => join(path, name) };
}

async function namesUnder(folder: string, prefix: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => unreadable(folder, error));
  const lists = await Promise.all(
    entries
      .filter((entry) => !entry.name.startsWith("."))
      .map(async (entry) =>
        entry.isDirectory()
          ? namesUnder(join(folder, entry.name), `${prefix}${entry.name}/`)
          : [`${prefix}${entry.name}`],
      ),
  );
  return lists.flat();
}

function kindOf(name: string): FileKind | undefined {
  return kinds.get(extname(name).toLowerCase());
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function endings(names: readonly string[]): string {
  const all = [...new Set(names.map((name) => extname(name).toLowerCase() || "no ending"))].sort(byCodeUnits);
  return all.slice(0, 8).join(", ");
}

function unknownKind(path: string, names: readonly string[]): never {
  return fail({
    code: "LWC8103",
    kind: "error",
    message:
      names.length === 0
        ? `"${path}" is empty: expected samples`
        : `"${path}" holds no samples: expected ${[...kinds.keys()].join(", ")}, found ${endings(names)}`,
    where: { file: path },
    hint: "a folder of PNG, JPEG or .npy files, one stacked .npy, or one raw .bin",
  });
}
