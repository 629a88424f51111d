/**
 * The kernels of cores with the DSP extension, over the shapes that their blocks, tails, borders and blocks of rows tell apart:
 * the reference, the schedule, the portable twins under sanitizers and QEMU agree on every byte.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Profile } from "../../compiler/arith/numerics.js";
import { compileGraph } from "../../compiler/compile-graph.js";
import type { TensorId } from "../../compiler/ir/graph.js";
import { elementCount } from "../../compiler/ir/shape.js";
import { type Optimize, rowsPerCall } from "../../compiler/ops/kernel.js";
import { type Clamp, clampAttributes, clamps } from "../support/clamps.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";
import { maybeJoined, roomForJoins } from "../support/joins.js";
import { expectSameEverywhere } from "../support/same-everywhere.js";
import { maybeTabled } from "../support/tables.js";
import { speedTarget } from "../support/targets.js";

type Instance = (b: GraphBuilder) => TensorId;

const channels = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 67 }));
const seed = fc.integer({ min: 1, max: 1 << 20 });
const zero = fc.constantFrom(-128, -128, -7, 0, 127);
const scale = fc.double({ min: 0.02, max: 0.3, noNaN: true }).map(Math.fround);
const quant = fc.record({ zero, scale });
/** Weights over all of int8, or small enough that short forms of requantization exist more often. */
const magnitude = fc.constantFrom(128, 40, 12);

function weightData(count: number, from: number, limit: number): number[] {
  const data = randomInts(count, from, -limit, Math.min(limit, 127));
  if (limit === 128) data[0] = -128;
  return data;
}

interface Layer {
  readonly h: number;
  readonly w: number;
  readonly inC: number;
  readonly outC: number;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilation: number;
  readonly pads: readonly number[];
  readonly depthwise: boolean;
  /** Of a dense convolution: channels are those of a group. */
  readonly groups?: number;
  readonly seed: number;
  readonly x: { readonly zero: number; readonly scale: number };
  readonly y: { readonly zero: number; readonly scale: number };
  readonly clamp: Clamp;
  readonly magnitude: number;
}

const common = { inC: channels, outC: channels, seed, x: quant, y: quant, clamp: clamps, magnitude };
const pads = (most: number) => fc.array(fc.integer({ min: 0, max: most }), { minLength: 4, maxLength: 4 });

/** Odd windows without dilation, rows long enough for every turn of the loops and short enough for whole rows. */
const depthwise: fc.Arbitrary<Layer> = fc.record({
  ...common,
  h: fc.integer({ min: 1, max: 12 }),
  w: fc.integer({ min: 1, max: 34 }),
  kernel: fc.constantFrom<[number, number]>([3, 3], [3, 3], [3, 3], [5, 5], [7, 7], [1, 3], [4, 5]),
  strides: fc.constantFrom<[number, number]>([1, 1], [2, 2], [1, 2], [2, 1], [3, 1]),
  dilation: fc.constant(1),
  pads: pads(3),
  depthwise: fc.constant(true),
});

const dense: fc.Arbitrary<Layer> = fc.record({
  ...common,
  h: fc.integer({ min: 1, max: 6 }),
  w: fc.integer({ min: 1, max: 11 }),
  kernel: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  dilation: fc.constantFrom(1, 1, 1, 2),
  pads: pads(2),
  depthwise: fc.constant(false),
});

/** Windows of 3x3 that Winograd takes: four tiles or more, an even number of output rows, inputs in eights. */
const winograd: fc.Arbitrary<Layer> = fc.record({
  ...common,
  h: fc.constantFrom(4, 6),
  w: fc.integer({ min: 9, max: 20 }),
  inC: fc.constantFrom(8, 16, 24, 32, 48),
  outC: fc.integer({ min: 3, max: 9 }),
  kernel: fc.constant<[number, number]>([3, 3]),
  strides: fc.constant<[number, number]>([1, 1]),
  dilation: fc.constant(1),
  pads: fc.constantFrom([0, 0, 0, 0], [1, 1, 1, 1], [0, 2, 2, 1], [2, 1, 0, 0]),
  depthwise: fc.constant(false),
});

