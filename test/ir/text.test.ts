import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CompileError } from "../../compiler/diagnostics.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { parseGraph } from "../../compiler/ir/parse.js";
import { printGraph, shortestFloat32 } from "../../compiler/ir/print.js";
import { verifyGraph } from "../../compiler/ops/verify-graph.js";
import { buildNet, netSpec } from "../support/random-graph.js";

describe(".lwir", () => {
  test("text and graph are two forms of the same", () => {
    fc.assert(
      fc.property(netSpec, (spec) => {
        const graph = buildNet(spec);
        const text = printGraph(graph);
        const parsed = parseGraph(text);
        expect(sorted(parsed)).toEqual(sorted(graph));
        expect(printGraph(parsed)).toBe(text);
        expect(verifyGraph(parsed)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  test("no name breaks a line", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const graph = buildNet({ size: 4, channels: 1, zero: 0, blocks: [], head: "mean", seed: 1 });
        const hostile: Graph = {
          ...graph,
          nodes: graph.nodes.map((node) => ({ ...node, origin: { nodes: [name], label: name, island: name } })),
          outputs: graph.outputs.map((port) => ({ ...port, name })),
        };
        const text = printGraph(hostile);
        expect(text.split("\n")).toHaveLength(printGraph(graph).split("\n").length);
        expect(sorted(parseGraph(text))).toEqual(sorted(hostile));
      }),
    );
  });

  test("a scale keeps its float32 value in the fewest digits", () => {
    expect(shortestFloat32(Math.fround(0.1))).toBe("0.1");
    fc.assert(
      fc.property(
        fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(1e-30) }),
        (value) => Math.fround(Number(shortestFloat32(value))) === value,
      ),
    );
  });

  test.each([
    ["graph net {", "LWC2020", /line 1, column 12: expected %name, found the end/],
    ["graph net {\n  input %x 5\n}", "LWC2020", /line 2, column 12: expected string/],
    ['graph net {\n  const %w : int8[2] scale 0 zero 0 source "" = [1,2]\n}', "LWC2001", /scale/],
    [
      'graph net {\n  const %w : int8[2] scale 1 zero 0 source "" = hex "0"\n}',
      "LWC2020",
      /expected 2 hexadecimal bytes/,
    ],
    ["graph net { ; }", "LWC2021", /line 1, column 13: cannot read/],
  ])("%j is refused with its place", (text, code, message) => {
    try {
      parseGraph(text);
      expect.unreachable();
    } catch (error) {
      const [diagnostic] = (error as CompileError).diagnostics;
      expect(diagnostic!.code).toBe(code);
      expect(diagnostic!.message).toMatch(message);
    }
  });
});

/** Tensors in any order are the same graph. */
function sorted(graph: Graph): unknown {
  return { ...graph, tensors: [...graph.tensors.entries()].sort(([a], [b]) => (a < b ? -1 : 1)) };
}
