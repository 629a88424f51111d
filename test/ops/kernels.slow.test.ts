/**
 * Every operator with random legal attributes: the reference, the schedule, the C on the host under sanitizers and the C in
 * QEMU agree on every byte. Many instances of an operator form one program, each with inputs and an output of its own, so
 * that one build checks them all.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Profile } from "../../compiler/arith/numerics.js";
import { coordinateModes, nearestModes } from "../../compiler/arith/resize.js";
import { compileGraph } from "../../compiler/compile-graph.js";
import type { TensorId } from "../../compiler/ir/graph.js";
import { elementCount } from "../../compiler/ir/shape.js";
import { allOps } from "../../compiler/ops/index.js";
import { loadTarget } from "../../compiler/verify/target-files.js";
import { clampAttributes, clamps } from "../support/clamps.js";
import { elementwiseInstances } from "../support/elementwise-instances.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";
import { maybeJoined, roomForJoins } from "../support/joins.js";
import { expectSameEverywhere } from "../support/same-everywhere.js";
import { maybeTabled } from "../support/tables.js";

/** Adds one instance of an operator and returns its output. */
type Instance = (b: GraphBuilder) => TensorId;

const int8 = fc.integer({ min: -128, max: 127 });
const small = fc.integer({ min: 1, max: 7 });
const channels = fc.integer({ min: 1, max: 19 });
const seed = fc.integer({ min: 1, max: 1 << 20 });
const zero = fc.oneof(fc.constantFrom(-128, 0, 127), int8);
const scale = fc.double({ min: 0.01, max: 0.3, noNaN: true }).map(Math.fround);
const map = fc.record({ h: small, w: small, c: channels });
const quant = fc.record({ zero, scale });

const window = fc.record({
  kernel: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  dilations: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  pads: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 4, maxLength: 4 }),
});

/** Grows the input until the window fits once. */
function atLeast(size: number, k: number, dilation: number): number {
  return Math.max(size, (k - 1) * dilation + 1);
}

const conv = fc
  .record({
    map,
    window,
    form: fc.constantFrom("plain", "pointwise", "depthwise", "grouped", "whole"),
    outputs: channels,
    groups: fc.integer({ min: 2, max: 3 }),
    multiplier: fc.integer({ min: 1, max: 3 }),
    seed,
    x: quant,
    y: quant,
    clamp: clamps,
    perChannel: fc.boolean(),
    bias: fc.boolean(),
    weightZero: fc.constantFrom(0, 0, 0, 5, -128),
  })
  .map(
    (p): Instance =>
      (b) => {
        const [kh, kw] = p.form === "pointwise" ? [1, 1] : p.form === "whole" ? [p.map.h, p.map.w] : p.window.kernel;
        const groups = p.form === "depthwise" ? p.map.c : p.form === "grouped" ? p.groups : 1;
        const inputs = p.form === "grouped" ? p.map.c * p.groups : p.map.c;
        const outputs =
          p.form === "depthwise" ? p.map.c * p.multiplier : p.form === "grouped" ? p.outputs * p.groups : p.outputs;
        const plain = p.form === "pointwise" || p.form === "whole";
        const attrs = {
          groups,
          strides: plain ? [1, 1] : p.window.strides,
          dilations: plain ? [1, 1] : p.window.dilations,
          pads: plain ? [0, 0, 0, 0] : p.window.pads,
          ...clampAttributes(p.clamp, p.y.zero),
        };
        const h = atLeast(p.map.h, kh, attrs.dilations[0]!);
        const w = atLeast(p.map.w, kw, attrs.dilations[1]!);
        const x = b.input([1, h, w, inputs], p.x);
        const shape = [outputs, kh, kw, inputs / groups];
        const scales = Array.from(
          { length: p.perChannel ? outputs : 1 },
          (_, c) => 0.002 + ((p.seed + c) % 11) * 0.0007,
        );
        const weights = b.weights(shape, randomInts(elementCount(shape), p.seed), scales, p.weightZero);
        const bias = p.bias ? [b.bias(randomInts(outputs, p.seed + 1, -3000, 3000))] : [];
        return b.node("conv2d", [x, weights, ...bias], attrs, p.y);
      },
  );