const pointwise: fc.Arbitrary<Layer> = fc.record({
  ...common,
  h: fc.integer({ min: 1, max: 3 }),
  w: fc.integer({ min: 1, max: 9 }),
  kernel: fc.constant<[number, number]>([1, 1]),
  strides: fc.constant<[number, number]>([1, 1]),
  dilation: fc.constant(1),
  pads: pads(0),
  depthwise: fc.constant(false),
});

/** Depthwise with a channel multiplier, too: one input channel to a group. */
const grouped: fc.Arbitrary<Layer> = fc.record({
  ...common,
  h: fc.integer({ min: 1, max: 5 }),
  w: fc.integer({ min: 1, max: 9 }),
  inC: fc.integer({ min: 1, max: 20 }),
  outC: fc.integer({ min: 2, max: 20 }),
  kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
  strides: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  dilation: fc.constantFrom(1, 1, 2),
  pads: pads(2),
  depthwise: fc.constant(false),
  groups: fc.integer({ min: 2, max: 4 }),
});

function convolution(p: Layer): Instance {
  return (b) => {
    const { groups = 1 } = p;
    const [h, w] = [p.h, p.w].map((size, axis) => Math.max(size, (p.kernel[axis]! - 1) * p.dilation + 1));
    return convolutionOf(b, p, b.input([1, h!, w!, groups * p.inC], p.x));
  };
}

function convolutionOf(b: GraphBuilder, p: Layer, x: TensorId): TensorId {
  const [kh, kw] = p.kernel;
  const { groups = 1 } = p;
  const outC = p.depthwise ? p.inC : groups * p.outC;
  const attrs = {
    groups: p.depthwise ? p.inC : groups,
    strides: p.strides,
    dilations: [p.dilation, p.dilation],
    pads: p.pads.map((pad, i) => Math.min(pad, p.kernel[i % 2]! - 1)),
    ...clampAttributes(p.clamp, p.y.zero),
  };
  const shape = [outC, kh, kw, p.depthwise ? 1 : p.inC];
  const scales = Array.from({ length: outC }, (_, c) => 0.002 + ((p.seed + c) % 11) * 0.0007);
  const weights = b.weights(shape, weightData(elementCount(shape), p.seed, p.magnitude), scales);
  return b.node("conv2d", [x, weights, b.bias(randomInts(outC, p.seed + 1, -3000, 3000))], attrs, p.y);
}

const fullyConnected = fc
  .record({
    inputs: fc.integer({ min: 1, max: 300 }),
    outputs: channels,
    seed,
    x: quant,
    y: quant,
    clamp: clamps,
    magnitude,
  })
  .map(
    (p): Instance =>
      (b) => {
        const x = b.input([1, p.inputs], p.x);
        const data = weightData(p.outputs * p.inputs, p.seed, p.magnitude);
        const weights = b.weights([p.outputs, p.inputs], data, [0.004]);
        const bias = b.bias(randomInts(p.outputs, p.seed, -900, 900));
        return b.node("fully_connected", [x, weights, bias], { alpha: 1, ...clampAttributes(p.clamp, p.y.zero) }, p.y);
      },
  );

const instances: Readonly<Record<string, fc.Arbitrary<Instance>>> = {
  depthwise: maybeJoined(maybeTabled(depthwise.map(convolution))),
  dense: maybeJoined(maybeTabled(dense.map(convolution))),
  winograd: maybeJoined(maybeTabled(winograd.map(convolution))),
  pointwise: maybeJoined(maybeTabled(pointwise.map(convolution))),
  grouped: maybeJoined(maybeTabled(grouped.map(convolution))),
  fully_connected: maybeJoined(maybeTabled(fullyConnected)),
};

/** Layers of a network where not 12: some take the C compiler longer. */
const counts: Readonly<Record<string, number>> = { winograd: 3, grouped: 6 };

interface Round {
  readonly numerics: Profile;
  readonly optimize: Optimize;
  readonly target: string;
  /** A kernel that the target does without, so that another takes its layers. */
  readonly without: string;
}
const rounds: readonly Round[] = [
  { numerics: "ort", optimize: "speed", target: "cortex-m4", without: "lwc_pointwise_shared_s8_dsp" },
  { numerics: "fast", optimize: "speed", target: "cortex-m7", without: "lwc_pointwise_s8_dsp4" },
];

