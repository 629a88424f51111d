/**
 * The long run, `npm run test:full`: every quantized model on every core, more cases, ONNX Runtime beside it. Writes the
 * results to bench/verify-full.json and bench/verify-full.md.
 */
import { describe, expect, it } from "vitest";
import { hasOnnxRuntime } from "../../compiler/verify/onnxruntime.js";
import type { Engine } from "../../compiler/verify/verify-program.js";
import { recordRow } from "../support/recorded-rows.js";
import { modelsDirectory, quantizedModels } from "../support/shared-models.js";
import { tier } from "../support/tier.js";
import { verifyModel } from "../support/verify-model.js";
import { cores, isLarge } from "./expectations.js";

interface Row {
  readonly model: string;
  readonly core: string;
  readonly cases: number;
  readonly differing: Readonly<Record<string, number>>;
  readonly machine: string;
  readonly arenaBytes: number;
  readonly stackBytes: number;
  readonly golden: {
    readonly cases: number;
    readonly values: number;
    readonly differing: number;
    readonly maxLsb: number;
  };
}

const withOnnxRuntime = await hasOnnxRuntime();

describe.skipIf(tier !== "full" || modelsDirectory === undefined)("every model on every core", () => {
  describe.each(quantizedModels())("%s", (model) => {
    it.each(cores)(
      "%s",
      async (target) => {
        const first = target === cores[0];
        const shared: readonly Engine[] = first
          ? ["passes", "replay", ...(withOnnxRuntime ? (["onnxruntime"] as const) : [])]
          : ["replay"];
        const cases = isLarge(model) ? { goldenCases: 3, generatedCases: 1 } : { goldenCases: 8, generatedCases: 8 };
        const { program, result, golden } = await verifyModel({
          model,
          target,
          engines: [...shared, "host", "qemu"],
          ...cases,
          layers: true,
        });
        const qemu = result.results.find((one) => one.engine === "qemu");
        await record({
          model,
          core: target,
          cases: result.runs,
          differing: Object.fromEntries(result.results.map((one) => [one.engine, one.differing])),
          machine: qemu?.target.replace(/^.* on /, "") ?? "",
          arenaBytes: program.arena.bytes,
          stackBytes: qemu?.stackBytes ?? 0,
          golden,
        });
        expect(result.differences.filter((difference) => difference.engine !== "onnxruntime")).toEqual([]);
        expect(golden.differing).toBe(0);
      },
      3_600_000,
    );
  });
});

function record(row: Row): Promise<void> {
  return recordRow<Row>("verify-full", row, {
    isSame: (other) => other.model === row.model && other.core === row.core,
    compare: (a, b) => a.model.localeCompare(b.model) || cores.indexOf(a.core) - cores.indexOf(b.core),
    markdown: table,
  });
}

function table(rows: readonly Row[]): string {
  const columns = [
    "model",
    "core",
    "machine",
    "cases",
    "host",
    "QEMU",
    "golden values",
    "differ",
    "max LSB",
    "arena bytes",
    "stack bytes",
  ];
  const lines = rows.map((row) =>
    [
      row.model,
      row.core,
      row.machine,
      row.cases,
      row.differing["host"],
      row.differing["qemu"],
      row.golden.values,
      row.golden.differing,
      row.golden.maxLsb,
      row.arenaBytes,
      row.stackBytes,
    ].join(" | "),
  );
  return [
    "# Reference models on every core",
    "",
    "Written by `npm run test:full`. `host` and `QEMU`: cases in which one output byte differs from the reference. `golden`: the",
    "reference against ONNX Runtime 1.30.0; see docs/numerics.md for the models in which ONNX Runtime computes nodes in float.",
    "",
    `| ${columns.join(" | ")} |`,
    `|${columns.map(() => "---").join("|")}|`,
    ...lines.map((line) => `| ${line} |`),
    "",
  ].join("\n");
}
