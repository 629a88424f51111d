/** Reshapes at the ends of a graph: names for bytes that exist, copies only where both ends are the caller's buffers. */
import { describe, expect, test } from "vitest";
import { type BackEndOptions, compileGraph } from "../../compiler/compile-graph.js";
import type { Graph, TensorId } from "../../compiler/ir/graph.js";
import { readAssets } from "../../compiler/verify/assets.js";
import { generateCases } from "../../compiler/verify/inputs.js";
import { verifyProgram } from "../../compiler/verify/verify-program.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";
import { coreTarget } from "../support/targets.js";

const assets = await readAssets();

function conv(b: GraphBuilder, x: TensorId): TensorId {
  const inputs = b.shapeOf(x)[3]!;
  const weights = b.weights([4, 3, 3, inputs], randomInts(36 * inputs, inputs));
  const attrs = { groups: 1, strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1], clampMin: -128, clampMax: 127 };
  return b.node("conv2d", [x, weights], attrs, { scale: 0.4 });
}

const reshaped = (b: GraphBuilder, x: TensorId, shape: readonly number[]): TensorId =>
  b.node("reshape", [x], { shape });

function graph(build: (b: GraphBuilder, x: TensorId) => readonly TensorId[], shape: readonly number[] = [1, 24, 2]) {
  const b = new GraphBuilder("views");
  for (const output of build(b, b.input(shape))) b.output(output);
  return b.build();
}

/** Operators with a kernel, in order. */
const cases: Readonly<Record<string, { readonly graph: Graph; readonly run: readonly string[] }>> = {
  "behind an input and in front of an output": {
    graph: graph((b, x) => [reshaped(b, conv(b, reshaped(b, x, [1, 6, 4, 2])), [1, 96])]),
    run: ["conv2d"],
  },
  "several in a row": {
    graph: graph((b, x) => {
      const map = reshaped(b, reshaped(b, x, [1, 1, 24, 2]), [1, 6, 4, 2]);
      return [reshaped(b, reshaped(b, conv(b, map), [1, 24, 1, 4]), [1, 4, 24])];
    }),
    run: ["conv2d"],
  },
  "of a value that others read": {
    graph: graph((b, x) => {
      const first = conv(b, reshaped(b, x, [1, 6, 4, 2]));
      return [reshaped(b, first, [1, 96]), conv(b, first)];
    }),
    run: ["conv2d", "conv2d"],
  },
  "from end to end": {
    graph: graph((b, x) => [reshaped(b, x, [1, 48]), conv(b, reshaped(b, x, [1, 6, 4, 2]))]),
    run: ["conv2d", "reshape"],
  },
  "of a value that is an output under two shapes": {
    graph: graph((b, x) => {
      const y = conv(b, reshaped(b, x, [1, 6, 4, 2]));
      return [y, reshaped(b, y, [1, 96])];
    }),
    run: ["conv2d", "reshape"],
  },
  "between maps": {
    graph: graph((b, x) => [reshaped(b, conv(b, reshaped(b, x, [1, 8, 3, 2])), [1, 12, 2, 4])], [1, 6, 4, 2]),
    run: ["conv2d"],
  },
};

const options: readonly BackEndOptions[] = [
  {},
  { io: "arena" },
  { optimize: "ram", ram: "least" },
  { optimize: "ram", ram: "least", input: "rows", output: "rows" },
];

describe.each(Object.keys(cases))("%s", (name) => {
  test.each(options)("%o", async (one) => {
    const { graph: before, run } = cases[name]!;
    const isMaps = name === "between maps";
    if (one.input === "rows" && !isMaps) return;
    const program = compileGraph(before, coreTarget("cortex-m4"), one);
    const kernels = program.schedule.steps.filter(({ call }) => call !== undefined).map(({ node }) => node.kind);
    expect(kernels.toSorted()).toEqual(run.toSorted());
    const result = await verifyProgram({
      program,
      imported: before,
      assets,
      engines: ["passes", "replay", "host"],
      cases: generateCases(before, 4),
    });
    expect(result).toMatchObject({ ok: true, differences: [] });
  });
});
