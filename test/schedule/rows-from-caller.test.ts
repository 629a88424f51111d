/** Input and output handed over row by row: what is alive, what the C refuses, and that nothing is written beyond its place. */
import { describe, expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { emit } from "../../compiler/codegen/emit.js";
import { type BackEndOptions, compileGraph } from "../../compiler/compile-graph.js";
import type { CompileError } from "../../compiler/diagnostics.js";
import type { Graph, TensorId } from "../../compiler/ir/graph.js";
import { interpret } from "../../compiler/reference/interpret.js";
import { replay } from "../../compiler/reference/replay.js";
import { programSizes } from "../../compiler/schedule/program-sizes.js";
import type { Program } from "../../compiler/schedule/schedule.js";
import { buildAndRun } from "../codegen/compile-c.js";
import { assets, withFiles } from "../codegen/programs.js";
import { GraphBuilder, randomInputs, randomInts } from "../support/graph-builder.js";
import { coreTarget } from "../support/targets.js";

const clamp = { clampMin: -128, clampMax: 127 };

function conv(b: GraphBuilder, x: TensorId, channels: number, kernel: number, stride = 1): TensorId {
  const inputs = b.shapeOf(x)[3]!;
  const pad = kernel >> 1;
  const weights = b.weights(
    [channels, kernel, kernel, inputs],
    randomInts(channels * kernel * kernel * inputs, channels + kernel),
  );
  const attrs = { groups: 1, strides: [stride, stride], dilations: [1, 1], pads: [pad, pad, pad, pad], ...clamp };
  return b.node("conv2d", [x, weights], attrs, { scale: 0.3 });
}

/** Map to map: 12 x 10 x 3 to 6 x 5 x 2. */
function mapToMap(): Graph {
  const b = new GraphBuilder("seg");
  return b.output(conv(b, conv(b, conv(b, b.input([1, 12, 10, 3]), 8, 3), 8, 3, 2), 2, 1)).build();
}

/** Map to scores; the layer before the last reads all rows at once. */
function classifier(): Graph {
  const b = new GraphBuilder("scores");
  const map = conv(b, conv(b, b.input([1, 12, 10, 3]), 8, 3, 2), 4, 3);
  const weights = b.weights([5, 120], randomInts(600, 3));
  return b.output(b.node("fully_connected", [map, weights], { alpha: 1, ...clamp }, { scale: 9 })).build();
}

const compiled = (graph: Graph, options: BackEndOptions): Program =>
  compileGraph(graph, coreTarget("cortex-m4"), options);

function expectEqual(program: Program): void {
  for (const seed of [1, 2, 3]) {
    const inputs = randomInputs(program.graph, seed);
    const expected = interpret(program.graph, makeNumerics(program.options.numerics), inputs);
    expect(replay(program, inputs).outputs).toEqual(expected.outputs);
  }
}

describe("rows from the caller", () => {
  test("live in the pool of the first stream", () => {
    const program = compiled(classifier(), { input: "rows" });
    const input = program.graph.inputs[0]!.tensor;
    expect(program.schedule.streams[0]).toMatchObject({ first: 0, fed: input });
    // Three rows of the input, nine less than the whole of it.
    expect(program.arena.slots.find((slot) => slot.tensors.includes(input))?.pool?.rows.get(input)?.atOnce).toBe(3);
    expectEqual(program);
  });

  test("are kept where the first layer reads them all", () => {
    const b = new GraphBuilder("flat");
    const x = b.input([1, 6, 5, 2]);
    const weights = b.weights([3, 60], randomInts(180, 3));
    const y = b.node("fully_connected", [x, weights], { alpha: 1, ...clamp }, { scale: 9 });
    const program = compiled(b.output(y).build(), { input: "rows" });
    expect(program.schedule.streams).toEqual([]);
    expect(program.arena.bytes).toBeGreaterThanOrEqual(60);
    expectEqual(program);
  });

  test("and rows to the caller leave no whole map", () => {
    const program = compiled(mapToMap(), { input: "rows", output: "rows" });
    expect(program.arena.slots.every((slot) => slot.scratchOf !== undefined || slot.pool !== undefined)).toBe(true);
    expect(programSizes(program).contextBytes).toBe(program.arena.bytes + 32);
    expectEqual(program);
    expectEqual(compiled(mapToMap(), { output: "rows" }));
  });

  test("are refused of what has none", () => {
    const b = new GraphBuilder("two");
    const sum = b.node("add", [b.input([1, 2, 2, 1]), b.input([1, 2, 2, 1])], { ...clamp, spanScalar: "none" });
    const codes = (graph: Graph, options: BackEndOptions): readonly string[] => {
      try {
        compiled(graph, options);
        return [];
      } catch (error) {
        return (error as CompileError).diagnostics.map(({ code }) => code);
      }
    };
    expect(codes(b.output(sum).build(), { input: "rows" })).toEqual(["LWC4003"]);
    expect(codes(classifier(), { input: "rows", output: "rows" })).toEqual(["LWC4004"]);
  });
});

/** Calls in and out of turn between guard bytes; prints what each returned, the outputs, and whether the guards are whole. */
function misuse(program: Program, input: Int8Array): string {
  const hasSink = program.options.output === "rows";
  const name = program.name;
  const [begin, finish] = hasSink
    ? ["begin(&box.ctx, keep, out)", "finish(&box.ctx)"]
    : ["begin(&box.ctx)", "finish(&box.ctx, out)"];
  const call = (text: string): string => `    say((int)lwc_${name}_${text});`;
  const main = `#include "${name}.h"
#include <stdio.h>
#include <string.h>

static const int8_t image[${input.length}] = {${input.join(",")}};
static struct { int8_t before[64]; lwc_${name}_ctx ctx; int8_t after[64]; } box;
static int8_t out[256];

static void say(int value) { printf("%d ", value); }
${hasSink ? "static void keep(void *user, int32_t y, const int8_t *row) { memcpy((int8_t *)user + y * 10, row, 10u); }" : ""}
static void push(int from, int to)
{
    int status = 0;
    for (int y = from; y < to; ++y) {
        int8_t row[30];
        memcpy(row, image + y * 30, sizeof row);
        status |= (int)lwc_${name}_push_row(&box.ctx, row);
        memset(row, 99, sizeof row);
    }
    say(status);
}

int main(void)
{
    memset(&box, 0x55, sizeof box);
${call("push_row(&box.ctx, image)")}
${call(finish)}
${call(begin.replace("&box.ctx", "NULL"))}
${call(begin)}
${call(finish)}
${call("push_row(&box.ctx, NULL)")}
    push(0, 7);
${call(finish)}
${call(begin)}
    push(0, 12);
${call("push_row(&box.ctx, image)")}
${call(finish)}
${call(finish)}
${call("push_row(&box.ctx, image)")}
    int guards = 1;
    for (int i = 0; i < 64; ++i) {
        guards &= (box.before[i] == 0x55) && (box.after[i] == 0x55);
    }
    say(guards);
    (void)puts("");
    for (int i = 0; i < 5; ++i) {
        say(out[i]);
    }
    return 0;
}
`;
  return withFiles([...emit(program, assets), { path: "main.c", text: main }], buildAndRun);
}

describe("calls out of turn", () => {
  const expected = "4 4 1 0 4 1 0 4 0 0 4 0 4 4 1";
  test.each([
    ["a classifier", classifier(), {}],
    ["a map handed over by rows", mapToMap(), { output: "rows" }],
  ] as const)("are errors that change nothing: %s", (_, graph, options) => {
    const program = compiled(graph, { input: "rows", ...options });
    const inputs = randomInputs(program.graph, 5);
    const [output] = interpret(program.graph, makeNumerics("ort"), inputs).outputs;
    const [statuses, values] = misuse(program, inputs[0]!).split("\n");
    expect(statuses?.trim()).toBe(expected);
    expect(values?.trim()).toBe([...output!.slice(0, 5)].join(" "));
  });
});
