/**
 * Streams in the plan, in replay and in C: layers that enlarge their maps, where several output rows share a window of input
 * rows, layers whose rows lie in one pool, wherever there is room, and means that add up rows as they come.
 */
import { describe, expect, test } from "vitest";
import { emit } from "../../compiler/codegen/emit.js";
import { compileGraph } from "../../compiler/compile-graph.js";
import type { Graph, TensorId } from "../../compiler/ir/graph.js";
import { elementCount } from "../../compiler/ir/shape.js";
import { isOverInput } from "../../compiler/ops/kernel.js";
import { type RowStep, streamSteps } from "../../compiler/schedule/row-plan.js";
import type { Program } from "../../compiler/schedule/schedule.js";
import { readAssets } from "../../compiler/verify/assets.js";
import { loadTarget } from "../../compiler/verify/target-files.js";
import { verifyProgram } from "../../compiler/verify/verify-program.js";
import { chainNet } from "../support/chain-nets.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";

const clamp = { clampMin: -128, clampMax: 127 };

/** Equal to the reference in replay, on the host and in QEMU, layer by layer. */
async function expectEqual(program: Program, imported: Graph, runs: number): Promise<void> {
  const engines = ["replay", "host", "qemu"] as const;
  const assets = await readAssets();
  const result = await verifyProgram({ program, imported, assets, engines, runs, layers: true, strict: true });
  expect(result.differences).toEqual([]);
  expect(result.results.map((one) => one.engine)).toEqual([...engines]);
}

function product(b: GraphBuilder, kind: string, x: TensorId, shape: readonly number[], attrs: object): TensorId {
  const weights = b.weights(shape, randomInts(elementCount(shape), shape[0]! + shape[1]!), [0.004]);
  return b.node(kind, [x, weights], { groups: 1, dilations: [1, 1], ...attrs, ...clamp }, { scale: 0.2, zero: 4 });
}

/** Convolution, resize by 2, convolution, transposed convolution by 2, resize to 5/3, convolution by 3. */
function decoder(mode: "nearest" | "linear", coordinates: string): Graph {
  const b = new GraphBuilder(`decoder_${mode}`);
  const resize = (x: TensorId, size: readonly number[]): TensorId => {
    const [, h = 1, w = 1] = b.shapeOf(x);
    const [scaleH, scaleW] = [Math.fround(size[0]! / h), Math.fround(size[1]! / w)];
    const attrs = { mode, coordinates, rounding: "round_prefer_ceil", size, scaleH, scaleW, ...clamp };
    return b.node("resize", [x], attrs, mode === "linear" ? { scale: 0.21, zero: 2 } : undefined);
  };
  const pads = [1, 1, 1, 1];
  let x = product(b, "conv2d", b.input([1, 9, 7, 2]), [4, 3, 3, 2], { strides: [1, 1], pads });
  x = product(b, "conv2d", resize(x, [18, 14]), [5, 3, 3, 4], { strides: [1, 1], pads });
  x = product(b, "conv_transpose2d", x, [3, 4, 3, 5], { strides: [2, 2], pads, outputPadding: [1, 0] });
  x = product(b, "conv2d", resize(x, [61, 20]), [2, 5, 1, 3], { strides: [3, 2], pads: [2, 0, 2, 0] });
  return b.output(x).build();
}

test.each([
  ["nearest", "half_pixel"],
  ["linear", "align_corners"],
] as const)(
  "%s, %s",
  async (mode, coordinates) => {
    const graph = decoder(mode, coordinates);
    const target = await loadTarget("cortex-m4");
    const program = compileGraph(graph, target, { io: "arena", optimize: "ram", ram: "least" });
    const plain = compileGraph(graph, target, { io: "arena", optimize: "speed" });
    expect(program.schedule.streams.length).toBeGreaterThan(0);
    expect(program.arena.bytes).toBeLessThan(plain.arena.bytes / 2);
    await expectEqual(program, graph, 2);
  },
  240_000,
);

