/** The text of generated code: a golden, and what holds for every program. */
import { posix } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emit } from "../../compiler/codegen/emit.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { tensorOf } from "../../compiler/ir/graph.js";
import type { Program, SourceFile } from "../../compiler/schedule/schedule.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";
import { buildNet, netSpec } from "../support/random-graph.js";
import { assets, hostileNames, programOf, renamed, smallNet } from "./programs.js";

/** C text without comments, as translation phase 3 sees it; throws where one does not end. */
function withoutComments(text: string): string {
  let code = "";
  for (let at = 0; at < text.length; ) {
    const start = text.indexOf("/*", at);
    if (start < 0) return code + text.slice(at);
    const end = text.indexOf("*/", start + 2);
    if (end < 0) throw new Error("a comment does not end");
    code += text.slice(at, start);
    at = end + 2;
  }
  return code;
}

function own(files: readonly SourceFile[]): readonly SourceFile[] {
  return files.filter((file) => !file.path.startsWith("lwc/"));
}

function textOf(files: readonly SourceFile[], path: string): string {
  return files.find((file) => file.path === path)!.text;
}

describe("emit", () => {
  it("prints a small network", async () => {
    const files = emit(programOf(smallNet(), {}, "cortex-m0"), assets);
    const blocks = own(files).map((file) => `## ${file.path}\n\n\`\`\`c\n${file.text}\`\`\`\n`);
    const copied = files.filter((file) => file.path.startsWith("lwc/")).map((file) => `- ${file.path}\n`);
    const text = `# A small network for cortex-m0\n\n${blocks.join("\n")}\n## Copied from runtime-c\n\n${copied.join("")}`;
    await expect(text).toMatchFileSnapshot("../golden/small-net.expect.md");
  });

  it("prints the same text twice, without host paths or dates, with LF and one line feed at the end", () => {
    const first = emit(programOf(smallNet()), assets);
    expect(emit(programOf(smallNet()), assets)).toEqual(first);
    const year = new Date().getFullYear();
    for (const { path, text } of first) {
      expect(path).toMatch(/^[a-z0-9_/]+\.[ch]$/);
      expect(text, path).toMatch(/[^\n]\n$/);
      expect(text, path).not.toMatch(/[\r\t]/);
      expect(text, path).not.toContain(process.cwd());
      expect(text, path).not.toMatch(/\/(home|tmp|work|usr|Users)\//);
      expect(text, path).not.toContain(String(year));
    }
    for (const { path, text } of own(first)) {
      expect(Math.max(...text.split("\n").map((line) => line.length)), path).toBeLessThanOrEqual(100);
      expect(text, path).not.toMatch(/ +$/m);
      expect(text, path).not.toMatch(/\n\n\n/);
    }
  });

  it("keeps to 100 columns where names are long, but for commands and rule lines", () => {
    const graph = renamed(smallNet(), (i) => `/stage.${i}/block/branch/depthwise/Relu_output_0_quantized`);
    for (const { path, text } of own(emit(programOf({ ...graph, name: "a".repeat(24) }), assets))) {
      const lines = text.split("\n").filter((line) => !/^ \* {3}command |---- step|^ {4}LWC_|^#define /.test(line));
      expect(
        lines.filter((line) => line.length > 100),
        path,
      ).toEqual([]);
    }
  });

  it("shares one instance between layers of equal geometry", () => {
    const source = textOf(emit(programOf(smallNet()), assets), "net.c");
    expect(source.match(/^LWC_APART void lwc_net_dw3x3_s1\(/gm)).toHaveLength(1);
    expect(source.match(/^ {4}lwc_net_dw3x3_s1\(/gm)).toHaveLength(2);
    expect(source).toContain("steps 1, 2");
  });

  it("prints equal constants once", () => {
    const b = new GraphBuilder("net");
    const table = randomInts(256, 1);
    const twice = b.node("lookup", [b.input([1, 4]), b.weights([256], table)], {}, { scale: 0.1 });
    const added = b.node(
      "add",
      [twice, b.input([1, 4])],
      { clampMin: -128, clampMax: 127, spanScalar: "none" },
      { scale: 0.3 },
    );
    const program = programOf(b.output(b.node("lookup", [added, b.weights([256], table)], {}, { scale: 0.2 })).build());
    const files = emit(program, assets);
    expect(textOf(files, "net_weights.c").match(/const int8_t lwc_net_\w+\[256\]/g)).toHaveLength(1);
    const name = /const int8_t (lwc_net_\w+)\[256\]/.exec(textOf(files, "net_weights.c"))![1]!;
    expect(textOf(files, "net.c").split(name)).toHaveLength(3);
  });

  it("traces each step that runs, and only on request", () => {
    const program = programOf(smallNet());
    const { steps, parts } = program.schedule;
    expect(parts.size).toBeGreaterThan(0);
    const running = steps.filter((step) => step.call);
    expect(textOf(emit(program, assets), "net.c")).not.toContain("lwc_trace");
    const traced = textOf(emit(program, assets, { trace: true }), "net.c");
    expect(
      Array.from(traced.matchAll(/^ {4,8}lwc_trace\((\d+), .*, (\d+)u\);/gm), (match) => [
        Number(match[1]),
        Number(match[2]),
      ]),
    ).toEqual(
      // Of a part of a join, pixel by pixel.
      running.map(({ index, output }) => [
        index,
        parts.get(output)?.width ?? tensorOf(program.graph, output).shape.reduce((a, b) => a * b, 1),
      ]),
    );
  });

  it("names every arena offset, and each at the place that the plan says", () => {
    const program = programOf(smallNet());
    const source = textOf(emit(program, assets), "net.c");
    const offsets = new Map(
      Array.from(source.matchAll(/^ {4}LWC_NET_AT_(\w+) = (\d+),/gm), (match) => [match[1]!, Number(match[2])]),
    );
    for (const slot of program.arena.slots) {
      if (slot.scratchOf !== undefined) expect(offsets.get(`SCRATCH_${slot.scratchOf}`)).toBe(slot.offset);
      for (const id of slot.tensors) {
        const start = program.schedule.parts.get(id)?.start ?? 0;
        expect(offsets.get(id.toUpperCase())).toBe(slot.offset + start);
      }
    }
    expect(offsets.size).toBe(program.arena.slots.reduce((sum, slot) => sum + Math.max(1, slot.tensors.length), 0));
  });

  it("takes a copy of each header that a kernel includes", () => {
    const files = emit(programOf(smallNet()), assets);
    const paths = new Set(files.map((file) => file.path));
    for (const { path, text } of files) {
      for (const [, included = ""] of text.matchAll(/^#include "([^"]+)"/gm)) {
        const beside = posix.join(posix.dirname(path), included);
        expect(paths.has(beside) || paths.has(included), `${path} includes ${included}`).toBe(true);
      }
    }
  });

  it("refuses a program name that is no identifier", () => {
    const program = programOf(smallNet());
    for (const name of ["", "a b", "a-b", "3d", "*/", "../x"])
      expect(() => emit({ ...program, name }, assets)).toThrow(/identifier/);
  });
});

describe("names from the model", () => {
  /** Code of the program with its comments removed, and with port names put back. */
  function code(program: Program): string {
    return own(emit(program, assets))
      .map((file) => withoutComments(file.text))
      .join("\n");
  }

  /** Everything but port names, which show in the interface. */
  function withPortsOf(graph: Graph, like: Graph): Graph {
    return { ...graph, inputs: like.inputs, outputs: like.outputs };
  }

  it("change comments and nothing else", () => {
    const graph = smallNet();
    const baseline = code(programOf(graph));
    const anyName = fc.oneof(
      fc.constantFrom(...hostileNames),
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("*", "/", "\\", "?", "\n", '"', "x") }),
    );
    fc.assert(
      fc.property(fc.array(anyName, { minLength: 1, maxLength: 8 }), (names) => {
        const hostile = withPortsOf(
          renamed(graph, (i) => names[i % names.length]!),
          graph,
        );
        const program = programOf(hostile, { command: names[0]!, modelHash: names[names.length - 1]! });
        expect(code(program)).toBe(baseline);
      }),
      { numRuns: 30 },
    );
  });

  it("make identifiers of ports that do not collide", () => {
    const b = new GraphBuilder("net");
    const ports = hostileNames.map(() => b.input([1, 2], { scale: 0.1 }));
    const sum = ports.reduce((total, port) =>
      b.node("add", [total, port], { clampMin: -128, clampMax: 127, spanScalar: "none" }, { scale: 0.1 }),
    );
    const graph = renamed(b.output(sum).build(), (i) => `t${i}`);
    const program = programOf({
      ...graph,
      inputs: graph.inputs.map((port, i) => ({ ...port, name: hostileNames[i]! })),
    });
    const header = textOf(emit(program, assets), "net.h");
    const parameters = Array.from(withoutComments(header).matchAll(/const int8_t \*(\w+)[,)]/g), (match) => match[1]!);
    expect(parameters).toHaveLength(hostileNames.length);
    expect(new Set(parameters).size).toBe(hostileNames.length);
    const macros = Array.from(header.matchAll(/^#define (\w+)/gm), (match) => match[1]!);
    expect(new Set(macros).size).toBe(macros.length);
  });
});

describe("random networks", () => {
  it("print no undefined value and only ASCII", () => {
    fc.assert(
      fc.property(netSpec, (spec) => {
        for (const { text } of own(emit(programOf(buildNet(spec)), assets, { trace: true }))) {
          expect(text).not.toMatch(/undefined|NaN|\[object/);
          expect(text).toMatch(/^[\n\x20-\x7e]*$/);
        }
      }),
      { numRuns: 20 },
    );
  });
});
