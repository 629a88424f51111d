/** The checked-in table of measurements, bench/inference.json and .md: printed, read back, compared. */
import { z } from "zod";
import { cycleModels } from "../../verify/count-plugin.js";
import type { Figures, StepFigures } from "./figures.js";
import { perMac } from "./figures.js";
import { group } from "./text.js";

const whole = z.number().int().nonnegative();

const stepSchema = z.strictObject({
  step: whole,
  name: z.string(),
  geometry: z.string(),
  macs: whole,
  instructions: whole,
  cycles_m4: whole,
  cycles: whole,
});

const figuresSchema = z.strictObject({
  model: z.string(),
  target: z.string(),
  opt: z.string(),
  numerics: z.string(),
  machine: z.string(),
  instructions: whole,
  cycles_m4: whole,
  cycle_model: z.enum(cycleModels),
  cycles: whole,
  macs: whole,
  macs_nominal: whole,
  code_bytes: whole,
  flash_bytes: whole,
  weight_bytes: whole,
  table_bytes: whole,
  arena_bytes: whole,
  stack_bytes: whole,
  overhead_instructions: whole,
  steps: z.array(stepSchema),
});

/** Steps are stored as arrays in the order of `stepColumns`: one short line each. */
const stepColumns = ["step", "name", "geometry", "macs", "instructions", "cycles_m4", "cycles"] as const;

const storedSchema = z.strictObject({
  step_columns: z.array(z.string()),
  rows: z.array(figuresSchema.extend({ steps: z.array(z.array(z.union([z.string(), whole]))) })),
});

/** Reads the text of bench/inference.json. Throws where it is not such a table. */
export function parseTable(text: string): readonly Figures[] {
  const stored = storedSchema.parse(JSON.parse(text));
  return stored.rows.map((row) => ({
    ...row,
    steps: row.steps.map((values) =>
      stepSchema.parse(Object.fromEntries(stored.step_columns.map((name, i) => [name, values[i]]))),
    ),
  }));
}

export function printTable(rows: readonly Figures[]): string {
  const printed = rows.map(({ steps, ...row }) => {
    const head = JSON.stringify(row, undefined, 1).replace(/\n}$/, "");
    const lines = steps.map((step) => `  ${JSON.stringify(stepColumns.map((name) => step[name]))}`);
    return `${head},\n "steps": [\n${lines.join(",\n")}\n ]\n}`;
  });
  return `{"step_columns": ${JSON.stringify(stepColumns)},\n"rows": [\n${printed.join(",\n")}\n]}\n`;
}

/** What identifies a row. */
export function rowKey(row: Figures): string {
  return [row.model, row.target, `-O ${row.opt}`, row.numerics].join(" ");
}

/** The old table with the rows that were measured anew replaced or added. */
export function mergeRows(old: readonly Figures[], fresh: readonly Figures[]): readonly Figures[] {
  const byKey = new Map(fresh.map((row) => [rowKey(row), row]));
  const known = new Set(old.map(rowKey));
  return [...old.map((row) => byKey.get(rowKey(row)) ?? row), ...fresh.filter((row) => !known.has(rowKey(row)))];
}

const compared = [
  "instructions",
  "cycles_m4",
  "cycles",
  "code_bytes",
  "flash_bytes",
  "arena_bytes",
  "stack_bytes",
] as const satisfies readonly (keyof Figures)[];

export interface Change {
  readonly row: string;
  readonly figure: (typeof compared)[number];
  readonly before: number;
  readonly after: number;
  /** Larger by more than the tolerance. */
  readonly isWorse: boolean;
}

/** A figure may grow by this share before it counts as worse. */
export const tolerance = 0.01;

