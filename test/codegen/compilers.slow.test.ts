/** Generated code under the compilers: no warning from any, and the interface works from C and C++. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { emit } from "../../compiler/codegen/emit.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { interpret } from "../../compiler/reference/interpret.js";
import { GraphBuilder, randomInputs, randomInts } from "../support/graph-builder.js";
import { buildNet, netSpec } from "../support/random-graph.js";
import { buildAndRun, compileAll, compilerNames, includeFromCxx } from "./compile-c.js";
import { assets, hostileNames, programOf, renamed, smallNet, withFiles } from "./programs.js";

/** ArgMax: an int32 output, behind a step that leaves a result in the arena. */
function classifier(): Graph {
  const b = new GraphBuilder("digits");
  const x = b.input([1, 4, 4, 2], { scale: 0.02, zero: 3 });
  const flat = b.node("reshape", [x], { shape: [1, 32] });
  const logits = b.node(
    "fully_connected",
    [flat, b.weights([5, 32], randomInts(160, 3)), b.bias(randomInts(5, 4, -99, 99))],
    { alpha: 1, clampMin: -128, clampMax: 127 },
    { scale: 0.3, zero: -7 },
  );
  return b
    .output(logits)
    .output(b.node("argmax", [logits], { axis: 1, keepDims: false, selectLast: false }))
    .build();
}

/** No step between input and output but a copy: no arena at all. */
function copyOnly(): Graph {
  const b = new GraphBuilder("copy");
  return b.output(b.node("reshape", [b.input([1, 4, 4, 2])], { shape: [1, 32] })).build();
}

const programs = [
  { what: "small network", program: programOf(smallNet()) },
  { what: "small network, portable kernels", program: programOf(smallNet(), {}, "cortex-m0") },
  { what: "ports in the arena", program: programOf(smallNet(), { io: "arena" }) },
  { what: "streams of rows", program: programOf(smallNet(), { optimize: "ram", ram: "least" }) },
  {
    what: "streams of rows, ports in the arena",
    program: programOf(smallNet(), { optimize: "ram", ram: "least", io: "arena" }, "cortex-m0"),
  },
  { what: "int32 output", program: programOf(classifier()) },
  { what: "int32 output in the arena", program: programOf(classifier(), { io: "arena" }) },
  { what: "no arena", program: programOf(copyOnly()) },
  {
    what: "hostile names",
    program: programOf(
      renamed(smallNet(), (i) => hostileNames[i % hostileNames.length]!),
      { command: hostileNames.join(" ") },
    ),
  },
];

describe.each(programs)("$what", ({ program }) => {
  it.each(compilerNames)("compiles with %s", (compiler) => {
    withFiles(emit(program, assets), (directory) => expect(compileAll(directory, compiler)).toBe(""));
  });

  it("compiles with trace", () => {
    withFiles(emit(program, assets, { trace: true }), (directory) => expect(compileAll(directory, "gcc")).toBe(""));
  });

  it("has a header for C++11", () => {
    withFiles(emit(program, assets), (directory) => expect(includeFromCxx(directory, `${program.name}.h`)).toBe(""));
  });
});

describe("random networks", () => {
  it("compile without a warning", () => {
    fc.assert(
      fc.property(
        netSpec,
        fc.constantFrom("cortex-m0", "cortex-m4", "cortex-m7"),
        fc.constantFrom("gcc", "clang"),
        (spec, target, compiler) => {
          withFiles(emit(programOf(buildNet(spec), {}, target), assets), (directory) =>
            expect(compileAll(directory, compiler)).toBe(""),
          );
        },
      ),
      { numRuns: 6 },
    );
  });
});

describe("the interface", () => {
  const main = (body: string): { path: string; text: string } => ({
    path: "main.c",
    text: `#include <stdio.h>\n#include <string.h>\n#include "digits.h"\nstatic lwc_digits_ctx ctx;\nint main(void)\n{\n${body}\n    return 0;\n}\n`,
  });

  function cList(values: ArrayLike<number>): string {
    return `{${Array.from(values).join(", ")}}`;
  }

  it("runs with ports in the arena", () => {
    const graph = classifier();
    const program = programOf(graph, { io: "arena" });
    const [input] = randomInputs(graph, 7);
    const [logits, index] = interpret(program.graph, makeNumerics("ort"), [input!]).outputs;
    const [outLogits, outIndex] = program.graph.outputs.map((port) => port.name);
    const body = `
    static const int8_t input[LWC_DIGITS_IN0_BYTES] = ${cList(input!)};
    memset(&ctx, 0x5a, sizeof ctx);
    memcpy(lwc_digits_in0(&ctx), input, sizeof input);
    printf("%d", (int)lwc_digits_run(&ctx));
    for (int i = 0; i < LWC_DIGITS_${outLogits!.toUpperCase()}_COUNT; ++i) printf(" %d", lwc_digits_${outLogits}(&ctx)[i]);
    printf(" %d", (int)lwc_digits_${outIndex}(&ctx)[0]);
    printf(" %d %d", lwc_digits_in0(NULL) == NULL, (int)lwc_digits_run(NULL));`;
    const printed = withFiles([...emit(program, assets), main(body)], buildAndRun);
    expect(printed).toBe(`0 ${[...logits!, ...index!].join(" ")} 1 1`);
  });

  it("runs with the caller's buffers and refuses NULL and a crooked context", () => {
    const graph = classifier();
    const program = programOf(graph);
    const [input] = randomInputs(graph, 8);
    const [logits, index] = interpret(program.graph, makeNumerics("ort"), [input!]).outputs;
    const body = `
    static const int8_t input[LWC_DIGITS_IN0_BYTES] = ${cList(input!)};
    int8_t logits[${logits!.length}];
    int32_t index[1];
    memset(&ctx, 0x5a, sizeof ctx);
    printf("%d", (int)lwc_digits_run(&ctx, input, logits, index));
    for (int i = 0; i < ${logits!.length}; ++i) printf(" %d", logits[i]);
    printf(" %d", (int)index[0]);
    printf(" %d %d %d", (int)lwc_digits_run(NULL, input, logits, index), (int)lwc_digits_run(&ctx, NULL, logits, index), (int)lwc_digits_run(&ctx, input, logits, NULL));
    printf(" %d", (int)lwc_digits_run((lwc_digits_ctx *)(void *)((char *)&ctx + 1), input, logits, index));`;
    const printed = withFiles([...emit(program, assets), main(body)], buildAndRun);
    expect(printed).toBe(`0 ${[...logits!, ...index!].join(" ")} 1 1 1 3`);
  });
});
