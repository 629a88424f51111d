/**
 * The kernels of a core with Helium and of cores without DSP, and the element-wise ones of all, over the shapes that their blocks, tails and borders tell apart: the
 * reference, the schedule, the portable twins under sanitizers and QEMU agree on every byte.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Profile } from "../../compiler/arith/numerics.js";
import { compileGraph } from "../../compiler/compile-graph.js";
import type { TensorId } from "../../compiler/ir/graph.js";
import { elementCount } from "../../compiler/ir/shape.js";
import { clampAttributes, clamps } from "../support/clamps.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";
import { maybeJoined, roomForJoins } from "../support/joins.js";
import { expectSameEverywhere } from "../support/same-everywhere.js";
import { speedTarget } from "../support/targets.js";

type Instance = (b: GraphBuilder) => TensorId;

const channels = fc.integer({ min: 1, max: 67 });
const size = fc.integer({ min: 1, max: 9 });
const seed = fc.integer({ min: 1, max: 1 << 20 });
const zero = fc.constantFrom(-128, -7, 0, 127);
const scale = fc.double({ min: 0.02, max: 0.3, noNaN: true }).map(Math.fround);
const quant = fc.record({ zero, scale });
/** Weights over all of int8, or small enough for products of several taps to fit 16 bits. */
const magnitude = fc.constantFrom(128, 40, 12);

function weightData(count: number, from: number, limit: number): number[] {
  const data = randomInts(count, from, -limit, Math.min(limit, 127));
  if (limit === 128) data[0] = -128;
  return data;
}

const layer = fc.record({
  h: size,
  w: size,
  inC: channels,
  outC: channels,
  kernel: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
  /** Taller and wider windows are common without groups of more than one channel only. */
  large: fc.constantFrom(undefined, undefined, [7, 7] as const, [9, 2] as const, [3, 9] as const),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  dilation: fc.constantFrom(1, 1, 1, 2),
  groups: fc.constantFrom(1, 1, 1, 2, 3),
  pads: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 4, maxLength: 4 }),
  seed,
  x: quant,
  y: quant,
  clamp: clamps,
  magnitude,
});

type Layer = typeof layer extends fc.Arbitrary<infer Value> ? Value : never;
type Form = "conv" | "pointwise" | "depthwise";

function convolution(form: Form, p: Layer): Instance {
  return (b) => {
    const pointwise = form === "pointwise";
    const depthwise = form === "depthwise";
    const [kh, kw] = pointwise ? [1, 1] : ((depthwise ? p.large : undefined) ?? p.kernel);
    const groups = form === "conv" ? p.groups : 1;
    const inC = groups * Math.ceil(p.inC / groups);
    const outC = depthwise ? p.inC : groups * Math.ceil(p.outC / groups);
    const dilation = pointwise ? 1 : p.dilation;
    const attrs = {
      groups: depthwise ? p.inC : groups,
      strides: pointwise ? [1, 1] : p.strides,
      dilations: [dilation, dilation],
      pads: pointwise ? [0, 0, 0, 0] : p.pads,
      ...clampAttributes(p.clamp, p.y.zero),
    };
    const h = Math.max(p.h, (kh - 1) * dilation + 1);
    const w = Math.max(p.w, (kw - 1) * dilation + 1);
    const x = b.input([1, h, w, inC], p.x);
    const shape = [outC, kh, kw, depthwise ? 1 : inC / groups];
    const scales = Array.from({ length: outC }, (_, c) => 0.002 + ((p.seed + c) % 11) * 0.0007);
    const weights = b.weights(shape, weightData(elementCount(shape), p.seed, p.magnitude), scales);
    return b.node("conv2d", [x, weights, b.bias(randomInts(outC, p.seed + 1, -3000, 3000))], attrs, p.y);
  };
}

const fullyConnected = fc
  .record({
    inputs: fc.integer({ min: 1, max: 200 }),
    outputs: fc.integer({ min: 1, max: 40 }),
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
        const weights = b.weights(
          [p.outputs, p.inputs],
          weightData(p.outputs * p.inputs, p.seed, p.magnitude),
          [0.004],
        );
        const bias = b.bias(randomInts(p.outputs, p.seed, -900, 900));
        return b.node("fully_connected", [x, weights, bias], { alpha: 1, ...clampAttributes(p.clamp, p.y.zero) }, p.y);
      },
  );

