/** The constants that go to fast RAM, as data and as text: which, why, and what that saves. */
import { commentText as printable } from "../../codegen/c-comment.js";
import { must } from "../../diagnostics.js";
import type { Program } from "../../schedule/schedule.js";
import { stepName } from "./step-name.js";
import { columns, group } from "./text.js";

export interface HotWeightsReport {
  readonly region: string;
  /** Bytes that there are for them, and that they take. */
  readonly room: number;
  readonly bytes: number;
  /** Modelled cycles that the core waits for a word: there, and in flash, null where that is not known. */
  readonly cycles: number;
  readonly flash_cycles: number | null;
  /** Those that are read most per byte first. */
  readonly constants: readonly HotConstantReport[];
}

export interface HotConstantReport {
  /** The first layer that reads it. */
  readonly layer: string;
  readonly steps: readonly number[];
  readonly bytes: number;
  /** Bytes that an inference reads of it, and how often that is each byte. */
  readonly reads: number;
  readonly reuse: number;
  /** Modelled cycles of waiting that the copy saves at most, without a cache; null where those of flash are not known. */
  readonly saved_cycles: number | null;
}

export function hotWeightsReport({ hot, schedule }: Program): HotWeightsReport | null {
  if (hot === undefined) return null;
  return {
    region: hot.region.name,
    room: hot.region.bytes,
    bytes: hot.bytes,
    cycles: hot.region.cycles,
    flash_cycles: hot.flashCycles ?? null,
    constants: hot.constants.map(({ data, reads, saves, steps }) => ({
      layer: stepName(must(schedule.steps[steps[0] ?? 0], "step")),
      steps,
      bytes: data.byteLength,
      reads,
      reuse: Number((reads / data.byteLength).toPrecision(4)),
      saved_cycles: saves ?? null,
    })),
  };
}

/** Constants that the text lists: the rest saves little. */
const LISTED = 20;

export function hotWeightsLines(hot: HotWeightsReport): readonly string[] {
  const saved = hot.constants.reduce((sum, { saved_cycles: cycles }) => sum + (cycles ?? 0), 0);
  const why =
    hot.flash_cycles === null
      ? `${hot.cycles} cycles a word there, those of flash are not known: by reads per byte alone`
      : `${hot.cycles} cycles a word there, ${hot.flash_cycles} in flash: at most ${group(saved)} modelled cycles less`;
  const rows = hot.constants
    .slice(0, LISTED)
    .map(({ layer, steps, bytes, reads, reuse, saved_cycles: cycles }) => [
      group(bytes),
      group(reads),
      String(reuse),
      cycles === null ? "-" : group(cycles),
      steps.join(", "),
      printable(layer, 60),
    ]);
  const more = hot.constants.length - rows.length;
  return [
    `  ${hot.constants.length} constants in ${printable(hot.region)}: ${group(hot.bytes)} of ${group(hot.room)} bytes; ${why}`,
    ...columns([["bytes", "read", "times", "saves", "steps", "layer"], ...rows]),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}
