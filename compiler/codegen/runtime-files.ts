/**
 * The part of runtime-c that a program uses: the headers of its kernels and what they include. Copied flat into lwc/, so
 * that `#include "lwc/lwc.h"` resolves from the output directory and kernels find each other beside themselves.
 */
import { invariant, must } from "../diagnostics.js";
import type { SourceFile } from "../schedule/schedule.js";

const includeLine = /^[ \t]*#[ \t]*include[ \t]+"([^"]+)"/gm;

/** `headers`: files in runtime-c/src. Sorted by path; always holds lwc/lwc.h. */
export function runtimeFiles(runtime: ReadonlyMap<string, string>, headers: readonly string[]): readonly SourceFile[] {
  const found = new Map<string, string>();
  const queue = ["include/lwc/lwc.h", ...headers.map((header) => `src/${header}`)];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (found.has(path)) continue;
    const text = must(runtime.get(path), `runtime-c/${path}`);
    found.set(path, text);
    for (const [, included = ""] of text.matchAll(includeLine)) queue.push(resolveInclude(runtime, path, included));
  }
  return Array.from(found, ([path, text]) => ({ path: outputPath(path), text })).sort((a, b) =>
    a.path < b.path ? -1 : 1,
  );
}

/**
 * Every name in runtime-c's headers that starts like a generated one. All headers count, used or not: a public name must
 * not change with the choice of kernels.
 */
export function runtimeNames(runtime: ReadonlyMap<string, string>): ReadonlySet<string> {
  const headers = [...runtime].filter(([path]) => path.endsWith(".h"));
  return new Set(headers.flatMap(([, text]) => text.match(/\blwc_\w+/g) ?? []));
}

/** Beside the file first, then from the include directories, as a C compiler does. */
function resolveInclude(runtime: ReadonlyMap<string, string>, from: string, included: string): string {
  const directory = from.split("/").slice(0, -1);
  const candidates = [normalize([...directory, ...included.split("/")]), `src/${included}`, `include/${included}`];
  return must(
    candidates.find((path) => runtime.has(path)),
    `"${included}", which runtime-c/${from} includes,`,
  );
}

function normalize(parts: readonly string[]): string {
  const path: string[] = [];
  for (const part of parts) {
    if (part === "..") path.pop();
    else if (part !== ".") path.push(part);
  }
  return path.join("/");
}

function outputPath(path: string): string {
  const inner = path.startsWith("src/") ? path.slice("src/".length) : path.replace(/^include\/lwc\//, "");
  invariant(inner !== path, `runtime-c/${path} is neither in src/ nor in include/lwc/`);
  return `lwc/${inner}`;
}
