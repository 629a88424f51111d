import { describe, expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { verifyGraph } from "../../compiler/ops/verify-graph.js";
import { absorbTransposes } from "../../compiler/passes/absorb-transposes.js";
import { foldPads } from "../../compiler/passes/fold-pads.js";
import { mergeLookups } from "../../compiler/passes/merge-lookups.js";
import type { Pass } from "../../compiler/passes/pass.js";
import { removeIdentities } from "../../compiler/passes/remove-identities.js";
import { separateOutputs } from "../../compiler/passes/separate-outputs.js";
import { interpret } from "../../compiler/reference/interpret.js";
import { GraphBuilder, randomInputs, randomInts } from "../support/graph-builder.js";

const numerics = makeNumerics("ort");
const conv = { groups: 1, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], clampMin: -128, clampMax: 127 };
const identityTable = Array.from({ length: 256 }, (_, i) => i - 128);

/** Runs a pass and checks that the graph stays well-formed and every output byte stays. */
function apply(pass: Pass, before: Graph): Graph {
  const { graph: after } = pass.run(before, { numerics });
  expect(verifyGraph(after)).toEqual([]);
  const inputs = randomInputs(before, 9);
  expect(interpret(after, numerics, inputs).outputs).toEqual(interpret(before, numerics, inputs).outputs);
  return after;
}

const kinds = (graph: Graph): string[] => graph.nodes.map((node) => node.kind);

describe("remove-identities", () => {
  test("removes reshapes to the same shape and identity tables in the middle of a graph", () => {
    const b = new GraphBuilder();
    const x = b.input([1, 2, 3, 4]);
    const table = b.node("lookup", [x, b.weights([256], identityTable)], {}, { scale: 0.05 });
    const shaped = b.node("reshape", [table], { shape: [1, 2, 3, 4] });
    const y = b.node("lookup", [shaped, b.weights([256], randomInts(256, 1))], {}, { scale: 0.1 });
    expect(kinds(apply(removeIdentities, b.output(y).build()))).toEqual(["lookup"]);
  });

  test("keeps a slice that turns an axis around", () => {
    const b = new GraphBuilder();
    const turned = b.node("slice", [b.input([1, 2, 3, 4])], {
      starts: [0, 0, 2, 0],
      ends: [1, 2, -1, 4],
      steps: [1, 1, -1, 1],
    });
    const y = b.node("lookup", [turned, b.weights([256], randomInts(256, 1))], {});
    expect(kinds(apply(removeIdentities, b.output(y).build()))).toEqual(["slice", "lookup"]);
  });

  test("keeps a table that changes what the values mean, and a copy from input to output", () => {
    const b = new GraphBuilder();
    const x = b.input([1, 4]);
    const rescaled = b.node("lookup", [x, b.weights([256], identityTable)], {}, { scale: 0.5 });
    expect(kinds(apply(removeIdentities, b.output(rescaled).build()))).toEqual(["lookup"]);
    const c = new GraphBuilder();
    const through = c.node("reshape", [c.input([1, 4])], { shape: [1, 4] });
    expect(kinds(apply(removeIdentities, c.output(through).build()))).toEqual(["reshape"]);
  });
});

test("merge-lookups makes one table of three", () => {
  const b = new GraphBuilder();
  let x = b.input([1, 5, 1, 2]);
  for (let i = 0; i < 3; i++)
    x = b.node("lookup", [x, b.weights([256], randomInts(256, i + 1))], {}, { scale: 0.1 + i });
  expect(kinds(apply(mergeLookups, b.output(x).build()))).toEqual(["lookup"]);
});

test("merge-lookups leaves a table whose result is also an output", () => {
  const b = new GraphBuilder();
  const x = b.node("lookup", [b.input([1, 5]), b.weights([256], randomInts(256, 1))], {});
  const y = b.node("lookup", [x, b.weights([256], randomInts(256, 2))], {});
  expect(kinds(apply(mergeLookups, b.output(x).output(y).build()))).toEqual(["lookup", "lookup"]);
});

describe("absorb-transposes", () => {
  test("turns a flatten in NCHW order into weight order", () => {
    const b = new GraphBuilder();
    const x = b.input([1, 3, 4, 5]);
    const nchw = b.node("transpose", [x], { perm: [0, 3, 1, 2] });
    const flat = b.node("reshape", [nchw], { shape: [1, 60] });
    const y = b.node(
      "fully_connected",
      [flat, b.weights([7, 60], randomInts(420, 3)), b.bias(randomInts(7, 4))],
      { alpha: 1, clampMin: -128, clampMax: 127 },
      { scale: 0.3 },
    );
    expect(kinds(apply(absorbTransposes, b.output(y).build()))).toEqual(["reshape", "fully_connected"]);
  });

  test("cancels a transpose and its inverse", () => {
    const b = new GraphBuilder();
    const there = b.node("transpose", [b.input([1, 3, 4, 5])], { perm: [0, 3, 1, 2] });
    const back = b.node("transpose", [there], { perm: [0, 2, 3, 1] });
    const y = b.node("lookup", [back, b.weights([256], randomInts(256, 1))], {});
    expect(kinds(apply(absorbTransposes, b.output(y).build()))).toEqual(["reshape", "lookup"]);
  });

  test("keeps a transpose that moves data to an output", () => {
    const b = new GraphBuilder();
    const moved = b.node("transpose", [b.input([1, 3, 4, 5])], { perm: [0, 3, 1, 2] });
    expect(kinds(apply(absorbTransposes, b.output(moved).build()))).toEqual(["transpose"]);
  });
});

describe("fold-pads", () => {
  const padded = (value: number, before = [0, 1, 2, 0]): Graph => {
    const b = new GraphBuilder();
    const x = b.node("pad", [b.input([1, 4, 4, 2], { zero: 7 })], { before, after: [0, 0, 1, 0], value });
    const channels = 2 + (before[3] ?? 0);
    const y = b.node("conv2d", [x, b.weights([3, 3, 3, channels], randomInts(27 * channels, 5))], conv, { scale: 0.2 });
    return b.output(y).build();
  };

  test("moves a border of zero points into the convolution", () => {
    const after = apply(foldPads, padded(7));
    expect(kinds(after)).toEqual(["conv2d"]);
    expect(after.nodes[0]!.attrs["pads"]).toEqual([1, 2, 0, 1]);
  });

  test("leaves other values and other axes", () => {
    expect(kinds(apply(foldPads, padded(0)))).toEqual(["pad", "conv2d"]);
    expect(kinds(apply(foldPads, padded(7, [0, 0, 0, 1])))).toEqual(["pad", "conv2d"]);
  });
});

test("separate-outputs copies a tensor that is two outputs, and an input that is an output", () => {
  const b = new GraphBuilder();
  const x = b.input([1, 6]);
  const y = b.node("lookup", [x, b.weights([256], randomInts(256, 1))], {});
  const after = apply(separateOutputs, b.output(y).output(y).output(x).build());
  expect(kinds(after)).toEqual(["lookup", "reshape", "reshape"]);
  expect(new Set(after.outputs.map((port) => port.tensor)).size).toBe(3);
});
