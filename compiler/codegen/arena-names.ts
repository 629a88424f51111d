/** The C names of the arena: an array in the context, or one for each memory that a divided arena lies in. */
import { must } from "../diagnostics.js";
import type { TensorId } from "../ir/graph.js";
import { stateBytes, totalScratchBytes } from "../ops/kernel.js";
import { type ArenaRegion, type Program, regionAt, type Step } from "../schedule/schedule.js";
import { kernelInputs } from "./kernel-inputs.js";

/** A piece of memory that holds the arena or a part of it. */
export interface ArenaPart {
  /** Of the context's member, of the local variable and of the parameter: "arena", or "arena_dtcm". */
  readonly name: string;
  /** Absent where the arena is one block in the context. */
  readonly region?: ArenaRegion;
}

/** In the order of their offsets. */
export function arenaParts({ arena }: Program): readonly ArenaPart[] {
  return (
    arena.regions?.map((region) => ({ name: `arena_${region.name.toLowerCase()}`, region })) ?? [{ name: "arena" }]
  );
}

/** The part that holds the byte at an offset. */
export function partAt(program: Program, offset: number): ArenaPart {
  const region = regionAt(program.arena, offset);
  return must(
    arenaParts(program).find((part) => part.region === region),
    `part of the arena at ${offset}`,
  );
}

/** Names of the parts in which the steps read or write; also where `others` lie. */
export function partsUsed(
  program: Program,
  steps: readonly Step[],
  others: readonly TensorId[] = [],
): readonly string[] {
  const { arena, graph } = program;
  const offsets = [
    ...steps.flatMap((step) => (step.call ? [...kernelInputs(graph, step), step.output] : [])),
    ...others,
  ].flatMap((id) => {
    const place = arena.places.get(id);
    return place?.kind === "arena" ? [place.offset] : [];
  });
  const work = steps.flatMap(({ index, call }) => [
    ...(call && totalScratchBytes(call) > 0 ? [must(arena.scratch.get(index), "scratch")] : []),
    ...(call && stateBytes(call) > 0 ? [must(arena.state.get(index), "state")] : []),
  ]);
  const used = new Set([...offsets, ...work].map((offset) => partAt(program, offset).name));
  return arenaParts(program).flatMap(({ name }) => (used.has(name) ? [name] : []));
}
