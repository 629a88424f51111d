import { describe, expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { compileGraph } from "../../compiler/compile-graph.js";
import { CompileError } from "../../compiler/diagnostics.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { interpret } from "../../compiler/reference/interpret.js";
import { replay } from "../../compiler/reference/replay.js";
import { checkNoOverlap, planArena } from "../../compiler/schedule/plan-arena.js";
import type { Slot } from "../../compiler/schedule/schedule.js";
import { GraphBuilder, randomInputs, randomInts } from "../support/graph-builder.js";
import { coreTarget } from "../support/targets.js";

const m4 = coreTarget("cortex-m4");
const m3 = coreTarget("cortex-m3");
const conv = { groups: 1, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], clampMin: -128, clampMax: 127 };

function pointwise(
  b: GraphBuilder,
  x: Parameters<GraphBuilder["shapeOf"]>[0],
  channels: number,
): ReturnType<GraphBuilder["input"]> {
  const inputs = b.shapeOf(x)[3]!;
  return b.node("conv2d", [x, b.weights([channels, 1, 1, inputs], randomInts(channels * inputs, channels))], conv, {
    scale: 0.3,
  });
}

describe("arena", () => {
  test("a view costs nothing and an element-wise result takes its operand's place", () => {
    const b = new GraphBuilder();
    const a = pointwise(b, b.input([1, 4, 4, 2]), 8);
    const add = { clampMin: -128, clampMax: 127, spanScalar: "none" };
    const sum = b.node("add", [a, b.input([1, 4, 4, 8])], add);
    const flat = b.node("reshape", [sum], { shape: [1, 128] });
    const y = b.node(
      "fully_connected",
      [flat, b.weights([3, 128], randomInts(384, 1))],
      { alpha: 1, clampMin: -128, clampMax: 127 },
      { scale: 1 },
    );
    // The smallest kernels have no scratch.
    const program = compileGraph(b.output(y).build(), m3, { optimize: "size" });
    expect(program.schedule.steps.map((step) => step.call?.kernel)).toEqual([
      "lwc_pointwise_s8",
      "lwc_add_s8",
      undefined,
      "lwc_pointwise_s8",
    ]);
    expect(program.arena.slots.map((slot) => slot.tensors.length)).toEqual([3]);
    expect(program.arena.bytes).toBe(128);
  });

  test("a residual keeps its source alive", () => {
    const b = new GraphBuilder();
    const x = pointwise(b, b.input([1, 4, 4, 2]), 4);
    const y = pointwise(b, pointwise(b, x, 8), 4);
    const sum = b.node("add", [x, y], { clampMin: -128, clampMax: 127, spanScalar: "none" });
    const end = pointwise(b, sum, 1);
    const program = compileGraph(b.output(end).build(), m3, { optimize: "size" });
    // The branch's end grows over its wide middle, a row apart.
    expect(program.arena.lowerBound).toBe(64 + 128 + 16);
    expect(program.arena.bytes).toBe(program.arena.lowerBound);
  });

  test("input and output live in the arena on request", () => {
    const b = new GraphBuilder();
    const graph = b.output(pointwise(b, pointwise(b, b.input([1, 4, 4, 2]), 8), 3)).build();
    const program = compileGraph(graph, m4, { io: "arena" });
    expect([...program.arena.places.values()].every((place) => place.kind === "arena")).toBe(true);
    expect(replay(program, randomInputs(graph, 1)).outputs).toEqual(
      replay(compileGraph(graph, m4), randomInputs(graph, 1)).outputs,
    );
  });

  test("reaches the lower bound of an awkward set of blocks", () => {
    const block = (bytes: number, firstStep: number, lastStep: number) => ({ tensors: [], bytes, firstStep, lastStep });
    const blocks = [
      block(64, 0, 1),
      block(32, 1, 3),
      block(96, 2, 4),
      block(32, 3, 5),
      block(64, 4, 6),
      block(128, 6, 7),
      block(8, 0, 7),
    ];
    const plan = planArena({ blocks, overlaps: [] }, 8);
    expect(plan.bytes).toBe(plan.lowerBound);
  });

  test("has no lower bound above an output that grows over two inputs at once", () => {
    const block = (bytes: number, firstStep: number, lastStep: number) => ({ tensors: [], bytes, firstStep, lastStep });
    const [a, b, output] = [block(64, 0, 1), block(64, 0, 1), block(128, 1, 2)];
    const distances = { forward: 0, backward: Number.POSITIVE_INFINITY };
    const overlaps = [a, b].map((input) => ({ output: output!, input: input!, step: 1, distances }));
    const plan = planArena({ blocks: [a!, b!, output!], overlaps }, 3);
    expect(plan.bytes).toBe(128);
    expect(plan.lowerBound).toBe(128);
  });

  test("reaches the lower bound of nearly all random sets of blocks", () => {
    // There are sets that no placement packs that tight.
    const gaps: number[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const numbers = randomInts(120, seed, 0, 1 << 16);
      const blocks = Array.from({ length: 40 }, (_, i) => {
        const [size = 0, start = 0, life = 0] = numbers.slice(3 * i, 3 * i + 3);
        const firstStep = start % 30;
        return { tensors: [], bytes: 8 * (1 + (size % 60)), firstStep, lastStep: Math.min(30, firstStep + (life % 6)) };
      });
      const plan = planArena({ blocks, overlaps: [] }, 31);
      gaps.push(plan.bytes / plan.lowerBound - 1);
    }
    expect(gaps.filter((gap) => gap === 0).length).toBeGreaterThanOrEqual(18);
    expect(Math.max(...gaps)).toBeLessThan(0.01);
  });

  test("an output grows over the input that dies in its step", () => {
    const b = new GraphBuilder();
    const wide = pointwise(b, pointwise(b, b.input([1, 8, 8, 4]), 8), 16);
    const program = compileGraph(b.output(pointwise(b, wide, 2)).build(), m4);
    // 8 -> 16 channels over 8 rows of 8 pixels: the output starts 8*128 - 7*64 bytes in front of the input.
    const [overlap] = program.arena.overlaps;
    expect(overlap?.distance).toBe(8 * 128 - 7 * 64);
    expect(program.arena.bytes).toBeLessThan(64 * 8 + 64 * 16);
    const { graph } = program;
    const numerics = makeNumerics("ort");
    for (const seed of [1, 2, 3]) {
      const inputs = randomInputs(graph, seed);
      expect(replay(program, inputs).outputs).toEqual(interpret(graph, numerics, inputs).outputs);
    }
  });

  test("replay sees an output that comes too close to its input", () => {
    const b = new GraphBuilder();
    const wide = pointwise(b, pointwise(b, b.input([1, 8, 8, 4]), 8), 16);
    const program = compileGraph(b.output(pointwise(b, wide, 2)).build(), m4);
    const { arena, graph } = program;
    const overlap = arena.overlaps[0]!;
    const moved = arena.slots[overlap.output]!.tensors[0]!;
    const input = arena.slots[overlap.input]!;
    const places = new Map(arena.places);
    places.set(moved, { kind: "arena", offset: input.offset - overlap.distance + 8 });
    const inputs = randomInputs(graph, 1);
    const good = interpret(graph, makeNumerics("ort"), inputs).outputs;
    const grown = { ...arena, bytes: arena.bytes + 1024, places };
    expect(replay({ ...program, arena: grown }, inputs).outputs).not.toEqual(good);
  });

  test("an overlap of live slots is a bug", () => {
    const slot = (offset: number, firstStep: number): Slot => ({
      tensors: [],
      offset,
      bytes: 16,
      firstStep,
      lastStep: firstStep + 1,
    });
    expect(() => checkNoOverlap([slot(0, 0), slot(8, 1)], [])).toThrow(CompileError);
    expect(() => checkNoOverlap([slot(0, 0), slot(8, 2)], [])).not.toThrow();
  });
});

