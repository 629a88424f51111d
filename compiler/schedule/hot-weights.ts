/**
 * Which constants are worth a copy in fast RAM. One gains what the core no longer waits for when it reads it there and not in flash:
 * words read in an inference times the difference in cycles. Those that are read most often per byte come first, as long as there
 * is room.
 *
 * How often: a weight once for each multiply-accumulate that it takes part in, constants of a channel once for each value of that
 * channel, a table of results once for each value. Kernels read a weight for several pixels at once, most of them for two; caches are
 * not modelled.
 */
import { fail } from "../diagnostics.js";
import { tensorOf } from "../ir/graph.js";
import { channelCount, elementCount } from "../ir/shape.js";
import { constantsOf, type PackedConstant } from "../ops/kernel.js";
import type { Target } from "../targets.js";
import { sameData } from "./program-sizes.js";
import { type Region, type RegionRequest, resolveRegions, WORD } from "./regions.js";
import type { ArenaPlan, HotConstant, HotWeights, Schedule, Step } from "./schedule.js";

/** The constants that fit, by what they gain; none where flash is as fast as the region. */
export function chooseHotWeights(schedule: Schedule, region: Region, flashCycles: number | undefined): HotWeights {
  const perWord = flashCycles === undefined ? undefined : flashCycles - region.cycles;
  const candidates = perWord === undefined || perWord > 0 ? readConstants(schedule) : [];
  const chosen: HotConstant[] = [];
  let bytes = 0;
  for (const { size, ...constant } of candidates.toSorted((a, b) => b.reads / b.size - a.reads / a.size)) {
    if (bytes + size > region.bytes) continue;
    bytes += size;
    const saves = perWord === undefined ? {} : { saves: Math.round((constant.reads / WORD) * perWord) };
    chosen.push({ ...constant, ...saves });
  }
  return { region, bytes, constants: chosen, ...(flashCycles === undefined ? {} : { flashCycles }) };
}

/**
 * The memory that was asked for, as large as the arena leaves it. One that the arena lies in too has its cost from there. Throws
 * CompileError where they do not fit beside each other.
 */
export function hotRegion(
  request: RegionRequest,
  target: Target,
  { regions, arena }: { readonly regions: readonly Region[]; readonly arena: ArenaPlan },
): Region {
  const isSame = ({ name }: { readonly name: string }): boolean => name.toLowerCase() === request.name.toLowerCase();
  const shared = regions.find(isSame);
  const known = target.memory.find((memory) => memory.use === "ram" && isSame(memory));
  const [used = 0] = shared ? [regions.length === 1 ? arena.bytes : arena.regions?.find(isSame)?.used] : [];
  // How large a memory of the caller's own is, only the caller knows.
  const room = known?.bytes ?? (request.bytes === undefined ? shared?.bytes : undefined);
  const cycles = request.cycles ?? shared?.cycles;
  const left = room === undefined ? undefined : Math.max(0, room - used);
  const bytes = request.bytes ?? left;
  if (left !== undefined && bytes !== undefined && (bytes > left || bytes === 0)) {
    return fail({
      code: "LWC4012",
      kind: "error",
      message: `--hot-weights ${request.name}: ${bytes === 0 ? "no bytes are" : `${bytes} bytes are asked for, ${left} are`} left of ${room} beside ${used} of the arena`,
      hint: "give the arena less of that region, or the constants another",
    });
  }
  const [region] = resolveRegions(
    [{ name: request.name, ...(bytes === undefined ? {} : { bytes }), ...(cycles === undefined ? {} : { cycles }) }],
    target,
  );
  return region ?? { name: request.name, bytes: 0, cycles: 0 };
}

/** Cycles of a word in the flash that constants lie in unless the linker is told otherwise: the first that the target lists. */
export function flashCyclesOf(target: Target): number | undefined {
  return target.memory.find((memory) => memory.use === "flash")?.cycles;
}

interface Candidate extends HotConstant {
  /** Bytes with those that align what follows. */
  readonly size: number;
}

interface OpenCandidate {
  readonly data: PackedConstant["data"];
  readonly size: number;
  reads: number;
  readonly steps: number[];
}

/** Every constant once, with the bytes that all steps read of it. */
function readConstants({ graph, steps }: Schedule): readonly Candidate[] {
  const all = steps.flatMap((step) =>
    step.call ? constantsOf(step.call).map((constant) => ({ step, constant })) : [],
  );
  const align = Math.max(1, ...all.map(({ constant }) => constant.align));
  const found: OpenCandidate[] = [];
  for (const { step, constant } of all) {
    const { data } = constant;
    const same = found.find((one) => sameData(one.data, data));
    const entry = same ?? { data, size: Math.ceil(data.byteLength / align) * align, reads: 0, steps: [] };
    if (!same) found.push(entry);
    const { shape } = tensorOf(graph, step.output);
    entry.reads += readsOf(step, constant, elementCount(shape), channelCount(shape));
    if (!entry.steps.includes(step.index)) entry.steps.push(step.index);
  }
  return found;
}

/** Bytes that a step reads of a constant. */
function readsOf({ call, macs }: Step, constant: PackedConstant, outputs: number, channels: number): number {
  const { data, role, name } = constant;
  // A row of padding stands in for a row or two of the input.
  if (constant === call?.padding) return data.byteLength;
  if (role === "weights") return Math.max(macs, data.byteLength);
  if (name === "table") return outputs * data.BYTES_PER_ELEMENT;
  return data.byteLength * (outputs / channels);
}
