/** An output that is there as a whole grows over the pool of its stream, and items of a pool are placed in the order of time. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { interpret } from "../../compiler/reference/interpret.js";
import { replay } from "../../compiler/reference/replay.js";
import { placeInTime } from "../../compiler/schedule/place-in-time.js";
import { layOut, meet } from "../../compiler/schedule/place-items.js";
import type { Item } from "../../compiler/schedule/pool-items.js";
import type { Program, SlotOverlap } from "../../compiler/schedule/schedule.js";
import { type ChainLayer, chainNet } from "../support/chain-nets.js";
import { compileWithin } from "../support/compile-within.js";
import { randomInputs } from "../support/graph-builder.js";
import { coreTarget } from "../support/targets.js";

const m4 = coreTarget("cortex-m4");

/** Overlaps of outputs with the pools of their streams. */
function grownOver({ arena }: Program): readonly SlotOverlap[] {
  return arena.overlaps.filter(({ input }) => arena.slots[input]?.pool !== undefined);
}

const net = chainNet({ height: 24, width: 8, channels: 16, layers: ["wide", "down3", "pw"], mean: false });

describe("the output of a stream", () => {
  const program = compileWithin(net, m4, { io: "arena", optimize: "ram", ram: "least", input: "rows" });
  const [overlap] = grownOver(program);

  test("lies over the beginning of its pool where rows are no longer needed", () => {
    const { slots, bytes } = program.arena;
    const [output, pool] = [slots[overlap!.output]!, slots[overlap!.input]!];
    expect(pool.offset - output.offset).toBeGreaterThanOrEqual(overlap!.distance);
    expect(pool.offset).toBeLessThan(output.offset + output.bytes);
    expect(bytes).toBeLessThan(output.bytes + pool.bytes);
    expect(program.arena.lowerBound).toBeLessThanOrEqual(bytes);
  });

  test("is computed as it would be elsewhere", () => {
    const inputs = randomInputs(net, 5);
    expect(replay(program, inputs).outputs).toEqual(interpret(net, makeNumerics("ort"), inputs).outputs);
  });

  test("is corrupt, and seen to be, where it lies nearer than its distance", () => {
    const { arena } = program;
    const { output, input } = overlap!;
    const shift = arena.slots[input]!.offset - arena.slots[output]!.offset;
    const [tensor] = arena.slots[output]!.tensors;
    // As far over the pool as the first of its rows.
    const slots = arena.slots.map((slot, i) => (i === output ? { ...slot, offset: slot.offset + shift } : slot));
    const places = new Map(arena.places).set(tensor!, { kind: "arena", offset: slots[output]!.offset });
    const near: Program = { ...program, arena: { ...arena, bytes: arena.bytes + shift, slots, places } };
    const inputs = randomInputs(net, 5);
    expect(replay(near, inputs).outputs).not.toEqual(interpret(net, makeNumerics("ort"), inputs).outputs);
  });
});

test("random networks compute the same where outputs grow over pools", () => {
  let found = 0;
  fc.assert(
    fc.property(
      fc.record({
        height: fc.integer({ min: 6, max: 25 }),
        width: fc.integer({ min: 2, max: 9 }),
        channels: fc.constantFrom(4, 8, 16, 32),
        layers: fc.array(fc.constantFrom<ChainLayer>("dw3", "dw5", "pw", "wide", "down3"), {
          minLength: 3,
          maxLength: 7,
        }),
        mean: fc.constant(false),
      }),
      fc.constantFrom("whole" as const, "rows" as const),
      fc.integer({ min: 0, max: 1500 }),
      fc.integer(),
      (spec, input, more, seed) => {
        const graph = chainNet(spec);
        const least = compileWithin(graph, m4, { io: "arena", ram: "least", input });
        const roomier = compileWithin(graph, m4, { io: "arena", ram: least.arena.bytes + more, input });
        for (const program of [least, roomier]) {
          found += grownOver(program).length;
          const inputs = randomInputs(graph, seed);
          expect(replay(program, inputs).outputs).toEqual(interpret(graph, makeNumerics("ort"), inputs).outputs);
        }
      },
    ),
    { numRuns: 40, seed: 3 },
  );
  expect(found).toBeGreaterThan(15);
});

describe("a layout in the order of time", () => {
  /** Rows of a few bytes and scratch, at random times. */
  const items = fc.array(
    fc.record({
      units: fc.integer({ min: 1, max: 6 }),
      from: fc.integer({ min: 0, max: 30 }),
      length: fc.integer({ min: 0, max: 9 }),
      isScratch: fc.boolean(),
    }),
    { minLength: 1, maxLength: 25 },
  );
  type Spec = typeof items extends fc.Arbitrary<infer T> ? T : never;
  const itemsFrom = (specs: Spec): readonly Item[] =>
    specs.map(({ units, from, length, isScratch }, step): Item => {
      // No two steps run at the same event.
      const spans = [isScratch ? { from: 100 + step, to: 100 + step } : { from, to: from + length }];
      const pieces = [{ at: 0, bytes: 8 * units, spans }];
      return { bytes: 8 * units, pieces, step, ...(isScratch ? {} : { rows: [{ step, y: 0, at: 0 }] }) };
    });

  test("keeps apart what is needed at the same event, within the bytes that it is given", () => {
    fc.assert(
      fc.property(items, (specs) => {
        const all = itemsFrom(specs);
        const known = layOut(all, { taken: [], enough: 0 }, "quick");
        const layout = placeInTime(all, { taken: [], bytes: known.bytes + 64, search: "thorough" });
        expect(layout).toBeDefined();
        const placed = layout!.placed.map(({ item, offset }) => ({ item, start: offset, end: offset + item.bytes }));
        expect(placed).toHaveLength(all.length);
        for (const one of placed) {
          expect(one.start).toBeGreaterThanOrEqual(0);
          expect(one.end).toBeLessThanOrEqual(layout!.bytes);
          for (const other of placed) {
            const isApart = one.end <= other.start || other.end <= one.start;
            expect(one === other || isApart || !meet(one.item.pieces[0]!, other.item.pieces[0]!)).toBe(true);
          }
        }
      }),
      { seed: 11 },
    );
  });

  test("leaves free what is taken, and is none where there is no room", () => {
    const [item] = itemsFrom([{ units: 2, from: 3, length: 2, isScratch: false }]);
    const taken = [{ start: 8, end: 24, spans: [{ from: 4, to: 9 }] }];
    const at = (bytes: number): number | undefined =>
      placeInTime([item!], { taken, bytes, search: "quick" })?.placed[0]?.offset;
    expect(at(40)).toBe(24);
    expect(at(32)).toBeUndefined();
    expect(placeInTime([item!], { taken: [], bytes: 8, search: "quick" })).toBeUndefined();
  });
});
