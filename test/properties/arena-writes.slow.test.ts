/**
 * What random networks write in C, under every goal and random budgets of RAM: each step, and each row of a stream, changes its output,
 * its scratch and its sums, and no other byte of the arena or around it, whatever lies there; and the outputs are the reference's.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { emit } from "../../compiler/codegen/emit.js";
import { compileGraph } from "../../compiler/compile-graph.js";
import { type Graph, type TensorId, tensorOf } from "../../compiler/ir/graph.js";
import { printGraph } from "../../compiler/ir/print.js";
import { elementCount, rowCount, rowLength } from "../../compiler/ir/shape.js";
import { type Optimize, stateBytes, totalScratchBytes } from "../../compiler/ops/kernel.js";
import { interpret } from "../../compiler/reference/interpret.js";
import type { Program } from "../../compiler/schedule/schedule.js";
import { buildAndRun } from "../codegen/compile-c.js";
import { assets, withFiles } from "../codegen/programs.js";
import { compileWithin } from "../support/compile-within.js";
import { randomInputs } from "../support/graph-builder.js";
import { buildNet, netSpec } from "../support/random-graph.js";
import { coreTarget } from "../support/targets.js";

interface Span {
  /** The step that may write here; every step may where it is -1. */
  readonly step: number;
  readonly offset: number;
  readonly bytes: number;
}

/** What a step writes besides its output; places of rows from the caller are written between steps. */
function spansOf({ graph, schedule, arena, options }: Program): readonly Span[] {
  /** Of a tensor that is part of another: its pixels, which are traced one after the other. */
  const pixelsOf = (id: TensorId): readonly (readonly [offset: number, bytes: number])[] => {
    const part = schedule.parts.get(id);
    const place = arena.places.get(id);
    if (part === undefined || place?.kind !== "arena") return [];
    const pixels = elementCount(tensorOf(graph, id).shape) / part.width;
    return Array.from({ length: pixels }, (_, i) => [place.offset + i * part.pitch, part.width]);
  };
  const steps = schedule.steps.flatMap(({ index, call, output }): readonly Span[] => {
    const scratch = arena.scratch.get(index);
    const state = arena.state.get(index);
    return [
      ...(scratch === undefined || !call ? [] : [{ step: index, offset: scratch, bytes: totalScratchBytes(call) }]),
      ...pixelsOf(output).map(([offset, bytes]) => ({ step: index, offset, bytes })),
      // The rows that only add to the sums are not traced.
      ...(state === undefined || !call ? [] : [{ step: -1, offset: state, bytes: stateBytes(call) }]),
    ];
  });
  const input = graph.inputs[0]!.tensor;
  const place = arena.places.get(input);
  if (options.input === "whole" || place?.kind !== "arena") return steps;
  const { shape } = tensorOf(graph, input);
  const bytes = rowLength(shape);
  const offsets = place.rowOffsets ?? Array.from({ length: rowCount(shape) }, (_, y) => place.offset + y * bytes);
  return [...steps, ...offsets.map((offset): Span => ({ step: -1, offset, bytes }))];
}