/** Operands of one shape, or one of them a value, a row of channels or a value per pixel. */
const binary = fc
  .record({
    kind: fc.constantFrom("add", "mul"),
    h: size,
    w: size,
    c: channels,
    other: fc.constantFrom("full", "full", "channel", "pixel", "scalar"),
    swap: fc.boolean(),
    unsigned: fc.boolean(),
    a: quant,
    b: quant,
    y: quant,
    clamp: clamps,
  })
  .map(
    (p): Instance =>
      (b) => {
        const storage = p.unsigned ? ("uint8" as const) : ("int8" as const);
        const full = [1, p.h, p.w, p.c];
        const other = { full, channel: [1, 1, 1, p.c], pixel: [1, p.h, p.w, 1], scalar: [1, 1, 1, 1] }[p.other];
        const [first, second] = p.swap ? [other, full] : [full, other];
        const inputs = [b.input(first, { ...p.a, storage }), b.input(second, { ...p.b, storage })];
        return b.node(
          p.kind,
          inputs,
          p.kind === "add"
            ? { ...clampAttributes(p.clamp, p.y.zero), spanScalar: "none" }
            : clampAttributes(p.clamp, p.y.zero),
          {
            ...p.y,
            storage,
          },
        );
      },
  );

const lookup = fc.record({ h: size, c: channels, seed }).map(
  (p): Instance =>
    (b) =>
      b.node("lookup", [b.input([1, p.h, 1, p.c]), b.weights([256], randomInts(256, p.seed))], {}, { scale: 0.1 }),
);

const maxPool = layer.map(
  (p): Instance =>
    (b) => {
      const dilations = [p.dilation, p.dilation];
      const [h, w] = [p.h, p.w].map((at, i) => Math.max(at, (p.kernel[i]! - 1) * p.dilation + 1));
      const pads = p.pads.map((pad, i) => Math.min(pad, p.kernel[i % 2]! - 1));
      const x = b.input([1, h!, w!, p.inC], p.x);
      return b.node("max_pool2d", [x], {
        kernel: p.kernel,
        strides: p.strides,
        dilations,
        pads,
        ...clampAttributes(p.clamp, p.x.zero),
      });
    },
);

/** Runs of all lengths about a vector's. */
const concat = fc.record({ h: size, parts: fc.array(channels, { minLength: 1, maxLength: 4 }) }).map(
  (p): Instance =>
    (b) =>
      b.node(
        "concat",
        p.parts.map((c) => b.input([1, p.h, 1, c])),
        { axis: 3 },
      ),
);

/** More pixels than sums of 16 bits hold, too. */
const mean = fc
  .record({ pixels: fc.constantFrom(1, 7, 255, 256, 600), c: channels, x: quant, y: quant, clamp: clamps })
  .map(
    (p): Instance =>
      (b) =>
        b.node(
          "mean",
          [b.input([1, p.pixels, 1, p.c], p.x)],
          { axes: [1, 2], keepDims: true, ...clampAttributes(p.clamp, p.y.zero) },
          p.y,
        ),
  );

const instances: Readonly<Record<string, fc.Arbitrary<Instance>>> = {
  conv: maybeJoined(layer.map((p) => convolution("conv", p))),
  pointwise: maybeJoined(layer.map((p) => convolution("pointwise", p))),
  depthwise: maybeJoined(layer.map((p) => convolution("depthwise", p))),
  fully_connected: maybeJoined(fullyConnected),
  elementwise: maybeJoined(fc.oneof(binary, binary, lookup, maxPool, mean, concat)),
};

const targetsOf = (kind: string): readonly string[] =>
  kind === "elementwise" ? ["cortex-m55", "cortex-m4", "cortex-m3"] : ["cortex-m55", "cortex-m3", "cortex-m0"];
const profiles: readonly Profile[] = ["ort", "fast"];

/** The kernels that run where a multiplication has no wide form, which is rare, have a round of their own. */
const without: Readonly<Record<string, readonly string[]>> = { fast: ["lwc_mul_wide_s8", "lwc_mul_wide_s8_mve"] };

