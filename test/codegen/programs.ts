/** Programs for the tests of codegen: graphs through the real pipeline, and the files that emit() makes of them. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Assets } from "../../compiler/codegen/emit.js";
import { type BackEndOptions, compileGraph } from "../../compiler/compile-graph.js";
import type { Graph } from "../../compiler/ir/graph.js";
import type { Program, SourceFile } from "../../compiler/schedule/schedule.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";
import { coreTarget } from "../support/targets.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

function readTexts(directory: string): ReadonlyMap<string, string> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
  return new Map(paths.sort().map((path) => [path, readFileSync(join(directory, path), "utf8")]));
}

export const assets: Assets = {
  templates: readTexts(join(root, "templates")),
  runtime: readTexts(join(root, "runtime-c")),
};

export function programOf(graph: Graph, options: BackEndOptions = {}, target = "cortex-m7"): Program {
  const command = `lwc compile ${graph.name}.onnx --target ${target} -o out`;
  return compileGraph(graph, coreTarget(target), { command, modelHash: "0123456789abcdef".repeat(4), ...options });
}

/** Writes files into a fresh directory, calls `use` with it, and removes it. */
export function withFiles<T>(files: readonly SourceFile[], use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), "lwc-codegen-"));
  try {
    for (const file of files) {
      mkdirSync(dirname(join(directory, file.path)), { recursive: true });
      writeFileSync(join(directory, file.path), file.text);
    }
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The graph with every name from the model replaced: sources, node names, labels, ports. */
export function renamed(graph: Graph, name: (index: number) => string): Graph {
  let index = 0;
  const next = (): string => name(index++);
  const ports = (list: Graph["inputs"]): Graph["inputs"] => list.map((port) => ({ ...port, name: next() }));
  return {
    ...graph,
    tensors: new Map(Array.from(graph.tensors, ([id, tensor]) => [id, { ...tensor, source: next() }])),
    nodes: graph.nodes.map((node) => ({ ...node, origin: { nodes: [next()], label: next(), island: next() } })),
    inputs: ports(graph.inputs),
    outputs: ports(graph.outputs),
  };
}

/** Names that try to leave a comment, a string, a line or a page. */
export const hostileNames: readonly string[] = [
  "*/ int main(void) { return 1; } /*",
  'quote " and \\',
  "line\nfeed\r\ncarriage\u2028return",
  "ends in a backslash \\",
  "??/",
  "*\\\n/",
  "int",
  "class",
  "int8_t",
  "ctx",
  "arena",
  "run",
  "lwc_net_run",
  "y3",
  "end3",
  "3d",
  "",
  "é\u202e\u0000\uFFFD",
  "<script>alert(1)</script>",
  "\u001b[2J",
  "a/b",
  "a.b",
  "A B",
  "conv".repeat(2500),
];

/** A network with every drive: rows with and without padding, flat, an array of inputs, a view, in-place steps. */
export function smallNet(): Graph {
  const b = new GraphBuilder("net");
  const conv = (
    from: ReturnType<GraphBuilder["input"]>,
    outputs: number,
    kernel: number,
    groups: number,
    seed: number,
  ): ReturnType<GraphBuilder["input"]> => {
    const channels = b.shapeOf(from)[3]! / groups;
    const half = (kernel - 1) / 2;
    const weights = b.weights(
      [outputs, kernel, kernel, channels],
      randomInts(outputs * kernel * kernel * channels, seed, -127, 127),
    );
    const attrs = {
      groups,
      strides: [1, 1],
      dilations: [1, 1],
      pads: [half, half, half, half],
      clampMin: -128,
      clampMax: 127,
    };
    return b.node("conv2d", [from, weights, b.bias(randomInts(outputs, seed + 1, -500, 500))], attrs, {
      scale: 0.1,
      zero: -5,
    });
  };
  const x = b.input([1, 6, 5, 3], { scale: 1 / 255, zero: -128 });
  const stem = conv(x, 4, 3, 1, 1);
  const first = conv(stem, 4, 3, 4, 3);
  const second = conv(first, 4, 3, 4, 5);
  const sum = b.node(
    "add",
    [stem, second],
    { clampMin: -128, clampMax: 127, spanScalar: "none" },
    { scale: 0.15, zero: 1 },
  );
  const pool = b.node("max_pool2d", [sum], {
    kernel: [2, 2],
    strides: [2, 2],
    pads: [0, 0, 0, 0],
    dilations: [1, 1],
    clampMin: -128,
    clampMax: 127,
  });
  const wide = b.node(
    "concat",
    [pool, b.node("lookup", [pool, b.weights([256], randomInts(256, 9))], {}, { scale: 0.15, zero: 1 })],
    { axis: 3 },
  );
  const flat = b.node(
    "reshape",
    [b.node("mean", [wide], { axes: [1, 2], keepDims: true, clampMin: -128, clampMax: 127 }, { scale: 0.05, zero: 0 })],
    { shape: [1, 8] },
  );
  return b.output(flat).build();
}