/** Runs the network twice in an arena of garbage between canaries; prints the outputs, or the first byte that changed wrongly. */
function mainText(program: Program, input: Int8Array): string {
  const { graph, name } = program;
  const prefix = `lwc_${name}`;
  const outputs = graph.outputs.map(({ tensor }) => tensorOf(graph, tensor));
  const types = outputs.map(({ dtype }) => (dtype === "int8" ? "int8_t" : "int32_t"));
  const counts = outputs.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const outs = outputs.map((_, i) => `out${i}`).join(", ");
  const height = tensorOf(graph, graph.inputs[0]!.tensor).shape[1]!;
  const row = input.length / height;
  const run =
    program.options.input === "rows"
      ? `status = (int)${prefix}_begin(&box.ctx);
        for (int y = 0; y < ${height}; ++y) { status |= (int)${prefix}_push_row(&box.ctx, image + y * ${row}); }
        status |= (int)${prefix}_finish(&box.ctx, ${outs});`
      : `status = (int)${prefix}_run(&box.ctx, image, ${outs});`;
  const spans = [{ step: -2, offset: 0, bytes: 0 }, ...spansOf(program)];
  return `#include "${name}.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lwc_trace(int32_t step, const void *data, uint32_t bytes);

static const int8_t image[${input.length}] = {${input.join(",")}};
static struct { int8_t before[64]; ${prefix}_ctx ctx; int8_t after[64]; } box;
static int8_t seen[sizeof box.ctx.arena];
static const struct { int step, from, to; } spans[] = {
    ${spans.map(({ step, offset, bytes }) => `{${step}, ${offset}, ${offset + bytes}}`).join(", ")}
};

void lwc_trace(int32_t step, const void *data, uint32_t bytes)
{
    for (size_t i = 0; i < sizeof seen; ++i) {
        const uintptr_t at = (uintptr_t)&box.ctx.arena[i];
        int allowed = (box.ctx.arena[i] == seen[i]) || ((at >= (uintptr_t)data) && (at < (uintptr_t)data + bytes));
        for (size_t k = 0; k < sizeof spans / sizeof spans[0]; ++k) {
            allowed |= ((spans[k].step == step) || (spans[k].step == -1)) && ((int)i >= spans[k].from) && ((int)i < spans[k].to);
        }
        if (!allowed) { printf("step %d wrote byte %d\\n", (int)step, (int)i); exit(0); }
    }
    memcpy(seen, box.ctx.arena, sizeof seen);
}

int main(void)
{
${types.map((type, i) => `    static ${type} out${i}[${counts[i]}];`).join("\n")}
    for (int round = 0; round < 2; ++round) {
        unsigned garbage = (unsigned)round + 12345u;
        int status;
        memset(&box, 0x55, sizeof box);
        for (size_t i = 0; i < sizeof seen; ++i) {
            garbage = garbage * 1664525u + 1013904223u;
            box.ctx.arena[i] = (int8_t)(int)((garbage >> 24) & 127u);
        }
        memcpy(seen, box.ctx.arena, sizeof seen);
        ${run}
        for (int i = 0; i < 64; ++i) { status |= (box.before[i] != 0x55) || (box.after[i] != 0x55); }
        printf("%d:", status);
${counts.map((count, i) => `        for (int i = 0; i < ${count}; ++i) { printf(" %d", (int)out${i}[i]); }`).join("\n")}
        (void)puts("");
    }
    return 0;
}
`;
}

function expectedText(graph: Graph, input: Int8Array): string {
  const { outputs } = interpret(graph, makeNumerics("ort"), [input]);
  return `0: ${outputs.flatMap((output) => [...output]).join(" ")}\n`.repeat(2);
}

test("each step changes what is its own, and the outputs are those of the reference", () => {
  fc.assert(
    fc.property(
      netSpec,
      fc.constantFrom<Optimize>("speed", "balanced", "size", "ram", "ram"),
      fc.oneof(fc.constantFrom("least" as const, undefined), fc.integer({ min: 0, max: 3000 })),
      fc.constantFrom("whole" as const, "rows" as const),
      (spec, optimize, ram, input) => {
        const graph = buildNet(spec);
        const budget = ram === undefined ? {} : { ram };
        const program = compileWithin(graph, coreTarget("cortex-m4"), { optimize, input, ...budget });
        const [image] = randomInputs(graph, spec.seed);
        const files = [...emit(program, assets, { trace: true }), { path: "main.c", text: mainText(program, image!) }];
        const printed = withFiles(files, buildAndRun);
        expect(printed, printGraph(graph)).toBe(expectedText(graph, image!));
      },
    ),
    { numRuns: 24, seed: 20261126 },
  );
}, 600_000);

test("a plan whose scratch lies in the output of another step is noticed", () => {
  const graph = buildNet({
    size: 8,
    channels: 4,
    zero: 0,
    blocks: [
      { kind: "conv", channels: 8, kernel: 3, stride: 1, zero: 0, relu: false },
      { kind: "conv", channels: 8, kernel: 3, stride: 1, zero: 0, relu: false },
    ],
    head: "none",
    seed: 9,
  });
  const program = compileGraph(graph, coreTarget("cortex-m4"), { optimize: "speed" });
  const [image] = randomInputs(graph, 9);
  const main = mainText(program, image!);
  // As if the first step had no scratch memory of its own.
  const stricter = main.replace(/\{0, \d+, \d+\}/, "{-2, 0, 0}");
  expect(stricter).not.toBe(main);
  const files = [...emit(program, assets, { trace: true }), { path: "main.c", text: stricter }];
  expect(withFiles(files, buildAndRun)).toMatch(/^step 0 wrote byte \d+\n$/);
});
