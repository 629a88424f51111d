/** What `lwc bench` prints, and the checked-in table holds, of one measurement. */
import { stepGeometry, stepTitle } from "../../codegen/step-text.js";
import type { Program } from "../../schedule/schedule.js";
import type { Count, CycleModel } from "../../verify/count-plugin.js";
import type { Measurement } from "../../verify/measure.js";
import { printable } from "../print-diagnostics.js";
import { columns, group } from "./text.js";

/** Keys as in --json. Cycles are modelled, see docs/benchmarking.md. */
export interface StepFigures {
  readonly step: number;
  readonly name: string;
  readonly geometry: string;
  readonly macs: number;
  readonly instructions: number;
  readonly cycles_m4: number;
  readonly cycles: number;
}

export interface Figures {
  readonly model: string;
  readonly target: string;
  readonly opt: string;
  readonly numerics: string;
  readonly machine: string;
  readonly instructions: number;
  readonly cycles_m4: number;
  /** Which model `cycles` is of: that of the target's core. */
  readonly cycle_model: CycleModel;
  readonly cycles: number;
  readonly macs: number;
  readonly macs_nominal: number;
  readonly code_bytes: number;
  readonly flash_bytes: number;
  readonly weight_bytes: number;
  readonly table_bytes: number;
  readonly arena_bytes: number;
  readonly stack_bytes: number;
  /** Instructions of run() itself, between the steps. */
  readonly overhead_instructions: number;
  readonly steps: readonly StepFigures[];
}

export function figuresOf(program: Program, measured: Measurement): Figures {
  const own = (count: Count): number => count.cycles[measured.cycleModel];
  return {
    model: program.name,
    target: program.target.name,
    opt: program.options.optimize,
    numerics: program.options.numerics,
    machine: measured.machine,
    instructions: measured.total.instructions,
    cycles_m4: measured.total.cycles.m4,
    cycle_model: measured.cycleModel,
    cycles: own(measured.total),
    macs: measured.macs,
    macs_nominal: measured.macsNominal,
    code_bytes: measured.codeBytes,
    flash_bytes: measured.flashBytes,
    weight_bytes: measured.weightBytes,
    table_bytes: measured.tableBytes,
    arena_bytes: measured.arenaBytes,
    stack_bytes: measured.stackBytes,
    overhead_instructions: measured.overhead.instructions,
    steps: program.schedule.steps.flatMap((step) => {
      const count = measured.steps.get(step.index);
      if (count === undefined) return [];
      return [
        {
          step: step.index,
          name: stepTitle(step),
          geometry: stepGeometry(step),
          macs: step.macs,
          instructions: count.instructions,
          cycles_m4: count.cycles.m4,
          cycles: own(count),
        },
      ];
    }),
  };
}

/** The figures as text for a terminal, a line per step. */
export function figuresText(figures: Figures): string {
  const { instructions, cycles, cycle_model: model, macs_nominal: nominal } = figures;
  const m4 = model === "m4" ? "" : `, ${group(figures.cycles_m4)} as a Cortex-M4`;
  const summary: readonly (readonly [string, string])[] = [
    ["instructions", `${group(instructions)}, ${perMac(instructions, nominal)} per nominal MAC`],
    ["cycles", `${group(cycles)} modelled (${model}), ${perMac(cycles, nominal)} per nominal MAC${m4}`],
    ["MACs", `${group(figures.macs)} computed, ${group(nominal)} in the model`],
    [
      "flash",
      `${group(figures.flash_bytes)} bytes: code ${group(figures.code_bytes)}, weights ${group(figures.weight_bytes)}, tables ${group(figures.table_bytes)}`,
    ],
    ["RAM", `arena ${group(figures.arena_bytes)} bytes, stack ${group(figures.stack_bytes)}`],
  ];
  const rows = figures.steps.map((step) => [
    String(step.step),
    group(step.instructions),
    share(step.instructions, instructions),
    perMac(step.instructions, step.macs),
    group(step.cycles),
    perMac(step.cycles, step.macs),
    group(step.macs),
    step.geometry,
    printable(step.name),
  ]);
  const run = ["run", group(figures.overhead_instructions), share(figures.overhead_instructions, instructions)];
  const heading = ["step", "instr", "%", "/MAC", `cycles ${model}`, "/MAC", "MACs", "kernel", "name"];
  return [
    `${figures.model} for ${figures.target}, -O ${figures.opt}, numerics ${figures.numerics}, on ${figures.machine}`,
    ...summary.map(([label, value]) => `  ${label.padEnd(12)}  ${value}`),
    ...columns([heading, ...rows, [...run, "", "", "", "", "", "between the steps"]]),
  ].join("\n");
}

/** "1.23"; "-" where there are no MACs. */
export function perMac(value: number, macs: number): string {
  return macs === 0 ? "-" : (value / macs).toFixed(2);
}

function share(part: number, whole: number): string {
  return ((100 * part) / whole).toFixed(1);
}
