/** The argument of `--metric`: a name, or a module that scores samples. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { fail } from "../diagnostics.js";
import type { Metric } from "../quantize/candidate.js";
import type { Score } from "../quantize/evaluate.js";

export interface MetricChoice {
  readonly metric?: Metric;
  readonly score?: Score;
}

/** A module's default export is called as `score(outputs, sample)`: a Map of Float32Array by name; the sample's name and label. */
export async function readMetric(text: string | undefined): Promise<MetricChoice> {
  if (text === undefined) return {};
  if (text === "top1" || text === "sqnr") return { metric: text };
  if (!/\.m?js$/.test(text) || !existsSync(text)) {
    return fail({
      code: "LWC7152",
      kind: "error",
      message: `--metric ${text}: expected top1, sqnr, or a file .mjs whose default export scores the outputs of a sample`,
    });
  }
  const score = await importDefault(text);
  return {
    metric: "score",
    score: (outputs, sample) => {
      const value: unknown = score(outputs, sample);
      if (typeof value === "number" && Number.isFinite(value)) return value;
      return fail({
        code: "LWC7154",
        kind: "error",
        message: `${text}: expected a finite number as the score of sample "${sample.name}", found ${String(value)}`,
        hint: "return a number, higher for better outputs",
      });
    },
  };
}

async function importDefault(path: string): Promise<(...args: readonly unknown[]) => unknown> {
  const found: unknown = await import(pathToFileURL(resolve(path)).href).then(
    (module: { readonly default?: unknown }) => module.default,
    (error: unknown) => error,
  );
  if (typeof found === "function") return (...args) => Reflect.apply(found, undefined, args);
  return fail({
    code: "LWC7155",
    kind: "error",
    message: `${path}: expected a function as default export, found ${found instanceof Error ? found.message : typeof found}`,
    hint: 'export default (outputs, sample) => outputs.get("logits")[sample.label]',
  });
}
