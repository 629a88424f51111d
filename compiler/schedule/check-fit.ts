/** Refuses a program that the target's memory cannot hold, and says by how much. */
import { CompileError, type Diagnostic } from "../diagnostics.js";
import type { Target } from "../targets.js";
import { contextBytes, programSizes } from "./program-sizes.js";
import type { Region } from "./regions.js";
import { originOf, type Program } from "./schedule.js";

/** What the caller asked for, and by how many bytes the arena is larger. */
export interface Limits {
  readonly regions: readonly Region[];
  readonly ram: number | undefined;
  readonly excess: number;
}

export function checkFit(program: Program, limits: Limits): void {
  const sizes = programSizes(program);
  const diagnostics = checkLimits(program, limits);
  const ram = regionsOf(program.target, "ram");
  const largest = Math.max(0, ...ram);
  if (limits.regions.length === 0 && ram.length > 0 && sizes.arenaBytes > largest) {
    const peak = program.schedule.steps[program.arena.peakStep];
    diagnostics.push({
      code: "LWC4001",
      kind: "error",
      message:
        `model "${program.name}" needs an arena of ${sizes.arenaBytes} bytes, the largest RAM region of ${program.target.name} has ` +
        `${largest}: ${sizes.arenaBytes - largest} bytes too many`,
      ...(peak ? { where: { node: peak.node.id } } : {}),
      hint: `the peak is at step ${program.arena.peakStep}${peak ? ` (${originOf(peak).label})` : ""}; try ${program.options.optimize === "ram" ? "" : "-O ram, "}a smaller input (--input-shape), a narrower model, or a board with more RAM`,
    });
  }
  const flash = regionsOf(program.target, "flash").reduce((sum, bytes) => sum + bytes, 0);
  const constants = sizes.weightBytes + sizes.tableBytes;
  if (flash > 0 && constants > flash) {
    diagnostics.push({
      code: "LWC4002",
      kind: "error",
      message: `model "${program.name}" has ${constants} bytes of weights and tables, ${program.target.name} has ${flash} bytes of flash: ${constants - flash} bytes too many`,
      hint: "try a narrower model or a board with more flash",
    });
  }
  if (diagnostics.length > 0) throw new CompileError(diagnostics);
}

function checkLimits(program: Program, { regions, ram, excess }: Limits): Diagnostic[] {
  if (excess === 0) return [];
  const { arena, schedule, options } = program;
  const peak = schedule.steps[arena.peakStep];
  const where = peak ? { where: { node: peak.node.id } } : {};
  const tighter = options.optimize === "ram" ? "" : "try -O ram, ";
  const needed = contextBytes(program);
  if (ram !== undefined && needed > ram) {
    return [
      {
        code: "LWC4005",
        kind: "error",
        message: `model "${program.name}" needs ${needed} bytes, --ram allows ${ram}: ${needed - ram} bytes too many`,
        ...where,
        hint: `${tighter}--ram ${needed}, a smaller input (--input-shape) or a narrower model`,
      },
    ];
  }
  // Without regions it is the target's memory that is too small: see above.
  if (regions.length === 0) return [];
  const names = regions.map(({ name, bytes }) => `${name} (${bytes} bytes)`).join(", ");
  return [
    {
      code: "LWC4010",
      kind: "error",
      message: `model "${program.name}" needs an arena of ${arena.bytes} bytes, which ${names} cannot hold: ${excess} bytes find no room`,
      ...where,
      hint: `${tighter}give more bytes or another --region, a smaller input (--input-shape) or a narrower model; a tensor cannot be split over regions`,
    },
  ];
}

function regionsOf(target: Target, use: "ram" | "flash"): readonly number[] {
  return target.memory.filter((region) => region.use === use).map((region) => region.bytes);
}
