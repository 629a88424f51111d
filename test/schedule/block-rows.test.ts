/** Kernels that make several rows per call, where RAM is a goal: only where the arena stays as it is. */
import { describe, expect, test } from "vitest";
import { compileGraph } from "../../compiler/compile-graph.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { rowsPerCall } from "../../compiler/ops/kernel.js";
import { blockAt, planRows, type RowStep, streamSteps, walkRows } from "../../compiler/schedule/row-plan.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";
import { coreTarget } from "../support/targets.js";

const target = coreTarget("cortex-m4");

/** A large map, of which an 1x1 layer leaves a small one, and a depthwise layer over that. */
function shrinkThenDepthwise(inChannels: number): Graph {
  const b = new GraphBuilder("net");
  const attrs = { groups: 1, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], clampMin: -128, clampMax: 127 };
  const narrow = b.node(
    "conv2d",
    [b.input([1, 12, 12, inChannels]), b.weights([8, 1, 1, inChannels], randomInts(8 * inChannels, 3))],
    attrs,
    { scale: 0.3 },
  );
  const depthwise = b.node(
    "conv2d",
    [narrow, b.weights([8, 3, 3, 1], randomInts(72, 4))],
    { ...attrs, groups: 8, pads: [1, 1, 1, 1] },
    { scale: 0.4 },
  );
  return b.output(depthwise).build();
}

function depthwiseRows(graph: Graph, options: Parameters<typeof compileGraph>[2]): { rows: number; bytes: number } {
  const program = compileGraph(graph, target, { io: "arena", ...options });
  const call = program.schedule.steps
    .map((step) => step.call)
    .find((one) => one?.kernel === "lwc_depthwise_planes_s8_dsp");
  return { rows: call ? rowsPerCall(call) : 0, bytes: program.arena.bytes };
}

describe("a depthwise layer below the peak", () => {
  test("makes several rows per call when RAM is one goal of two, and the arena is as small as with one", () => {
    const graph = shrinkThenDepthwise(64);
    const speed = depthwiseRows(graph, { optimize: "speed" });
    const balanced = depthwiseRows(graph, { optimize: "balanced", ram: 2 ** 20 });
    expect(speed.rows).toBeGreaterThan(1);
    expect(balanced).toEqual(speed);
  });
});

describe("a depthwise layer at the peak", () => {
  test.each(["balanced", "ram"] as const)("makes one row per call for -O %s", (optimize) => {
    const graph = shrinkThenDepthwise(8);
    const speed = depthwiseRows(graph, { optimize: "speed" });
    const tight = depthwiseRows(graph, { optimize });
    expect(speed.rows).toBeGreaterThan(1);
    expect(tight.rows).toBeLessThanOrEqual(1);
    expect(tight.bytes).toBeLessThan(speed.bytes);
  });

  test("makes several where the caller allows as much RAM", () => {
    const graph = shrinkThenDepthwise(8);
    const speed = depthwiseRows(graph, { optimize: "speed" });
    expect(depthwiseRows(graph, { optimize: "balanced", ram: speed.bytes }).rows).toBe(speed.rows);
  });
});

describe("blocks of rows in a stream", () => {
  /** Three depthwise layers over 20 rows, one behind the other. */
  function chain(): Graph {
    const b = new GraphBuilder("chain");
    const attrs = { strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1], clampMin: -128, clampMax: 127 };
    let x = b.input([1, 20, 6, 8]);
    for (let i = 0; i < 3; i++)
      x = b.node("conv2d", [x, b.weights([8, 3, 3, 1], randomInts(72, i))], { ...attrs, groups: 8 }, { scale: 0.3 });
    return b.output(x).build();
  }

  function rowsWithin(ram: number): readonly RowStep[] {
    const { schedule } = compileGraph(chain(), target, { io: "caller", ram });
    return schedule.streams.flatMap((stream) => streamSteps(schedule, stream));
  }

  test("start one row earlier in each layer, so that a block of one layer makes a block of the next possible", () => {
    const rows = rowsWithin(900);
    expect(rows.map(({ first, block }) => block - first)).toEqual([0, 1, 2]);
    const lives = planRows(chain(), rows).lives;
    const together = lives.map((rowLives) => Math.max(...rowLives.map(({ to, from }) => to - from)));
    // The last row of a block waits for the next block of its layer and of those behind it, no longer.
    expect(Math.max(...together)).toBeLessThanOrEqual(2 * rows.length);
  });

  test("make every row once, in order", () => {
    const rows = rowsWithin(900);
    const made = rows.map((): number[] => []);
    walkRows(rows, (i, y) => {
      const row = rows[i]!;
      for (let k = 0; k < blockAt(row, y); k++) made[i]!.push(y + k);
    });
    expect(made).toEqual(rows.map(() => Array.from({ length: 20 }, (_, y) => y)));
  });
});
