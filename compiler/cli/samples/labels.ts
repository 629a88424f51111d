/** Labels of samples: class numbers from 0, from a JSON file or from the names of folders. */
import { readFile } from "node:fs/promises";
import { fail } from "../../diagnostics.js";
import { unreadable } from "./array-file.js";

/**
 * One label for each name, in their order. `source` is "folders" (the folder that a sample lies in is its class; classes are numbered in
 * the order of their names) or the path of a JSON file:
 *   [3, 0, 7]                                    in the order of the samples
 *   {"cat/1.png": 3, "2.png": 0}                 by name, or by the last part of it
 *   {"labels": ..., "classes": ["cat", "dog"]}   either of the two; with classes, labels may be their names
 */
export async function readLabels(source: string, names: readonly string[]): Promise<readonly number[]> {
  if (source === "folders") return fromFolders(names);
  const text = await readFile(source, "utf8").catch((error: unknown) => unreadable(source, error));
  const json = parse(source, text);
  const classes = Array.isArray(json["classes"]) ? json["classes"] : [];
  const labels = json["labels"] ?? json;
  if (Array.isArray(labels)) {
    if (labels.length !== names.length) {
      fail({
        code: "LWC8131",
        kind: "error",
        message: `${source}: expected ${names.length} labels, one for each sample, found ${labels.length}`,
        where: { file: source },
        hint: 'labels in the order of the sorted file names, before --skip and --limit; or by name: {"a.png": 3}',
      });
    }
    return labels.map((label, i) => toClass(source, names[i] ?? "", label, classes));
  }
  const byName = new Map(Object.entries(isRecord(labels) ? labels : {}));
  const found = names.map((name) => byName.get(name) ?? byName.get(name.split("/").at(-1) ?? name));
  const missing = names.filter((_, i) => found[i] === undefined);
  if (missing.length > 0) {
    fail({
      code: "LWC8132",
      kind: "error",
      message: `${source}: no label for ${missing.length} of ${names.length} samples: ${missing.slice(0, 3).join(", ")}${missing.length > 3 ? ", ..." : ""}`,
      where: { file: source },
      hint: "add them, or move the samples elsewhere; without --labels no accuracy is measured",
    });
  }
  return found.map((label, i) => toClass(source, names[i] ?? "", label, classes));
}

function fromFolders(names: readonly string[]): readonly number[] {
  const folders = names.map((name) => name.split("/").at(-2));
  const loose = names.find((_, i) => folders[i] === undefined);
  if (loose !== undefined) {
    fail({
      code: "LWC8133",
      kind: "error",
      message: `--labels folders: "${loose}" lies in no folder of a class`,
      hint: "one folder for each class, or a JSON file of labels",
    });
  }
  const classes = [...new Set(folders)].sort();
  return folders.map((folder) => classes.indexOf(folder));
}

function parse(source: string, text: string): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return notLabels(source, error instanceof Error ? error.message : String(error));
  }
  if (Array.isArray(json)) return { labels: json };
  return isRecord(json) ? json : notLabels(source, `found ${json === null ? "null" : typeof json}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function notLabels(source: string, reason: string): never {
  return fail({
    code: "LWC8130",
    kind: "error",
    message: `${source}: expected labels as JSON: ${reason}`,
    where: { file: source },
    hint: 'an array of class numbers, or {"file name": class}',
  });
}

function toClass(source: string, name: string, label: unknown, classes: readonly unknown[]): number {
  const index = typeof label === "string" ? classes.indexOf(label) : label;
  if (typeof index === "number" && Number.isInteger(index) && index >= 0) return index;
  return fail({
    code: "LWC8134",
    kind: "error",
    message: `${source}: label ${JSON.stringify(label)} of "${name}": expected a class number from 0${classes.length > 0 ? ", or one of the classes" : ""}`,
    where: { file: source },
    hint: 'names of classes need "classes": [...] beside "labels"',
  });
}
