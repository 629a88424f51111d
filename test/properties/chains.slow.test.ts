/** Random networks whose streams run layers as chains compute what the reference computes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { isOverInput, rowsPerCall } from "../../compiler/ops/kernel.js";
import { interpret } from "../../compiler/reference/interpret.js";
import { replay } from "../../compiler/reference/replay.js";
import { streamOf } from "../../compiler/schedule/schedule.js";
import { type ChainLayer, chainNet } from "../support/chain-nets.js";
import { compileWithin } from "../support/compile-within.js";
import { randomInputs } from "../support/graph-builder.js";
import { coreTarget } from "../support/targets.js";

const m4 = coreTarget("cortex-m4");

test("random chains compute what the reference computes", () => {
  let found = 0;
  fc.assert(
    fc.property(
      fc.record({
        height: fc.integer({ min: 6, max: 31 }),
        width: fc.integer({ min: 2, max: 13 }),
        channels: fc.constantFrom(4, 8, 16, 32, 64),
        layers: fc.array(fc.constantFrom<ChainLayer>("dw3", "dw3", "dw5", "dw7", "pw", "pw", "wide", "down3"), {
          minLength: 2,
          maxLength: 6,
        }),
        mean: fc.boolean(),
      }),
      fc.integer({ min: 200, max: 2500 }),
      fc.constantFrom("whole" as const, "rows" as const),
      fc.constantFrom("whole" as const, "rows" as const),
      fc.integer(),
      (net, more, input, byRows, seed) => {
        const graph = chainNet(net);
        const output = net.mean ? "whole" : byRows;
        const least = compileWithin(graph, m4, { io: "arena", optimize: "ram", ram: "least", input, output });
        const program = compileWithin(graph, m4, { io: "arena", ram: least.arena.bytes + more, input, output });
        if (program.schedule.steps.some(({ call }) => call && isOverInput(call))) found++;
        const [last] = program.schedule.steps.slice(-1);
        // What the caller gets row by row out of a stream is made so.
        if (output === "rows" && streamOf(program.schedule, last!)) expect(rowsPerCall(last!.call!)).toBe(1);
        const inputs = randomInputs(graph, seed);
        expect(replay(program, inputs).outputs).toEqual(interpret(graph, makeNumerics("ort"), inputs).outputs);
      },
    ),
    { numRuns: 80, seed: 7 },
  );
  expect(found).toBeGreaterThan(12);
});