test("rows in a pool, whose offsets are in tables", async () => {
  const b = new GraphBuilder("pooled");
  const pads = [1, 1, 1, 1];
  let x = b.input([1, 33, 20, 3]);
  for (const [channels, stride] of [
    [8, 2],
    [8, 1],
    [16, 1],
    [16, 2],
    [16, 1],
    [4, 2],
  ] as const)
    x = product(b, "conv2d", x, [channels, 3, 3, b.shapeOf(x)[3]!], { strides: [stride, stride], pads });
  const graph = b.output(x).build();
  const program = compileGraph(graph, await loadTarget("cortex-m4"), {
    io: "arena",
    optimize: "ram",
    ram: "least",
    input: "rows",
  });
  const assets = await readAssets();
  const source = emit(program, assets).find(({ path }) => path === "pooled.c")!.text;
  expect(source).toMatch(/static const uint16_t lwc_pooled_\w+_rows\[\d+\]/);
  await expectEqual(program, graph, 2);
}, 240_000);

/** Convolutions that end in a mean over the map, with what a mean can be: wide rows, channels beside vectors, one axis. */
const means = [
  { name: "gap", shape: [1, 11, 9, 3], channels: 13, axes: [1, 2], keepDims: true },
  { name: "flat", shape: [1, 12, 8, 2], channels: 16, axes: [1, 2], keepDims: false },
  { name: "columns", shape: [1, 24, 7, 2], channels: 5, axes: [1], keepDims: true },
  { name: "wide", shape: [1, 6, 300, 1], channels: 8, axes: [1, 2], keepDims: true },
] as const;

describe.each(means)("a mean that adds up rows: $name", ({ name, shape, channels, axes, keepDims }) => {
  const b = new GraphBuilder(name);
  const pads = [1, 1, 1, 1];
  const x = product(b, "conv2d", b.input([...shape]), [8, 3, 3, shape[3]], { strides: [1, 1], pads });
  const map = product(b, "conv2d", x, [channels, 3, 3, 8], { strides: [1, 1], pads });
  const mean = b.node("mean", [map], { axes: [...axes], keepDims, ...clamp }, { scale: 0.07, zero: -5 });
  // The mean lives in the arena: it is read once more.
  const table = b.weights([256], randomInts(256, 3));
  const graph = b.output(b.node("lookup", [mean, table], {}, { scale: 0.1 })).build();

  test.each([
    ["cortex-m4", "ort", "whole"],
    ["cortex-m4", "fast", "rows"],
    ["cortex-m55", "ort", "rows"],
    ["cortex-m55", "fast", "whole"],
    ["cortex-m0", "ort", "rows"],
  ] as const)(
    "%s, %s, input %s",
    async (core, numerics, input) => {
      const target = await loadTarget(core);
      const program = compileGraph(graph, target, { io: "arena", optimize: "ram", ram: "least", numerics, input });
      const adding = program.schedule.steps.filter(({ call }) => call?.drive.kind === "accumulate");
      expect(adding.map(({ node }) => node.kind)).toEqual(["mean"]);
      expect(program.arena.places.get(map)).toHaveProperty("rowOffsets");
      await expectEqual(program, graph, 3);
    },
    240_000,
  );
});

/** Depthwise and 1x1 convolutions in turn over 23 rows, a prime number. */
function separable(): Graph {
  const b = new GraphBuilder("separable");
  let x = product(b, "conv2d", b.input([1, 46, 20, 1]), [16, 4, 4, 1], { strides: [2, 2], pads: [1, 1, 1, 1] });
  for (const channels of [16, 16, 2]) {
    x = product(b, "conv2d", x, [16, 3, 3, 1], { groups: 16, strides: [1, 1], pads: [1, 1, 1, 1] });
    x = product(b, "conv2d", x, [channels, 1, 1, 16], { strides: [1, 1], pads: [0, 0, 0, 0] });
  }
  return b.output(x).build();
}

test.each(["whole", "rows"] as const)(
  "blocks of rows of different lengths, input %s",
  async (input) => {
    const graph = separable();
    const target = await loadTarget("cortex-m4");
    const least = compileGraph(graph, target, { input, optimize: "ram", ram: "least" });
    const program = compileGraph(graph, target, { input, ram: least.arena.bytes + 900 });
    const blocks = program.schedule.streams
      .flatMap((stream) => streamSteps(program.schedule, stream))
      .filter(({ block }) => block > 1);
    const endsShort = ({ rows, first, block }: RowStep): boolean => (rows - first) % block !== 0;
    expect(blocks.some(({ first, block }) => first < block)).toBe(true);
    expect(blocks.some(endsShort)).toBe(true);
    await expectEqual(program, graph, 2);
  },
  240_000,
);

