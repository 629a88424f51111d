/**
 * The models of bench/memory.md in every way to save RAM: whole, in streams of rows, and with the input row by row, on the cores of
 * three families. `npm test` runs the small ones with one input; `npm run test:full` runs all of them with more, and writes
 * bench/verify-memory.json and bench/verify-memory.md.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { CompileOptions } from "../../compiler/compile.js";
import { recordRow } from "../support/recorded-rows.js";
import { modelsDirectory } from "../support/shared-models.js";
import { tier } from "../support/tier.js";
import { verifyModel } from "../support/verify-model.js";
import { isLarge } from "./expectations.js";

const small = ["vww_96_int8_qdq", "resnet8_int8_qdq", "kws_dscnn_int8_qdq", "mcunet_vww_int8_qdq"];
const others = [
  "cifar_squeezenet_int8_qdq",
  "cifar_shufflenetv2_int8_qdq",
  "cifar_ghostnet_int8_qdq",
  "mobilenetv2_pt_int8_qdq",
  "rfb320_int8_qdq",
];
const isFull = tier === "full";
const models = isFull ? [...small, ...others] : small;
const cores = ["cortex-m4", "cortex-m7", "cortex-m55"];

const ways: Readonly<Record<string, CompileOptions>> = {
  whole: { io: "arena", optimize: "speed" },
  default: { io: "arena" },
  "-O ram": { io: "arena", optimize: "ram" },
  "-O ram --rows input": { optimize: "ram", input: "rows" },
  "-O ram --ram least": { io: "arena", optimize: "ram", ram: "least" },
  "-O ram --ram least --rows input": { optimize: "ram", ram: "least", input: "rows" },
};

/** Without streams, and the least of all: on one core alone where time is short. */
const onOneCore = new Set(["whole", "-O ram --ram least", "-O ram --ram least --rows input"]);

/** Bytes of arena that each model may take, by way. */
const bars: Readonly<Record<string, Readonly<Record<"ram" | "rows", number>>>> = JSON.parse(
  readFileSync(new URL("../../bench/ram-bars.json", import.meta.url), "utf8"),
);

/** The fastest way within the bars. */
function waysWithin(model: string): Readonly<Record<string, CompileOptions>> {
  const limits = bars[model];
  if (limits === undefined) return {};
  return {
    [`-O ram --ram ${limits.ram}`]: { io: "arena", optimize: "ram", ram: limits.ram },
    [`-O ram --ram ${limits.rows} --rows input`]: { optimize: "ram", ram: limits.rows, input: "rows" },
  };
}

interface Row {
  readonly model: string;
  readonly core: string;
  readonly way: string;
  readonly cases: number;
  /** Inputs for which a byte of the output differs from the reference, by engine. */
  readonly differing: Readonly<Record<string, number>>;
  readonly arenaBytes: number;
}

describe.skipIf(tier === "fast" || modelsDirectory === undefined).each(models)("%s", (model) => {
  const all = { ...ways, ...waysWithin(model) };
  describe.each(cores)("%s", (core) => {
    it.each(Object.keys(all).filter((way) => isFull || core === "cortex-m4" || !onOneCore.has(way)))(
      "%s",
      async (way) => {
        const cases =
          isFull && !isLarge(model) ? { goldenCases: 4, generatedCases: 4 } : { goldenCases: 1, generatedCases: 0 };
        const { program, result, golden } = await verifyModel({
          model,
          target: core,
          engines: ["replay", "host", "qemu"],
          options: all[way]!,
          ...cases,
        });
        const differing = Object.fromEntries(result.results.map((one) => [one.engine, one.differing]));
        if (isFull) await record({ model, core, way, cases: result.runs, differing, arenaBytes: program.arena.bytes });
        expect(result.differences).toEqual([]);
        expect(differing).toEqual({ replay: 0, host: 0, qemu: 0 });
        expect(golden.differing).toBe(0);
        const { ram } = all[way]!;
        if (typeof ram === "number") expect(program.arena.bytes).toBeLessThanOrEqual(ram);
      },
      1_800_000,
    );
  });
});

function record(row: Row): Promise<void> {
  return recordRow<Row>("verify-memory", row, {
    isSame: ({ model, core, way }) => model === row.model && core === row.core && way === row.way,
    compare: (a, b) => a.model.localeCompare(b.model) || a.core.localeCompare(b.core) || a.way.localeCompare(b.way),
    markdown: table,
  });
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ model, core, way, cases, differing, arenaBytes }) =>
      `| ${[model, core, way, cases, differing["replay"], differing["host"], differing["qemu"], arenaBytes].join(" | ")} |`,
  );
  return [
    "# Whole, in streams, row by row",
    "",
    "Written by `npm run test:full`: the inputs of which a byte of the output differs from the reference, by engine.",
    "",
    "| model | core | how | inputs | replay | host | QEMU | arena bytes |",
    "|---|---|---|---:|---:|---:|---:|---:|",
    ...lines,
    "",
  ].join("\n");
}
