/** What a graph can be wrong about, whoever made it: a .lwir file by hand, a front end, a pass. */
import { expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { compileGraph } from "../../compiler/compile-graph.js";
import { CompileError } from "../../compiler/diagnostics.js";
import { type Graph, makeTensorId } from "../../compiler/ir/graph.js";
import { verifyStructure } from "../../compiler/ir/verify.js";
import { opOf } from "../../compiler/ops/index.js";
import { interpret } from "../../compiler/reference/interpret.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";
import { coreTarget } from "../support/targets.js";

const clamp = { clampMin: -128, clampMax: 127 };

function codesOf(action: () => unknown): readonly string[] {
  try {
    action();
    return [];
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.diagnostics.map((diagnostic) => diagnostic.code);
  }
}

function small(): Graph {
  const b = new GraphBuilder();
  const table = b.weights([256], randomInts(256, 1));
  return b.output(b.node("lookup", [b.input([1, 4, 4, 2]), table], {}, { scale: 0.1 })).build();
}

test("LWC2003: an operator that does not exist", () => {
  const [node] = small().nodes;
  expect(codesOf(() => opOf({ ...node!, kind: "dream" }))).toEqual(["LWC2003"]);
});

test("LWC2010: a node that reads a tensor that is not there", () => {
  const graph = small();
  const broken = {
    ...graph,
    nodes: graph.nodes.map((node) => ({ ...node, inputs: [makeTensorId("ghost"), ...node.inputs.slice(1)] })),
  };
  expect(verifyStructure(broken).map((problem) => problem.code)).toContain("LWC2010");
});

test("LWC2011: an attribute that is missing", () => {
  const b = new GraphBuilder();
  const x = b.input([1, 4, 4, 2]);
  const graph = b.output(b.node("add", [x, x], { clampMin: -128 }, { scale: 0.1 })).build();
  expect(codesOf(() => compileGraph(graph, coreTarget("cortex-m4")))).toContain("LWC2011");
});

test("LWC2102: a kernel larger than its padded input", () => {
  const b = new GraphBuilder();
  const weights = b.weights([1, 5, 5, 2], randomInts(50, 1));
  const attrs = { groups: 1, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], ...clamp };
  expect(codesOf(() => b.node("conv2d", [b.input([1, 4, 4, 2]), weights], attrs, { scale: 0.3 }))).toEqual(["LWC2102"]);
});

test("LWC2103: a pooling window larger than its padded input", () => {
  const b = new GraphBuilder();
  const attrs = { kernel: [5, 5], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], ...clamp };
  expect(codesOf(() => b.node("max_pool2d", [b.input([1, 4, 4, 2])], attrs))).toEqual(["LWC2103"]);
});

test("LWC2201 and LWC2202: too few inputs, and one of another size", () => {
  const numerics = makeNumerics("ort");
  expect(codesOf(() => interpret(small(), numerics, []))).toEqual(["LWC2201"]);
  expect(codesOf(() => interpret(small(), numerics, [new Int8Array(7)]))).toEqual(["LWC2202"]);
});
