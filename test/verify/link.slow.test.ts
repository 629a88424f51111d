/** Models that are linked: what they share is there once, and in turn, in one context, each computes what it computes alone. */
import { describe, expect, test } from "vitest";
import { emitLinked, type LinkedPrograms, nameClashes } from "../../compiler/codegen/link.js";
import { type BackEndOptions, compileGraph } from "../../compiler/compile-graph.js";
import type { Graph, TensorId } from "../../compiler/ir/graph.js";
import { readAssets } from "../../compiler/verify/assets.js";
import { loadTarget } from "../../compiler/verify/target-files.js";
import { verifyLinked } from "../../compiler/verify/verify-link.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";

const clamp = { clampMin: -128, clampMax: 127 };
const assets = await readAssets();
const m4 = await loadTarget("cortex-m4");

function conv(b: GraphBuilder, x: TensorId, channels: number, kernel: number, stride: number, seed: number): TensorId {
  const inputs = b.shapeOf(x)[3]!;
  const pad = kernel >> 1;
  const weights = b.weights(
    [channels, kernel, kernel, inputs],
    randomInts(channels * kernel * kernel * inputs, seed),
    [0.004],
  );
  const attrs = { groups: 1, strides: [stride, stride], dilations: [1, 1], pads: [pad, pad, pad, pad], ...clamp };
  return b.node("conv2d", [x, weights], attrs, { scale: 0.2, zero: 4 });
}

/** A trunk that all of them have, and a head of their own. */
function net(name: string, size: number, seed: number): Graph {
  const b = new GraphBuilder(name);
  const trunk = conv(b, conv(b, b.input([1, size, size, 3]), 8, 3, 2, 5), 8, 3, 1, 6);
  const mean = b.node(
    "mean",
    [conv(b, trunk, 12, 1, 1, seed)],
    { axes: [1, 2], keepDims: false, ...clamp },
    { scale: 0.06 },
  );
  const weights = b.weights([seed, 12], randomInts(12 * seed, seed), [0.01]);
  return b.output(b.node("fully_connected", [mean, weights], { alpha: 1, ...clamp }, { scale: 0.4 })).build();
}

const link = (graphs: readonly Graph[], options: BackEndOptions = {}): LinkedPrograms => ({
  name: "models",
  programs: graphs.map((graph) => compileGraph(graph, m4, options)),
  command: "lwc link",
});

const sizes: readonly Graph[] = [net("near", 16, 4), net("far", 16, 7), net("wide", 20, 5)];

describe("what is equal", () => {
  const linked = link(sizes);
  const files = emitLinked(linked, assets);
  const textOf = (path: string): string => files.find((file) => file.path === path)!.text;

  test("is there once: arrays of constants, instances of kernels", () => {
    const arrays = textOf("models_weights.c").match(/^LWC_ALIGNED.*$/gm)!;
    expect(new Set(arrays).size).toBe(arrays.length);
    // The weights of the first two layers are those of all three models.
    const text = textOf("models_weights.c").replaceAll(/\s+/g, " ");
    expect(text).toContain("read by step 0 of near; step 0 of far; step 0 of wide");
    const shared = [...textOf("models_kernels.h").matchAll(/^void (\w+)\(/gm)].map(([, name]) => name!);
    expect(shared.length).toBeGreaterThan(0);
    for (const name of shared) {
      const users = ["near.c", "far.c", "wide.c"].filter((path) => textOf(path).includes(`    ${name}(`));
      expect(users.length).toBeGreaterThan(1);
    }
    expect(nameClashes(linked, files)).toEqual([]);
    expect(files).toEqual(emitLinked(linked, assets));
  });

  test("takes less than apart", () => {
    const alone = linked.programs.map((program) => program.arena.bytes);
    expect(textOf("models.h")).toContain(`#define LWC_MODELS_ARENA_BYTES ${Math.max(...alone)}u`);
  });
});

test("a name that two models define is found", () => {
  const b = new GraphBuilder("near_a");
  const x = b.input([1, 4, 4, 1]);
  const other = b.output(conv(b, x, 2, 1, 1, 3)).build();
  const first = net("near", 16, 4);
  // LWC_NEAR_A_OUT_BYTES is a macro of the port "a_out" of near, and of the port "out" of near_a.
  const renamed = (graph: Graph, name: string): Graph => ({
    ...graph,
    outputs: graph.outputs.map((port) => ({ ...port, name })),
  });
  const linked = link([renamed(first, "a_out"), renamed(other, "out")]);
  expect(nameClashes(linked, emitLinked(linked, assets))).toContain("LWC_NEAR_A_OUT_BYTES");
});

test.each([
  ["in buffers of the caller", {}],
  ["in the arena, least RAM", { io: "arena", optimize: "ram", ram: "least" }],
  ["row by row", { input: "rows" }],
  ["for flash", { optimize: "size" }],
] as const)(
  "models in turn in one context, ports %s",
  async (_, options) => {
    const linked = link(sizes, options);
    const engines = ["host", "qemu"] as const;
    const results = await verifyLinked({ linked, assets, engines, runs: 3, strict: true });
    expect(results.map(({ engine, cases, differing }) => ({ engine, cases, differing }))).toEqual([
      { engine: "host", cases: 3, differing: [] },
      { engine: "qemu", cases: 3, differing: [] },
    ]);
  },
  240_000,
);
