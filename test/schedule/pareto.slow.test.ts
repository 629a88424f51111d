/** What RAM buys: nothing in the table is beaten, and each row can be had with the options beside it. */
import { expect, test } from "vitest";
import { compileGraph } from "../../compiler/compile-graph.js";
import { CompileError } from "../../compiler/diagnostics.js";
import { estimateProgram } from "../../compiler/estimate.js";
import type { Graph, TensorId } from "../../compiler/ir/graph.js";
import { findPareto, withoutBeaten } from "../../compiler/pareto.js";
import type { Target } from "../../compiler/targets.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";
import { coreTarget } from "../support/targets.js";

const clamp = { clampMin: -128, clampMax: 127 };
const m4 = coreTarget("cortex-m4");

function net(): Graph {
  const b = new GraphBuilder("net");
  const conv = (x: TensorId, channels: number, kernel: number, stride = 1): TensorId => {
    const inputs = b.shapeOf(x)[3]!;
    const pad = kernel >> 1;
    const weights = b.weights(
      [channels, kernel, kernel, inputs],
      randomInts(channels * kernel * kernel * inputs, channels),
    );
    const attrs = { groups: 1, strides: [stride, stride], dilations: [1, 1], pads: [pad, pad, pad, pad], ...clamp };
    return b.node("conv2d", [x, weights], attrs, { scale: 0.3 });
  };
  let x = conv(b.input([1, 16, 16, 4]), 16, 3);
  for (let i = 0; i < 3; i++) x = conv(conv(x, 16, 3), 16, 1);
  return b.output(b.node("mean", [x], { axes: [1, 2], keepDims: true, ...clamp }, { scale: 0.1 })).build();
}

test("a row is left out where another is as good in everything", () => {
  const row = (ramBytes: number, cycles: number, flashBytes: number) => ({ ramBytes, cycles, flashBytes });
  expect(withoutBeaten([row(3, 1, 1), row(1, 3, 1), row(3, 1, 2), row(1, 3, 1), row(4, 4, 4), row(2, 2, 2)])).toEqual([
    row(1, 3, 1),
    row(2, 2, 2),
    row(3, 1, 1),
  ]);
});

test("each row is what its options make, and none takes less RAM than the first", () => {
  const rows = findPareto(net(), m4, { io: "arena" });
  expect(rows.length).toBeGreaterThan(2);
  for (const { optimize, ram, ...figures } of rows) {
    const program = compileGraph(net(), m4, { io: "arena", optimize, ...(ram === undefined ? {} : { ram }) });
    expect(estimateProgram(program)).toEqual(figures);
  }
  const ramBytes = rows.map((row) => row.ramBytes);
  expect(ramBytes).toEqual(ramBytes.toSorted((a, b) => a - b));
  const least = estimateProgram(compileGraph(net(), m4, { io: "arena", optimize: "ram", ram: "least" }));
  // Small code may come with less scratch memory.
  expect(ramBytes[0]).toBeLessThanOrEqual(least.ramBytes);
});

test("what does not fit the board is left out; where nothing fits, that is the error", () => {
  const withRam = (bytes: number): Target => ({ ...m4, memory: [{ name: "SRAM", bytes, use: "ram" }] });
  const most = estimateProgram(compileGraph(net(), m4, { optimize: "speed" })).ramBytes;
  expect(findPareto(net(), withRam(most - 8), {}).every((row) => row.ramBytes < most)).toBe(true);
  expect(() => findPareto(net(), withRam(64), {})).toThrow(CompileError);
});