test("order: a branch that shrinks runs before one that grows", () => {
  const b = new GraphBuilder();
  const x = pointwise(b, b.input([1, 8, 8, 1]), 16);
  const big = pointwise(b, x, 32);
  const bigEnd = pointwise(b, big, 1);
  const small = pointwise(b, x, 1);
  const graph = b.output(b.node("concat", [bigEnd, small], { axis: 3 })).build();
  const program = compileGraph(graph, m3);
  expect(program.arena.bytes).toBeLessThanOrEqual(64 * 16 + 64 * 32 + 64);
});

describe("fit", () => {
  const graph = (): Graph => {
    const b = new GraphBuilder("wide");
    return b.output(pointwise(b, pointwise(b, b.input([1, 64, 64, 1]), 16), 1)).build();
  };
  const small = {
    ...m4,
    name: "tiny",
    kind: "board" as const,
    memory: [
      { name: "SRAM", bytes: 1000, use: "ram" as const },
      { name: "FLASH", bytes: 40, use: "flash" as const },
    ],
  };

  test("too little RAM and flash: says by how much, and both at once", () => {
    try {
      compileGraph(graph(), small);
      expect.unreachable();
    } catch (error) {
      const { diagnostics } = error as CompileError;
      expect(diagnostics.map((d) => d.code)).toEqual(["LWC4001", "LWC4002"]);
      expect(diagnostics[0]!.message).toMatch(/needs an arena of \d+ bytes, .* has 1000: \d+ bytes too many/);
    }
  });

  test("a bare core has no limit", () => {
    expect(compileGraph(graph(), m4, { optimize: "speed" }).arena.bytes).toBeGreaterThan(20000);
  });

  test.each(["balanced", "ram"] as const)(
    "-O %s gives way where the board has too little RAM for its price",
    (optimize) => {
      const deep = (): Graph => {
        const b = new GraphBuilder("deep");
        const wide = pointwise(b, pointwise(b, b.input([1, 8, 8, 1]), 16), 16);
        return b.output(pointwise(b, wide, 1)).build();
      };
      const cheap = compileGraph(deep(), m4, { optimize });
      const least = compileGraph(deep(), m4, { optimize, ram: "least" });
      expect(least.arena.bytes).toBeLessThan(cheap.arena.bytes);
      const board = { ...small, memory: [{ name: "SRAM", bytes: least.arena.bytes, use: "ram" as const }] };
      expect(compileGraph(deep(), board, { optimize }).arena.bytes).toBe(least.arena.bytes);
      expect(
        cheap.log.some(({ pass, why }) => pass === "plan-memory" && why.startsWith(`${least.arena.bytes} bytes`)),
      ).toBe(optimize === "ram");
    },
  );
});