describe.each(Object.keys(instances))("%s", (kind) => {
  test.each(targetsOf(kind))(
    "reference = replay = host = QEMU, %s",
    async (target) => {
      for (const [round, numerics] of profiles.entries()) {
        const b = new GraphBuilder(`${kind}_${round}`);
        for (const add of fc.sample(instances[kind]!, {
          numRuns: target === "cortex-m55" ? 32 : 20,
          seed: 77 * round + kind.length,
        }))
          b.output(add(b));
        const graph = b.build();
        const program = compileGraph(graph, speedTarget(target, without[numerics]), {
          numerics,
          optimize: "speed",
          ram: roomForJoins,
        });
        expect(program.schedule.parts.size).toBeGreaterThan(0);
        const used = new Set(program.schedule.steps.map((step) => step.call?.kernel ?? ""));
        expect(
          [...used].some((kernel) => /_(mve|swar|x4|dsp|wide_s8)$|^lwc_mul_s8$/.test(kernel)),
          [...used].join(" "),
        ).toBe(true);
        await expectSameEverywhere(program, graph, 6);
      }
    },
    240_000,
  );
});

/** Short 1x1 rows with an odd pixel at their end, which takes eight channels at a time: pixels, input and output channels. */
const oddRows = [
  [3, 5, 8],
  [5, 64, 64],
  [7, 16, 24],
  [9, 130, 16],
  [31, 300, 8],
  [5, 8, 40],
  [3, 1100, 8],
  [29, 144, 32],
] as const;

test.each(profiles)(
  "an odd pixel behind the pairs, %s: reference = replay = host = QEMU, cortex-m55",
  async (numerics) => {
    const b = new GraphBuilder("odd");
    for (const [pixels, inputs, outputs] of oddRows) {
      const weights = b.weights([outputs, 1, 1, inputs], randomInts(outputs * inputs, pixels + inputs));
      const attrs = {
        groups: 1,
        strides: [1, 1],
        dilations: [1, 1],
        pads: [0, 0, 0, 0],
        clampMin: -100,
        clampMax: 127,
      };
      const bias = b.bias(randomInts(outputs, outputs, -3000, 3000));
      const x = b.input([1, 1, pixels, inputs], { zero: -7, scale: 0.1 });
      b.output(b.node("conv2d", [x, weights, bias], attrs, { scale: 0.02 * inputs ** 0.5, zero: 3 }));
    }
    const graph = b.build();
    const program = compileGraph(graph, speedTarget("cortex-m55"), { numerics, optimize: "speed" });
    expect(new Set(program.schedule.steps.map(({ call }) => call?.kernel))).toEqual(new Set(["lwc_pointwise_s8_mve"]));
    await expectSameEverywhere(program, graph, 4);
  },
  240_000,
);

/** Wide rows, which are made in two halves where RAM is the goal: width, channels, window, stride, padding on the left and on the right. */
const wideRows = [
  [48, 8, 3, 1, 1, 1],
  [37, 3, 3, 1, 1, 1],
  [41, 20, 5, 1, 2, 2],
  [70, 17, 7, 2, 3, 3],
  [64, 16, 3, 2, 0, 1],
  [45, 5, 2, 1, 0, 0],
] as const;

test("depthwise rows in halves: reference = replay = host = QEMU, cortex-m55", async () => {
  const b = new GraphBuilder("halves");
  for (const [width, count, size, stride, left, right] of wideRows) {
    const weights = b.weights([count, size, size, 1], randomInts(count * size * size, width));
    const attrs = { groups: count, strides: [stride, stride], dilations: [1, 1], pads: [left, left, right, right] };
    const x = b.input([1, 7, width, count]);
    b.output(b.node("conv2d", [x, weights], { ...attrs, clampMin: -128, clampMax: 127 }, { scale: 0.4, zero: 3 }));
  }
  const graph = b.build();
  const program = compileGraph(graph, speedTarget("cortex-m55"), { optimize: "ram", ram: "least" });
  const fields = program.schedule.steps.map(({ call }) => call!.params.fields);
  expect(fields.map(({ span, out_w: all }) => Number(span) < Number(all))).toEqual(wideRows.map(() => true));
  await expectSameEverywhere(program, graph, 4);
}, 240_000);