/** Its layers are small: any other kernel that could take them is left out. */
const besideWinograd = ["lwc_conv2d_s8_dsp4", "lwc_conv2d_s8_dsp"];

describe.each(Object.keys(instances))("%s", (kind) => {
  test("reference = replay = host = QEMU", async () => {
    for (const [round, { numerics, optimize, target, without }] of rounds.entries()) {
      const b = new GraphBuilder(`${kind}_${round}`);
      for (const add of fc.sample(instances[kind]!, { numRuns: counts[kind] ?? 12, seed: 91 * round + kind.length }))
        b.output(add(b));
      const graph = b.build();
      const program = compileGraph(graph, speedTarget(target, kind === "winograd" ? besideWinograd : [without]), {
        numerics,
        optimize,
        ram: roomForJoins,
      });
      expect(program.schedule.parts.size).toBeGreaterThan(0);
      const { steps } = program.schedule;
      // The shared kernel takes no tables: where it is the cheapest, a lookup stays.
      const layers = steps.filter(({ node }) => node.kind !== "lookup" && node.kind !== "concat");
      const used = new Set(layers.map((step) => step.call?.kernel ?? ""));
      expect(layers.filter(({ call }) => call?.table !== undefined).length).toBeGreaterThan(0);
      // Groups of which some carry their weights and some do not take the portable kernel.
      if (kind === "grouped") expect([...used]).toContain("lwc_grouped_conv2d_s8_dsp4");
      else expect([...used].filter((kernel) => !/_dsp4?$/.test(kernel))).toEqual([]);
      if (kind === "winograd") expect([...used]).toEqual(["lwc_conv2d_winograd_s8_dsp"]);
      await expectSameEverywhere(program, graph, 6);
    }
  }, 600_000);
});

/** Depthwise layers, and 1x1 layers of as many channels, over tensors that nothing else reads. */
const inPlace = fc
  .record({
    h: fc.oneof(fc.integer({ min: 4, max: 12 }), fc.constantFrom(35, 40)),
    w: fc.oneof(fc.integer({ min: 3, max: 12 }), fc.constantFrom(30, 33)),
    c: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(12, 19, 24)),
    kernel: fc.constantFrom<[number, number]>([3, 3], [3, 3], [5, 5], [7, 7], [1, 3], [5, 3]),
    seed,
    x: quant,
    y: quant,
    clamp: clamps,
    magnitude,
  })
  .map((p): Instance => {
    const layerOf = (kernel: readonly [number, number], isDepthwise: boolean): Layer => {
      const [top, left] = [kernel[0] >> 1, kernel[1] >> 1];
      return {
        ...p,
        inC: p.c,
        outC: p.c,
        kernel,
        strides: [1, 1],
        dilation: 1,
        pads: [top, left, top, left],
        depthwise: isDepthwise,
      };
    };
    return (b) => {
      const x = b.input([1, p.h, p.w, p.c], p.x);
      const first = convolutionOf(b, layerOf([1, 1], false), x);
      return convolutionOf(b, layerOf([1, 1], false), convolutionOf(b, layerOf(p.kernel, true), first));
    };
  });

test("what works in place leaves the reference's bytes, in turns of few rows too", async () => {
  for (const [round, optimize] of (["speed", "ram"] as const).entries()) {
    const b = new GraphBuilder(`in_place_${round}`);
    for (const add of fc.sample(inPlace, { numRuns: 8, seed: 17 + round })) b.output(add(b));
    const graph = b.build();
    const program = compileGraph(graph, speedTarget("cortex-m4", []), { optimize, io: "arena" });
    const taken = program.schedule.steps.filter((step) => {
      const [from, to] = [step.node.inputs[0]!, step.output].map((id) => program.arena.places.get(id));
      return step.call?.inPlace === true && from?.kind === "arena" && to?.kind === "arena" && from.offset === to.offset;
    });
    const turns = taken.flatMap(({ call }) => {
      const { turn } = call!.params.fields;
      return typeof turn === "number" ? [rowsPerCall(call!) / turn] : [];
    });
    expect(turns.filter((count) => count > 1).length).toBeGreaterThan(1);
    expect(taken.some(({ call }) => call?.drive.kind === "flat")).toBe(true);
    await expectSameEverywhere(program, graph, 6);
  }
}, 600_000);