/** Layers that make blocks of rows over their input, with windows of all sizes, behind padding and before layers that halve the map. */
test.each([
  ["cortex-m4", "whole", "ort", 16, ["dw5", "pw", "dw5", "pw"], 2000],
  ["cortex-m4", "rows", "fast", 16, ["dw7", "pw", "dw3", "pw"], 2000],
  ["cortex-m4", "rows", "ort", 32, ["dw3", "pw", "dw3", "pw"], 1500],
  ["cortex-m7", "rows", "ort", 32, ["dw3", "pw", "wide", "dw5", "down3", "dw3", "pw"], 1000],
  ["cortex-m33", "whole", "ort-arm64", 64, ["dw3", "pw", "wide", "dw5", "down3", "dw3", "pw"], 4000],
] as const)(
  "chains of layers over their input, %s, input %s, %s, %i channels",
  async (core, input, numerics, channels, layers, more) => {
    // The shortest of them has a map as its output, which leaves row by row.
    const byRows = layers.length === 4 && channels === 32;
    const graph = chainNet({ height: 37, width: 7, channels, layers, mean: !byRows });
    const target = await loadTarget(core);
    const options = { io: "arena", input, output: byRows ? "rows" : "whole", numerics } as const;
    const least = compileGraph(graph, target, { ...options, optimize: "ram", ram: "least" });
    const program = compileGraph(graph, target, { ...options, ram: least.arena.bytes + more });
    const kernels = program.schedule.steps.flatMap(({ call }) => (call && isOverInput(call) ? [call.kernel] : []));
    expect(kernels).toContain("lwc_depthwise_planes_keep_s8_dsp");
    expect(kernels.some((kernel) => kernel.startsWith("lwc_pointwise"))).toBe(true);
    await expectEqual(program, graph, 2);
  },
  240_000,
);

/** Layers side by side whose channels are joined, twice; the second time what one of them reads is joined too. */
function fires(): Graph {
  const b = new GraphBuilder("fires");
  const pads = [1, 1, 1, 1];
  const pointwise = (x: TensorId, channels: number): TensorId =>
    product(b, "conv2d", x, [channels, 1, 1, b.shapeOf(x)[3]!], { strides: [1, 1], pads: [0, 0, 0, 0] });
  const window = (x: TensorId, channels: number): TensorId =>
    product(b, "conv2d", x, [channels, 3, 3, b.shapeOf(x)[3]!], { strides: [1, 1], pads });
  const join = (inputs: readonly TensorId[]): TensorId =>
    b.node("concat", inputs, { axis: 3 }, { scale: 0.2, zero: 4 });
  let x = product(b, "conv2d", b.input([1, 34, 30, 3]), [8, 3, 3, 3], { strides: [2, 2], pads });
  x = join([pointwise(x, 12), window(x, 8)]);
  x = pointwise(x, 8);
  x = join([x, window(x, 12)]);
  return b.output(product(b, "conv2d", x, [4, 3, 3, 20], { strides: [2, 2], pads })).build();
}

test.each(["cortex-m4", "cortex-m55"] as const)(
  "rows of joined tensors that several layers write, %s",
  async (name) => {
    const graph = fires();
    const program = compileGraph(graph, await loadTarget(name), { optimize: "ram", ram: "least", input: "rows" });
    const { schedule } = program;
    const joins = schedule.steps.filter(
      (step) => step.node.kind === "concat" && schedule.streams.some(({ pool }) => pool.rows.has(step.output)),
    );
    // The first join has nothing left to do, the second copies what is read elsewhere too.
    expect(joins.map(({ call, rest }) => [call !== undefined, rest?.start, rest?.width])).toEqual([
      [false, undefined, undefined],
      [true, 0, 8],
    ]);
    expect(schedule.parts.size).toBe(3);
    await expectEqual(program, graph, 2);
  },
  240_000,
);