/** The figures of rows in both tables that are not equal. */
export function compareRows(old: readonly Figures[], fresh: readonly Figures[]): readonly Change[] {
  const before = new Map(old.map((row) => [rowKey(row), row]));
  return fresh.flatMap((row) => {
    const known = before.get(rowKey(row));
    if (known === undefined) return [];
    return compared.flatMap((figure) =>
      known[figure] === row[figure]
        ? []
        : [
            {
              row: rowKey(row),
              figure,
              before: known[figure],
              after: row[figure],
              isWorse: row[figure] > known[figure] * (1 + tolerance),
            },
          ],
    );
  });
}

export function changeText({ row, figure, before, after, isWorse }: Change): string {
  const percent =
    before === 0 ? "" : ` (${after >= before ? "+" : ""}${((100 * (after - before)) / before).toFixed(2)} %)`;
  return `${isWorse ? "WORSE " : ""}${row}: ${figure} ${group(before)} -> ${group(after)}${percent}`;
}

// ---- Markdown ----

export function tableMarkdown(rows: readonly Figures[]): string {
  const models = [...new Set(rows.map((row) => row.model))];
  return `${[
    "# Inference: instructions, modelled cycles, bytes",
    "",
    "One inference in QEMU, counted; regenerate with `npm run bench`. Cycles are modelled, not measured: docs/benchmarking.md",
    'states the models. Per MAC: of the MACs in the ONNX file, with full windows, before dead channels are removed. "portable"',
    "is `speed` with the kernels for any core alone.",
    "",
    ...markdownTable(
      ["model", "target", "-O", "instructions", "per MAC", "cycles", "of", "per MAC", "as M4", "MACs", "in ONNX"],
      rows.map((row) => [
        row.model,
        row.target,
        row.opt,
        group(row.instructions),
        perMac(row.instructions, row.macs_nominal),
        group(row.cycles),
        row.cycle_model,
        perMac(row.cycles, row.macs_nominal),
        group(row.cycles_m4),
        group(row.macs),
        group(row.macs_nominal),
      ]),
      3,
    ),
    "",
    "## Bytes",
    "",
    "Flash: all that the generated code puts into the image. Code: its machine code with literal pools. Arena and stack in RAM,",
    "input and output besides.",
    "",
    ...markdownTable(
      ["model", "target", "-O", "flash", "code", "weights", "tables", "arena", "stack"],
      rows.map((row) => [
        row.model,
        row.target,
        row.opt,
        group(row.flash_bytes),
        group(row.code_bytes),
        group(row.weight_bytes),
        group(row.table_bytes),
        group(row.arena_bytes),
        group(row.stack_bytes),
      ]),
      3,
    ),
    "",
    "## Per step",
    "",
    "Instructions, in brackets per MAC.",
    ...models.flatMap((model) => {
      const own = rows.filter((row) => row.model === model);
      return ["", `### ${model}`, "", ...stepTable(own)];
    }),
  ].join("\n")}\n`;
}

/** A line per step, a column per target; schedules may differ between targets, then a step has a line per kernel geometry. */
function stepTable(rows: readonly Figures[]): readonly string[] {
  const keyOf = (step: StepFigures): string => `${String(step.step).padStart(4, "0")} ${step.geometry} ${step.name}`;
  const steps = new Map(rows.flatMap((row) => row.steps.map((step) => [keyOf(step), step] as const)));
  const title = (row: Figures): string =>
    row.target.replace("cortex-", "") + (row.opt === "speed" ? "" : ` -O ${row.opt}`);
  const lines = [...steps]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, step]) => [
      String(step.step),
      step.geometry,
      step.name,
      group(step.macs),
      ...rows.map((row) => {
        const found = row.steps.find((candidate) => keyOf(candidate) === key);
        if (found === undefined) return "";
        return group(found.instructions) + (found.macs === 0 ? "" : ` (${perMac(found.instructions, found.macs)})`);
      }),
    ]);
  return markdownTable(["step", "kernel", "name", "MACs", ...rows.map(title)], lines, 3);
}

/** The first `left` columns are text, the others numbers. */
function markdownTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  left: number,
): readonly string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heading), `|${heading.map((_, i) => (i < left ? "---" : "---:")).join("|")}|`, ...rows.map(line)];
}
