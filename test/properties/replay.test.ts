/** Every schedule and plan of a random network computes what the reference computes, and passes change no byte. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeNumerics, type Profile } from "../../compiler/arith/numerics.js";
import { tensorOf } from "../../compiler/ir/graph.js";
import { rowCount } from "../../compiler/ir/shape.js";
import type { Optimize } from "../../compiler/ops/kernel.js";
import { interpret } from "../../compiler/reference/interpret.js";
import { replay } from "../../compiler/reference/replay.js";
import { checkNoOverlap } from "../../compiler/schedule/plan-arena.js";
import { compileWithin } from "../support/compile-within.js";
import { randomInputs } from "../support/graph-builder.js";
import { buildNet, netSpec } from "../support/random-graph.js";
import { coreTarget } from "../support/targets.js";

const profiles: readonly Profile[] = ["ort", "ort-arm64", "fast"];

test("passes and arena plans keep every output byte", () => {
  fc.assert(
    fc.property(
      netSpec,
      fc.constantFrom(...profiles),
      fc.constantFrom("caller" as const, "arena" as const),
      fc.constantFrom<Optimize>("speed", "balanced", "size", "ram"),
      fc.oneof(fc.constantFrom("least" as const, undefined), fc.integer({ min: 0, max: 4000 })),
      fc.constantFrom("whole" as const, "rows" as const),
      fc.constantFrom("whole" as const, "rows" as const),
      (spec, numerics, io, optimize, ram, input, byRows) => {
        const graph = buildNet(spec);
        const output = graph.outputs.every(({ tensor }) => rowCount(tensorOf(graph, tensor).shape) > 1)
          ? byRows
          : "whole";
        const ports = { io, input, output };
        const budget = ram === undefined ? {} : { ram };
        const program = compileWithin(graph, coreTarget("cortex-m4"), { numerics, ...ports, optimize, ...budget });
        checkNoOverlap(program.arena.slots, program.arena.overlaps);
        const inputs = randomInputs(graph, spec.seed);
        const before = interpret(graph, makeNumerics(numerics), inputs).outputs;
        expect(interpret(program.graph, makeNumerics(numerics), inputs).outputs).toEqual(before);
        expect(replay(program, inputs).outputs).toEqual(before);
      },
    ),
    { numRuns: 120 },
  );
});