const transposed = fc
  .record({
    map: fc.record({ h: small, w: small, c: fc.integer({ min: 1, max: 9 }) }),
    window,
    form: fc.constantFrom("plain", "plain", "depthwise", "grouped"),
    outputs: channels,
    outputPadding: fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 })),
    seed,
    x: quant,
    y: quant,
    clamp: clamps,
    perChannel: fc.boolean(),
    bias: fc.boolean(),
    weightZero: fc.constantFrom(0, 0, 0, -3),
  })
  .map(
    (p): Instance =>
      (b) => {
        const groups = p.form === "depthwise" ? p.map.c : p.form === "grouped" ? 2 : 1;
        const inputs = p.form === "grouped" ? 2 * p.map.c : p.map.c;
        const outputs = p.form === "depthwise" ? p.map.c : p.form === "grouped" ? 2 * p.outputs : p.outputs;
        const { kernel, strides, dilations } = p.window;
        const sizes = [p.map.h, p.map.w].map(
          (size, i) => (size - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1 + p.outputPadding[i]!,
        );
        // At least one row and column stays.
        const pads = p.window.pads.map((pad, i) => Math.min(pad, Math.floor((sizes[i % 2]! - 1) / 2)));
        const x = b.input([1, p.map.h, p.map.w, inputs], p.x);
        const shape = [outputs, ...kernel, inputs / groups];
        const scales = Array.from(
          { length: p.perChannel ? outputs : 1 },
          (_, c) => 0.002 + ((p.seed + c) % 11) * 0.0007,
        );
        const weights = b.weights(shape, randomInts(elementCount(shape), p.seed), scales, p.weightZero);
        const bias = p.bias ? [b.bias(randomInts(outputs, p.seed + 1, -3000, 3000))] : [];
        const attrs = {
          groups,
          strides,
          dilations,
          pads,
          outputPadding: p.outputPadding,
          ...clampAttributes(p.clamp, p.y.zero),
        };
        return b.node("conv_transpose2d", [x, weights, ...bias], attrs, p.y);
      },
  );

const pool = fc.record({ map, window, clamp: clamps, x: quant, y: quant, whole: fc.boolean(), unsigned: fc.boolean() });

/** Window and an input that it fits, with no window of nothing but padding. */
function poolOf(p: { readonly map: { h: number; w: number; c: number }; readonly window: PoolWindow }) {
  const { kernel, dilations } = p.window;
  const pads = p.window.pads.map((pad, i) => Math.min(pad, kernel[i % 2]! - 1));
  const shape = [1, atLeast(p.map.h, kernel[0]!, dilations[0]!), atLeast(p.map.w, kernel[1]!, dilations[1]!), p.map.c];
  return { shape, attrs: { ...p.window, pads } };
}

interface PoolWindow {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
}

const pair = fc.record({
  map,
  mode: fc.constantFrom("same", "channel", "channelFirst", "pixel", "scalar"),
  a: quant,
  b: quant,
  y: quant,
  clamp: clamps,
  unsigned: fc.boolean(),
  span: fc.constantFrom("none", "a", "b"),
});

function binary(kind: "add" | "mul") {
  return pair.map(
    (p): Instance =>
      (b) => {
        const storage = p.unsigned ? ("uint8" as const) : ("int8" as const);
        const full = [1, p.map.h, p.map.w, p.map.c];
        const broadcast = { same: full, scalar: [1, 1, 1, 1], pixel: [1, p.map.h, p.map.w, 1] } as const;
        const other = p.mode === "channel" || p.mode === "channelFirst" ? [1, 1, 1, p.map.c] : broadcast[p.mode];
        const first = p.mode === "channelFirst" ? other : full;
        const second = p.mode === "channelFirst" ? full : other;
        const x = b.input(first, { ...p.a, storage });
        const y = b.input(second, { ...p.b, storage });
        const attrs =
          kind === "add"
            ? { ...clampAttributes(p.clamp, p.y.zero), spanScalar: p.span }
            : clampAttributes(p.clamp, p.y.zero);
        return b.node(kind, [x, y], attrs, { ...p.y, storage });
      },
  );
}

const resized = fc
  .record({
    map,
    mode: fc.constantFrom("nearest", "linear"),
    coordinates: fc.constantFrom(...coordinateModes),
    rounding: fc.constantFrom(...nearestModes),
    size: fc.tuple(fc.integer({ min: 1, max: 17 }), fc.integer({ min: 1, max: 17 })),
    bySize: fc.boolean(),
    scales: fc.tuple(fc.constantFrom(2, 2, 3, 4, 0.5, 1, 1.5, 2.7), fc.constantFrom(2, 4, 8, 0.4, 1, 1.1)),
    x: quant,
    y: quant,
    keeps: fc.boolean(),
    clamp: clamps,
  })
  .map(
    (p): Instance =>
      (b) => {
        const input = [p.map.h, p.map.w];
        const size = p.bySize ? p.size : input.map((dim, i) => Math.max(1, Math.floor(dim * p.scales[i]!)));
        const [scaleH, scaleW] = p.bySize
          ? size.map((dim, i) => Math.fround(dim / input[i]!))
          : p.scales.map(Math.fround);
        const isLinear = p.mode === "linear";
        const y = p.keeps ? p.x : p.y;
        const bounds = isLinear ? clampAttributes(p.clamp, y.zero) : { clampMin: -128, clampMax: 127 };
        const { mode, coordinates, rounding } = p;
        const attrs = { mode, coordinates, rounding, size, scaleH: scaleH!, scaleW: scaleW!, ...bounds };
        return b.node("resize", [b.input([1, ...input, p.map.c], p.x)], attrs, isLinear ? y : undefined);
      },
  );

/** Of rank 1 to 5; the batch of a map is 1. */
const anyShape = fc
  .array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 })
  .map((shape) => (shape.length === 4 ? [1, ...shape.slice(1)] : shape));

