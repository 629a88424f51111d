/** The context, what its functions check before they use it, and the types and init() of an arena that is divided over memories. */

import type { ArenaRegion, Program } from "../schedule/schedule.js";
import { type ArenaPart, arenaParts } from "./arena-names.js";
import type { Bindings } from "./bindings.js";
import { commentText, wrapText } from "./c-comment.js";
import { callText, maxColumns } from "./c-literal.js";
import type { AssertView, InitView, RegionView, RunView } from "./view.js";

interface RegionPart extends ArenaPart {
  readonly region: ArenaRegion;
}

/** The parts of a divided arena; empty where it is one block. */
function regionParts(program: Program): readonly RegionPart[] {
  return arenaParts(program).flatMap(({ name, region }) => (region ? [{ name, region }] : []));
}

/** The type of each part. */
export function regionViews(program: Program, { prefix, macro }: Bindings): readonly RegionView[] {
  return regionParts(program).map(({ name, region }) => ({
    notes: wrapText(
      `The part of the arena for ${commentText(region.name)}, ${region.used} bytes. Define it where the linker puts what lies there, by a section attribute or by the linker script; it needs no contents. One for each inference at a time.`,
      maxColumns - " * ".length,
    ),
    macro: `${macro}_${name.toUpperCase()}_BYTES`,
    bytes: String(region.used),
    type: `${prefix}_${name}`,
    align: String(program.arena.align),
  }));
}

/** init(), as the header declares it. */
export function initFunction(program: Program, { prefix }: Bindings): RunView {
  const parts = regionParts(program);
  const parameters = parts.map(({ name }) => `${prefix}_${name} *${name}`);
  return {
    signature: callText("", `lwc_status ${prefix}_init`, [`${prefix}_ctx *ctx`, ...parameters], ""),
    notes: [
      "Tells a context where the parts of its arena are: once, before anything else. They are the context's from then on.",
      `Returns LWC_OK, LWC_ERROR_NULL for a NULL pointer, LWC_ERROR_ALIGNMENT for a part not aligned to ${program.arena.align}; an error changes nothing.`,
    ].flatMap((note) => wrapText(note, maxColumns - " * ".length)),
  };
}

/** Undefined where the arena is one block: then there is nothing to say before run(). */
export function initView(program: Program, bindings: Bindings): InitView | undefined {
  const names = regionParts(program).map(({ name }) => name);
  if (names.length === 0) return undefined;
  return {
    run: initFunction(program, bindings),
    nullCheck: nullCheck(["ctx", ...names]),
    alignCheck: anyOf([
      `((uintptr_t)ctx % ${contextAlign(program, bindings)}) != 0u`,
      ...names.map((name) => `((uintptr_t)${name} % ${program.arena.align}u) != 0u`),
    ]),
    regions: names.map((name) => ({ name, value: `${name}->bytes` })),
  };
}

/** What the address of a context has to be a multiple of. */
export function contextAlign({ arena }: Program, { prefix }: Bindings): string {
  return arena.regions ? `_Alignof(${prefix}_ctx)` : `${arena.align}u`;
}

/** The context, and the pointers in it that init() sets. */
export function contextPointers(program: Program): readonly string[] {
  return ["ctx", ...regionParts(program).map(({ name }) => `ctx->${name}`)];
}

/** The members of the context that are the arena or point to it. */
export function arenaMembers(program: Program, length: string): readonly string[] {
  const { arena, options } = program;
  const parts = regionParts(program);
  if (parts.length > 0)
    return [
      "/* Where the arena is: set by init, not to be touched. */",
      ...parts.map(({ name }) => `int8_t *${name};`),
    ];
  const matters =
    options.input === "rows"
      ? "Intermediate results; the contents matter from begin to finish."
      : "Intermediate results; the contents mean nothing between two calls.";
  return [
    `/* ${arena.bytes > 0 ? matters : "This model needs no arena, but C wants a member."} */`,
    `LWC_ALIGNED(${arena.align}) int8_t arena[${length}];`,
  ];
}

/** The local variable of a part of the arena. */
export function arenaLocal(name: string): string {
  return `int8_t *const ${name} = ctx->${name};`;
}

/** What the source assumes of the header's types. */
export function arenaAsserts(program: Program, bindings: Bindings, length: string): readonly AssertView[] {
  const { arena, options } = program;
  const { prefix, macro } = bindings;
  const aligned = "the arena must be aligned for its widest type";
  const regions = regionViews(program, bindings);
  return [
    {
      condition: `${macro}_ARENA_BYTES == ${arena.bytes}u`,
      message: "header and source are of different builds",
    },
    ...regions.flatMap(({ type, bytes }) => [
      { condition: `sizeof(${type}) == ${bytes}u`, message: "header and source are of different builds" },
      { condition: `_Alignof(${type}) >= ${arena.align}u`, message: aligned },
    ]),
    ...(regions.length > 0
      ? []
      : [
          ...(options.input === "whole"
            ? [{ condition: `sizeof(${prefix}_ctx) == ${length}`, message: "the context holds more than the arena" }]
            : []),
          { condition: `_Alignof(${prefix}_ctx) >= ${arena.align}u`, message: aligned },
        ]),
  ];
}

/** A condition that is true where one of the pointers is NULL. */
export function nullCheck(pointers: readonly string[]): string {
  return anyOf(pointers.map((name) => `${name} == NULL`));
}

function anyOf(checks: readonly string[]): string {
  // clang takes parentheses around a lone comparison for a slip of the pen.
  if (checks.length === 1) return checks.join("");
  const terms = checks.map((check) => `(${check})`);
  const oneLine = terms.join(" || ");
  return `    if (${oneLine}) {`.length <= maxColumns ? oneLine : terms.join(" ||\n        ");
}
