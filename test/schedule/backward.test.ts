/** Layers that run from the last row to the first, over their input: where rows cost time, only if that makes the arena smaller. */
import { expect, test } from "vitest";
import { compileGraph } from "../../compiler/compile-graph.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { type Backward, computeLiveness } from "../../compiler/schedule/liveness.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";
import { coreTarget } from "../support/targets.js";

/** A 1x1 layer over 24 rows of so many pixels; one that is left behind blocks of four is dear. */
function pointwise(pixels: number): Graph {
  const b = new GraphBuilder("net");
  const weights = b.weights([32, 1, 1, 16], randomInts(512, 3));
  const attrs = { groups: 1, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], clampMin: -128, clampMax: 127 };
  return b.output(b.node("conv2d", [b.input([1, 24, pixels, 16]), weights], attrs, { scale: 0.3 })).build();
}

test.each([
  // A row of three pixels is less than the four that have to lie between input and output from the first row to the last.
  [3, "any", true],
  [3, "cheap", false],
  [5, "any", false],
  [5, "cheap", false],
  [8, "any", true],
  [8, "cheap", true],
] as const)("rows of %i pixels, %s backward order: allowed is %s", (pixels, backward: Backward, allowed) => {
  const { schedule } = compileGraph(pointwise(pixels), coreTarget("cortex-m4"), { io: "arena", optimize: "speed" });
  const [step] = schedule.steps;
  expect(step?.byRows).toBeDefined();
  // As it was before the plan: the plan of the arena may have turned it round.
  const steps = schedule.steps.map((one) => ({
    ...one,
    call: { ...one.call!, drive: { kind: "flat" as const, forwardPixels: 4 } },
  }));
  const liveness = computeLiveness({ ...schedule, steps }, { io: "arena", input: "whole", output: "whole" }, backward);
  expect(liveness.overlaps.map(({ distances }) => Number.isFinite(distances.backward))).toEqual([allowed]);
});