const instances: Readonly<Record<string, fc.Arbitrary<Instance>>> = {
  ...elementwiseInstances,
  conv2d: maybeTabled(conv),
  conv_transpose2d: transposed,
  add: binary("add"),
  mul: binary("mul"),
  fully_connected: maybeTabled(
    fc
      .record({
        inputs: fc.integer({ min: 1, max: 67 }),
        outputs: channels,
        seed,
        x: quant,
        y: quant,
        clamp: clamps,
        alpha: fc.constantFrom(1, 0.5),
        weightZero: fc.constantFrom(0, 0, 7),
      })
      .map(
        (p): Instance =>
          (b) => {
            const x = b.input([1, p.inputs], p.x);
            const weights = b.weights(
              [p.outputs, p.inputs],
              randomInts(p.outputs * p.inputs, p.seed),
              [0.004],
              p.weightZero,
            );
            return b.node(
              "fully_connected",
              [x, weights, b.bias(randomInts(p.outputs, p.seed, -900, 900))],
              { alpha: p.alpha, ...clampAttributes(p.clamp, p.y.zero) },
              p.y,
            );
          },
      ),
  ),
  mean: fc
    .record({ map, axes: fc.constantFrom([1, 2], [1], [2]), keepDims: fc.boolean(), x: quant, y: quant, clamp: clamps })
    .map(
      (p): Instance =>
        (b) => {
          return b.node(
            "mean",
            [b.input([1, p.map.h, p.map.w, p.map.c], p.x)],
            { axes: p.axes, keepDims: p.keepDims, ...clampAttributes(p.clamp, p.y.zero) },
            p.y,
          );
        },
    ),
  max_pool2d: pool.map(
    (p): Instance =>
      (b) => {
        const pads = p.window.pads.map((pad, i) => Math.min(pad, p.window.kernel[i % 2]! - 1));
        const x = b.input(
          [
            1,
            atLeast(p.map.h, p.window.kernel[0], p.window.dilations[0]),
            atLeast(p.map.w, p.window.kernel[1], p.window.dilations[1]),
            p.map.c,
          ],
          p.x,
        );
        return b.node("max_pool2d", [x], { ...p.window, pads, ...clampAttributes(p.clamp, p.x.zero) });
      },
  ),
  argmax_pool2d: pool.map(
    (p): Instance =>
      (b) => {
        const { shape, attrs } = poolOf(p);
        return b.node("argmax_pool2d", [b.input(shape, p.x)], attrs, { scale: 1, zero: -128 });
      },
  ),
  max_unpool2d: pool.map(
    (p): Instance =>
      (b) => {
        const { shape, attrs } = poolOf(p);
        const places = b.node("argmax_pool2d", [b.input(shape)], attrs, { scale: 1, zero: -128 });
        return b.node("max_unpool2d", [b.input(b.shapeOf(places), p.x), places], { ...attrs, size: shape.slice(1, 3) });
      },
  ),
  avg_pool2d: pool.map(
    (p): Instance =>
      (b) => {
        const { kernel, strides } = p.window;
        const pads = p.window.pads.map((pad, i) => Math.min(pad, kernel[i % 2]! - 1));
        const storage = p.unsigned ? ("uint8" as const) : ("int8" as const);
        const x = b.input([1, atLeast(p.map.h, kernel[0], 1), atLeast(p.map.w, kernel[1], 1), p.map.c], {
          ...p.x,
          storage,
        });
        return b.node(
          "avg_pool2d",
          [x],
          { kernel, strides, pads, countIncludePad: p.whole, ...clampAttributes(p.clamp, p.y.zero) },
          { ...p.y, storage },
        );
      },
  ),
  softmax: fc.record({ shape: anyShape, x: quant }).map(
    (p): Instance =>
      (b) =>
        b.node("softmax", [b.input(p.shape, p.x)], {}, { scale: 1 / 256, zero: -128 }),
  ),
  concat: fc.record({ shape: anyShape, axis: fc.nat(), sizes: fc.array(small, { minLength: 1, maxLength: 4 }) }).map(
    (p): Instance =>
      (b) => {
        const isMap = p.shape.length === 4;
        const axis = isMap ? 1 + (p.axis % 3) : p.axis % p.shape.length;
        const parts = p.sizes.map((size) => b.input(p.shape.map((dim, i) => (i === axis ? size : dim))));
        return b.node("concat", parts, { axis });
      },
  ),
  shift: fc.record({ map, seed, value: int8, groups: fc.integer({ min: 1, max: 4 }) }).map(
    (p): Instance =>
      (b) => {
        // Neighbouring channels often move alike.
        const distance = (from: number): number[] => {
          const few = randomInts(p.groups, from, -3, 3);
          return Array.from({ length: p.map.c }, (_, c) => few[Math.floor((c * p.groups) / p.map.c)]!);
        };
        const x = b.input([1, p.map.h, p.map.w, p.map.c]);
        return b.node("shift", [x], { rows: distance(p.seed), columns: distance(p.seed + 1), value: p.value });
      },
  ),
  channel_select: fc
    .record({
      shape: anyShape,
      sizes: fc.array(channels, { minLength: 1, maxLength: 4 }),
      runs: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { minLength: 1, maxLength: 6 }),
    })
    .map(
      (p): Instance =>
        (b) => {
          const inputs = p.sizes.map((size) => b.input([...p.shape.slice(0, -1), size]));
          const runs = p.runs.map(([part, from, length]) => {
            const size = p.sizes[part % p.sizes.length]!;
            const start = from % size;
            return { part: part % p.sizes.length, start, count: 1 + (length % (size - start)) };
          });
          return b.node("channel_select", inputs, {
            parts: runs.map(({ part }) => part),
            starts: runs.map(({ start }) => start),
            counts: runs.map(({ count }) => count),
          });
        },
    ),
  pad: fc
    .record({
      shape: anyShape,
      amounts: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 10, maxLength: 10 }),
      value: int8,
    })
    .map(
      (p): Instance =>
        (b) => {
          const rank = p.shape.length;
          return b.node("pad", [b.input(p.shape)], {
            before: p.amounts.slice(0, rank),
            after: p.amounts.slice(5, 5 + rank),
            value: p.value,
          });
        },
    ),
  reshape: anyShape.map(
    (shape): Instance =>
      (b) =>
        b.node("reshape", [b.input(shape)], { shape: [1, elementCount(shape)] }),
  ),
  resize: resized,
  transpose: anyShape.chain((shape) =>
    fc
      .shuffledSubarray(
        shape.map((_, i) => i),
        { minLength: shape.length },
      )
      .map(
        (perm): Instance =>
          (b) =>
            b.node("transpose", [b.input(shape)], { perm }),
      ),
  ),
  slice: fc
    .record({
      shape: anyShape,
      picks: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 2 }), fc.boolean()), {
        minLength: 5,
        maxLength: 5,
      }),
    })
    .map(
      (p): Instance =>
        (b) => {
          const parts = p.shape.map((dim, axis) => {
            const [from, extra, step, backwards] = p.picks[axis]!;
            const start = from % dim;
            const count = 1 + Math.floor((extra % (dim - start)) / step);
            const ahead = { start, end: start + step * count, step };
            return backwards ? { start: start + step * (count - 1), end: start - step, step: -step } : ahead;
          });
          return b.node("slice", [b.input(p.shape)], {
            starts: parts.map((q) => q.start),
            ends: parts.map((q) => q.end),
            steps: parts.map((q) => q.step),
          });
        },
    ),
  take: fc.record({ shape: anyShape, axis: fc.nat(), picks: fc.array(fc.nat(), { minLength: 1, maxLength: 9 }) }).map(
    (p): Instance =>
      (b) => {
        const axis = p.shape.length === 4 ? 1 + (p.axis % 3) : p.axis % p.shape.length;
        const indices = p.picks.map((pick) => pick % p.shape[axis]!);
        return b.node("take", [b.input(p.shape)], { axis, indices });
      },
  ),
  lookup: fc.record({ shape: anyShape, seed }).map(
    (p): Instance =>
      (b) =>
        b.node("lookup", [b.input(p.shape), b.weights([256], randomInts(256, p.seed))], {}, { scale: 0.1 }),
  ),
  argmax: fc.record({ shape: anyShape, axis: fc.nat(), keepDims: fc.boolean(), selectLast: fc.boolean() }).map(
    (p): Instance =>
      (b) => {
        const shape = p.shape.length === 4 ? p.shape : p.shape.length === 3 ? [1, ...p.shape] : [...p.shape, 3];
        return b.node("argmax", [b.input(shape)], {
          axis: p.axis % shape.length,
          keepDims: p.keepDims,
          selectLast: p.selectLast,
        });
      },
  ),
};

/** The M4 runs the DSP kernels and the FPU, the M3 the portable ones and integer requantization. */
const targets = ["cortex-m4", "cortex-m3"] as const;
const profiles: readonly Profile[] = ["ort", "fast"];

test("every operator of the table is here", () => {
  expect(Object.keys(instances).sort()).toEqual(
    allOps()
      .map((op) => op.kind)
      .sort(),
  );
});

describe.each(Object.keys(instances))("%s", (kind) => {
  test.each(targets)(
    "reference = replay = host = QEMU, %s",
    async (target) => {
      for (const [round, numerics] of profiles.entries()) {
        const b = new GraphBuilder(`${kind}_${round}`);
        for (const add of fc.sample(maybeJoined(instances[kind]!), { numRuns: 24, seed: 1000 * round + target.length }))
          b.output(add(b));
        const graph = b.build();
        const program = compileGraph(graph, await loadTarget(target), { numerics, ram: roomForJoins });
        if (kind === "conv2d" || kind === "lookup") expect(program.schedule.parts.size).toBeGreaterThan(0);
        await expectSameEverywhere(program, graph, 8);
      }
    },
    240_000,
  );
});
