/** Which memories of the target the arena may be divided over, how much of each, and what an access costs there. */
import { CompileError, type Diagnostic } from "../diagnostics.js";
import type { Target } from "../targets.js";

/** What the caller asks for: a RAM region of the target by its name, or one of their own with bytes and cycles. */
export interface RegionRequest {
  readonly name: string;
  /** Bytes of it that the arena may take; absent: all of it. */
  readonly bytes?: number;
  /** Cycles that the core waits for a word; absent: what the target's file says. */
  readonly cycles?: number;
}

/** Bytes of a word, for which cycles of waiting are said. */
export const WORD = 4;

/** A memory for a part of the arena. */
export interface Region {
  /** As the target or the caller calls it: a C identifier. */
  readonly name: string;
  readonly bytes: number;
  /** Modelled cycles that the core waits for a 32-bit word, read or written. */
  readonly cycles: number;
}

/** The regions that were asked for, the fastest first. Throws CompileError with all that is wrong. */
export function resolveRegions(requests: readonly RegionRequest[], target: Target): readonly Region[] {
  const diagnostics: Diagnostic[] = [];
  const seen = new Set<string>();
  const regions = requests.flatMap((request): readonly Region[] => {
    const found = resolve(request, target);
    const name = request.name.toLowerCase();
    if (seen.has(name)) {
      diagnostics.push({
        code: "LWC4006",
        kind: "error",
        message: `region "${request.name}" is named twice; case does not count`,
        hint: "give each region once, as NAME, NAME=bytes or NAME=bytes@cycles",
      });
    }
    seen.add(name);
    if ("code" in found) diagnostics.push(found);
    return "code" in found ? [] : [found];
  });
  if (diagnostics.length > 0) throw new CompileError(diagnostics);
  return regions.toSorted((a, b) => a.cycles - b.cycles);
}

function resolve({ name, bytes, cycles }: RegionRequest, target: Target): Region | Diagnostic {
  const ram = target.memory.filter((region) => region.use === "ram");
  const known = ram.find((region) => region.name.toLowerCase() === name.toLowerCase());
  if (!/^[A-Za-z][A-Za-z0-9_]{0,30}$/.test(name)) {
    return {
      code: "LWC4007",
      kind: "error",
      message: `region "${name}": expected a C identifier of at most 31 characters`,
    };
  }
  if (known && bytes !== undefined && bytes > known.bytes) {
    return {
      code: "LWC4008",
      kind: "error",
      message: `region "${name}": ${known.name} of ${target.name} has ${known.bytes} bytes, ${bytes} are ${bytes - known.bytes} too many`,
      hint: "leave room for stack, heap and data in it as well",
    };
  }
  const region = { name: known?.name ?? name, bytes: bytes ?? known?.bytes, cycles: cycles ?? known?.cycles };
  if (region.bytes !== undefined && region.bytes > 0 && region.cycles !== undefined)
    return { name: region.name, bytes: region.bytes, cycles: region.cycles };
  const names = ram.map((one) => one.name).join(", ");
  return {
    code: "LWC4009",
    kind: "error",
    message: `region "${name}": ${known ? "its cost is not known" : `${target.name} has ${names === "" ? "no RAM regions of its own" : `the RAM regions ${names}`}`}`,
    hint: `say its bytes and the cycles that the core waits for a word in it: ${name}=64K@2`,
  };
}
