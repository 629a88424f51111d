/**
 * What RAM buys: a model compiled for every goal and for several budgets of RAM, and of the results those that no other beats
 * in RAM, cycles and flash at once.
 */
import { type BackEndOptions, compileGraph } from "./compile-graph.js";
import { CompileError, must } from "./diagnostics.js";
import { estimateProgram, type ProgramEstimate } from "./estimate.js";
import type { Graph } from "./ir/graph.js";
import type { Optimize } from "./ops/kernel.js";
import type { Target } from "./targets.js";

export interface ParetoRow extends ProgramEstimate {
  readonly optimize: Optimize;
  /** What --ram asked for; undefined where the goal alone decided. */
  readonly ram: number | "least" | undefined;
}

const goals: readonly Optimize[] = ["speed", "balanced", "size", "ram"];

/** Budgets between the least RAM and the most that a goal takes. */
const BUDGETS = 6;

/** By RAM, the least first. Throws CompileError where nothing fits the target. */
export function findPareto(graph: Graph, target: Target, options: BackEndOptions): readonly ParetoRow[] {
  const rows: ParetoRow[] = [];
  const failures: CompileError[] = [];
  const add = (optimize: Optimize, ram: ParetoRow["ram"]): void => {
    const { ram: _, ...rest } = options;
    try {
      const program = compileGraph(graph, target, { ...rest, optimize, ...(ram === undefined ? {} : { ram }) });
      rows.push({ optimize, ram, ...estimateProgram(program) });
    } catch (error) {
      // Too large for the board: the others may fit.
      if (!(error instanceof CompileError)) throw error;
      failures.push(error);
    }
  };
  for (const goal of goals) add(goal, undefined);
  add("ram", "least");
  if (rows.length === 0) throw must(failures[0], "failure");
  for (const ram of budgetsBetween(rows.map(({ ramBytes }) => ramBytes)))
    for (const goal of goals.filter((one) => one !== "ram")) add(goal, ram);
  return withoutBeaten(rows);
}

function budgetsBetween(sizes: readonly number[]): readonly number[] {
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const step = (most - least) / BUDGETS;
  return step === 0 ? [] : Array.from({ length: BUDGETS }, (_, i) => Math.ceil((least + i * step) / 8) * 8);
}

/** Rows of which none is at least as good in everything; of equal ones, the first. */
export function withoutBeaten<Row extends ProgramEstimate>(rows: readonly Row[]): readonly Row[] {
  const figures = ({ ramBytes, cycles, flashBytes }: Row): readonly number[] => [ramBytes, cycles, flashBytes];
  const isBeaten = (row: Row, i: number): boolean =>
    rows.some((other, j) => {
      const differences = figures(other).map((value, k) => value - must(figures(row)[k], "figure"));
      return i !== j && differences.every((d) => d <= 0) && (differences.some((d) => d < 0) || j < i);
    });
  return rows
    .filter((row, i) => !isBeaten(row, i))
    .sort((a, b) => a.ramBytes - b.ramBytes || a.cycles - b.cycles || a.flashBytes - b.flashBytes);
}
