/** Streams of rows: which rows exist when, what a stream saves, and that replay would see a ring that is too short. */
import { describe, expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { type BackEndOptions, compileGraph } from "../../compiler/compile-graph.js";
import { type Graph, type TensorId, tensorOf } from "../../compiler/ir/graph.js";
import { rowLength } from "../../compiler/ir/shape.js";
import { rowsPerCall, totalScratchBytes } from "../../compiler/ops/kernel.js";
import { interpret } from "../../compiler/reference/interpret.js";
import { replay } from "../../compiler/reference/replay.js";
import { rowCall } from "../../compiler/schedule/row-call.js";
import { planRows, rowSteps, streamSteps, walkRows } from "../../compiler/schedule/row-plan.js";
import { planPool } from "../../compiler/schedule/row-pool.js";
import type { Program } from "../../compiler/schedule/schedule.js";
import type { Target } from "../../compiler/targets.js";
import { GraphBuilder, randomInputs, randomInts } from "../support/graph-builder.js";
import { coreTarget } from "../support/targets.js";

const m4 = coreTarget("cortex-m4");
const clamp = { clampMin: -128, clampMax: 127 };

function conv(b: GraphBuilder, x: TensorId, channels: number, kernel: number, stride = 1): TensorId {
  const inputs = b.shapeOf(x)[3]!;
  const pad = kernel >> 1;
  const count = channels * kernel * kernel * inputs;
  const weights = b.weights([channels, kernel, kernel, inputs], randomInts(count, channels + kernel));
  const attrs = { groups: 1, strides: [stride, stride], dilations: [1, 1], pads: [pad, pad, pad, pad], ...clamp };
  return b.node("conv2d", [x, weights], attrs, { scale: 0.3 });
}

/** An inverted residual: expand, filter, project, add. */
function residual(): Graph {
  const b = new GraphBuilder();
  const x = conv(b, b.input([1, 12, 12, 3]), 4, 3);
  const end = conv(b, conv(b, conv(b, x, 24, 1), 24, 3), 4, 1);
  return b.output(b.node("add", [x, end], { ...clamp, spanScalar: "none" }, { scale: 0.4 })).build();
}

function expectEqual(program: Program): void {
  for (const seed of [1, 2]) {
    const inputs = randomInputs(program.graph, seed);
    const expected = interpret(program.graph, makeNumerics(program.options.numerics), inputs);
    const found = replay(program, inputs);
    expect(found.outputs).toEqual(expected.outputs);
    for (const [id, value] of found.values) expect(value).toEqual(expected.values.get(id));
  }
}

const compiled = (options: BackEndOptions, graph = residual()): Program =>
  compileGraph(graph, m4, { io: "arena", ...options });

test("a 3x3 layer keeps three rows of its input, a 1x1 layer one, and a stride of two asks for two rows at a time", () => {
  const b = new GraphBuilder();
  const graph = b.output(conv(b, conv(b, conv(b, b.input([1, 9, 9, 2]), 4, 1), 4, 3, 2), 4, 1)).build();
  const { schedule } = compileGraph(graph, m4, { optimize: "speed" });
  const rows = rowSteps(graph, schedule.steps);
  const plan = planRows(graph, rows);
  const inFlight = new Set(rows.map(({ output }) => output));
  const pool = planPool({ graph, rows, plan, inFlight });
  expect(Array.from(pool.rows.values(), ({ atOnce }) => atOnce)).toEqual([3, 1, 1]);
  const order: string[] = [];
  walkRows(rows, (step, y) => order.push(`${step}:${y}`));
  expect(order.slice(0, 8)).toEqual(["0:0", "0:1", "1:0", "2:0", "0:2", "0:3", "1:1", "2:1"]);
  expect(order).toHaveLength(9 + 5 + 5);
});

test("rows and scratch that are needed at different times share bytes", () => {
  const b = new GraphBuilder();
  const wide = conv(b, conv(b, b.input([1, 16, 16, 2]), 8, 3), 8, 3, 2);
  const graph = b.output(conv(b, conv(b, wide, 16, 3), 4, 3, 2)).build();
  const { schedule } = compileGraph(graph, m4, { optimize: "speed" });
  const rows = rowSteps(graph, schedule.steps);
  const plan = planRows(graph, rows);
  const inFlight = new Set(rows.slice(0, -1).map(({ output }) => output));
  const pool = planPool({ graph, rows, plan, inFlight });
  const ringBytes = Array.from(pool.rows).reduce(
    (sum, [id, { atOnce }]) => sum + atOnce * rowLength(tensorOf(graph, id).shape),
    0,
  );
  const scratch = Math.max(...schedule.steps.map((step) => totalScratchBytes(rowCall(step)!)));
  expect(pool.bytes).toBeLessThan(ringBytes + scratch);
  expect(pool.bytes).toBeGreaterThanOrEqual(pool.lowerBound);
  // Of every two rows that are needed at once, none begins inside the other.
  const placed = rows.flatMap(({ output }, i) =>
    (pool.rows.get(output)?.offsets ?? []).map((offset, y) => ({
      ...plan.lives[i]![y]!,
      offset,
      bytes: rowLength(tensorOf(graph, output).shape),
    })),
  );
  for (const a of placed) {
    for (const c of placed) {
      const meet = a !== c && a.from <= c.to && c.from <= a.to;
      expect(meet && a.offset <= c.offset && c.offset < a.offset + a.bytes).toBe(false);
    }
  }
});

describe("a residual block", () => {
  test("shrinks to the rows in flight", () => {
    const layerwise = compiled({ optimize: "speed" });
    const streamed = compiled({ optimize: "ram", ram: "least" });
    expect(layerwise.schedule.streams).toEqual([]);
    // The wide tensors, 12 x 12 x 24, are gone: three rows of one and a row of the other are left.
    expect(streamed.arena.bytes).toBeLessThan(0.6 * layerwise.arena.bytes);
    const [pool] = streamed.arena.slots.flatMap((slot) => (slot.pool ? [slot.pool] : []));
    expect(pool?.rows.size).toBeGreaterThan(2);
    expectEqual(layerwise);
    expectEqual(streamed);
  });

  test("streams no more than the RAM asks for", () => {
    const least = compiled({ optimize: "ram", ram: "least" });
    const roomy = compiled({ ram: 1_000_000 });
    const tight = compiled({ ram: least.arena.bytes });
    expect(roomy.schedule.streams).toEqual([]);
    expect(tight.arena.bytes).toBeLessThanOrEqual(least.arena.bytes);
    expectEqual(tight);
  });

  test("is streamed for speed only where the board is too small", () => {
    const withRam = (bytes: number): Target => ({ ...m4, memory: [{ name: "SRAM", bytes, use: "ram" }] });
    const [small, large] = [withRam(4096), withRam(65536)];
    const options = { io: "arena", optimize: "speed" } as const;
    expect(compileGraph(residual(), large, options).schedule.streams).toEqual([]);
    expect(compileGraph(residual(), small, options).schedule.streams).not.toEqual([]);
  });

  test("replay sees rows that lie where another is still needed", () => {
    const program = compiled({ optimize: "ram", ram: "least" });
    const inputs = randomInputs(program.graph, 1);
    const expected = replay(program, inputs).outputs;
    const places = new Map(program.arena.places);
    const [id, place] = [...places].find(([, one]) => one.kind === "arena" && (one.rowOffsets?.length ?? 0) > 5)!;
    const offsets = place.kind === "arena" ? place.rowOffsets! : [];
    const moved = offsets.map((offset, y) => (y === 4 ? offsets[3]! : offset));
    places.set(id, { kind: "arena", offset: moved[0]!, rowOffsets: moved });
    expect(replay({ ...program, arena: { ...program.arena, places } }, inputs).outputs).not.toEqual(expected);
  });
});

describe("a kernel that is faster with several rows at a time", () => {
  /** Expand, filter, project: the wide tensors are the peak. */
  const graph = (): Graph => {
    const b = new GraphBuilder();
    const wide = conv(b, b.input([1, 24, 24, 4]), 32, 1);
    const weights = b.weights([32, 3, 3, 1], randomInts(288, 5));
    const attrs = { groups: 32, strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1], ...clamp };
    return b.output(conv(b, b.node("conv2d", [wide, weights], attrs, { scale: 0.4 }), 4, 1)).build();
  };
  const blocksOf = ({ schedule }: Program): readonly number[] =>
    schedule.streams.flatMap(({ first, last }) =>
      schedule.steps.slice(first, last + 1).map(({ call }) => (call ? rowsPerCall(call) : 0)),
    );

  test.each([
    ["one where RAM is short", 0, false],
    ["blocks of rows where there is room", 4096, true],
  ])("makes %s", (_, more, several) => {
    const least = compiled({ optimize: "ram", ram: "least" }, graph()).arena.bytes;
    const program = compiled({ optimize: "ram", ram: least + more }, graph());
    expect(program.arena.bytes).toBeLessThanOrEqual(least + more);
    expect(blocksOf(program).some((rows) => rows > 1)).toBe(several);
    expectEqual(program);
  });

  test("has its rows one behind the other, and needs them all before they are made", () => {
    const least = compiled({ optimize: "ram", ram: "least" }, graph()).arena.bytes;
    const { schedule } = compiled({ optimize: "ram", ram: least + 4096 }, graph());
    const [stream] = schedule.streams;
    const rows = streamSteps(schedule, stream!);
    const i = rows.findIndex(({ block }) => block > 1);
    const { block, inputs, output } = rows[i]!;
    const made: number[] = rows.map(() => 0);
    walkRows(rows, (step, y) => {
      if (step === i) expect(made[inputs[0]!.producer!]).toBeGreaterThanOrEqual(Math.min(24, y + block + 1));
      made[step] = y + rows[step]!.block;
    });
    const offsets = stream!.pool.rows.get(output)!.offsets;
    const bytes = rowLength(tensorOf(schedule.graph, output).shape);
    for (const [y, offset] of offsets.entries()) expect(offset).toBe(offsets[y - (y % block)]! + (y % block) * bytes);
  });
});
