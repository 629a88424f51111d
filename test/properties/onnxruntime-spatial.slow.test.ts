/**
 * Operators that move or combine space, in random geometry and every spelling of their attributes, against ONNX Runtime. Equal
 * where it computes in integers, or where lwc holds its float arithmetic exactly; transposed convolutions, which it computes in
 * float in an order of its own, differ by one step in a few of ten thousand values.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { coordinateModes } from "../../compiler/arith/resize.js";
import { compareWithOnnxRuntime } from "../support/against-onnxruntime.js";
import { randomInts } from "../support/graph-builder.js";
import type { OnnxBuilder } from "../support/onnx-builder.js";

interface Geometry {
  readonly rank: 1 | 2;
  readonly channels: number;
  readonly size: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly autoPad: "NOTSET" | "VALID" | "SAME_UPPER" | "SAME_LOWER";
  readonly ceil: boolean;
  readonly flag: boolean;
  readonly unsigned: boolean;
  readonly seed: number;
}

const pair = (min: number, max: number): fc.Arbitrary<readonly number[]> =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

const geometry: fc.Arbitrary<Geometry> = fc.record({
  rank: fc.constantFrom(1, 2, 2, 2),
  channels: fc.integer({ min: 1, max: 6 }),
  size: pair(6, 12),
  kernel: pair(1, 4),
  strides: pair(1, 3),
  dilations: pair(1, 2),
  pads: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)),
  autoPad: fc.constantFrom("NOTSET", "NOTSET", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"),
  ceil: fc.boolean(),
  flag: fc.boolean(),
  unsigned: fc.boolean(),
  seed: fc.integer({ min: 1, max: 99_999 }),
});

/** The last values: those of the only axis of a 1-D map. */
const axes = (g: Geometry, list: readonly number[]): readonly number[] => list.slice(2 - g.rank);
const inputDims = (g: Geometry): readonly number[] => [1, g.channels, ...axes(g, g.size)];

function padding(g: Geometry, pads: readonly number[]): Record<string, string | readonly number[]> {
  if (g.autoPad !== "NOTSET") return { auto_pad: g.autoPad };
  const [top, left, bottom, right] = pads;
  return { pads: g.rank === 1 ? [left!, right!] : [top!, left!, bottom!, right!] };
}

/** Pads smaller than the window, so that no window holds nothing but padding. */
const smallPads = (g: Geometry): readonly number[] => g.pads.map((pad, i) => Math.min(pad, g.kernel[i % 2]! - 1));

/** Where auto_pad is given dilations have to be 1. */
const dilationsOf = (g: Geometry): readonly number[] => axes(g, g.autoPad === "NOTSET" ? g.dilations : [1, 1]);

function poolAttributes(g: Geometry, dilated: boolean) {
  return {
    kernel_shape: axes(g, g.kernel),
    // ONNX Runtime refuses auto_pad SAME where windows leave gaps: it finds negative pads.
    strides: axes(g, g.autoPad.startsWith("SAME") ? g.strides.map((s, i) => Math.min(s, g.kernel[i]!)) : g.strides),
    ceil_mode: g.ceil ? 1 : 0,
    ...(dilated ? { dilations: dilationsOf(g) } : {}),
    ...padding(g, smallPads(g)),
  };
}

type Build = (b: OnnxBuilder, x: string, g: Geometry) => string;

function weights(b: OnnxBuilder, dims: readonly number[], g: Geometry, axis: number): string {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const scales = Array.from({ length: dims[axis]! }, (_, i) => Math.fround(0.002 + ((g.seed + i) % 13) * 0.0005));
  return b.weights(dims, randomInts(count, g.seed, -127), scales, axis);
}

const outScale = { scale: 0.08, zero: -7 };

/** The input's own parameters: what a movement keeps. */
const same = { scale: 0.05, zero: 4 };

const exact: Readonly<Record<string, { readonly build: Build; readonly out: typeof same }>> = {
  Conv: {
    build: (b, x, g) =>
      b.node("Conv", [x, weights(b, [3, g.channels, ...axes(g, g.kernel)], g, 0)], {
        attributes: { strides: axes(g, g.strides), dilations: dilationsOf(g), ...padding(g, g.pads) },
      }),
    out: outScale,
  },
  MaxPool: { build: (b, x, g) => b.node("MaxPool", [x], { attributes: poolAttributes(g, true) }), out: same },
  "MaxPool, rescaled": {
    build: (b, x, g) => b.node("MaxPool", [x], { attributes: poolAttributes(g, true) }),
    out: outScale,
  },
  AveragePool: {
    build: (b, x, g) =>
      b.node("AveragePool", [x], { attributes: { ...poolAttributes(g, false), count_include_pad: g.flag ? 1 : 0 } }),
    out: outScale,
  },
  GlobalMaxPool: { build: (b, x) => b.node("GlobalMaxPool", [x]), out: outScale },
  GlobalAveragePool: { build: (b, x) => b.node("GlobalAveragePool", [x]), out: outScale },
  MaxUnpool: {
    build: (b, x, g) => {
      const attributes = { kernel_shape: axes(g, g.kernel), strides: axes(g, g.strides) };
      b.add("MaxPool", [x], ["pooled", "indices"], { attributes });
      const values = b.qdq("pooled", g.flag ? same.scale : 0.07, same.zero + (g.unsigned ? 128 : 0), typeOf(g));
      const shape = b.constant("int64", [inputDims(g).length], inputDims(g));
      return b.node("MaxUnpool", [values, "indices", shape], { attributes });
    },
    out: same,
  },
};

interface Resizing {
  readonly g: Geometry;
  readonly mode: string;
  readonly coordinates: string;
  readonly rounding: string;
  readonly bySize: boolean;
  readonly size: readonly number[];
  readonly scales: readonly number[];
}

const resizing: fc.Arbitrary<Resizing> = fc.record({
  g: geometry,
  mode: fc.constantFrom("nearest", "linear"),
  coordinates: fc.constantFrom(...coordinateModes),
  rounding: fc.constantFrom("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
  bySize: fc.boolean(),
  size: pair(1, 25),
  scales: fc.tuple(fc.constantFrom(2, 3, 0.5, 1, 1.5, 2.7, 0.9), fc.constantFrom(2, 4, 0.4, 1, 1.1, 3.3)),
});

const typeOf = (g: Geometry): "uint8" | "int8" => (g.unsigned ? "uint8" : "int8");

async function compare(build: Build, g: Geometry, out: typeof same, opset = 13) {
  const shift = g.unsigned ? 128 : 0;
  const quants = [
    { ...same, zero: same.zero + shift },
    { ...out, zero: out.zero + shift },
  ];
  const spec = { inputs: [inputDims(g)], build: (b: OnnxBuilder, x: string) => build(b, x, g), quants, opset };
  return compareWithOnnxRuntime({ ...spec, dtype: typeOf(g) }, 6);
}

test.each(Object.keys(exact))(
  "%s",
  async (name) => {
    const { build, out } = exact[name]!;
    for (const g of fc.sample(geometry, { numRuns: 40, seed: name.length })) {
      const { differing, count, distinct } = await compare(build, g, out);
      expect(differing, `${differing} of ${count} differ: ${JSON.stringify(g)}`).toBe(0);
      expect(distinct).toBeGreaterThan(1);
    }
  },
  120_000,
);

test("ConvTranspose", async () => {
  let [differing, count] = [0, 0];
  for (const g of fc.sample(geometry, { numRuns: 60, seed: 12 })) {
    const groups = g.seed % 3 === 0 ? g.channels : 1;
    const dims = [g.channels, groups === 1 ? 4 : 1, ...axes(g, g.kernel)];
    const attributes = {
      group: groups,
      strides: axes(g, g.strides),
      dilations: axes(g, g.dilations),
      ...(g.flag
        ? {
            output_padding: axes(
              g,
              g.strides.map((s) => s - 1),
            ),
          }
        : {}),
      ...padding(
        g,
        g.pads.map((pad) => Math.min(1, pad)),
      ),
    };
    const build: Build = (b, x) => b.node("ConvTranspose", [x, weights(b, dims, g, 1)], { attributes });
    const result = await compare(build, g, { scale: 0.2, zero: 3 });
    expect(result.worst, JSON.stringify(g)).toBeLessThanOrEqual(1);
    expect(result.distinct).toBeGreaterThan(1);
    differing += result.differing;
    count += result.count;
  }
  expect(differing / count, `${differing} of ${count} differ`).toBeLessThan(1e-4);
}, 120_000);

test.each(["same parameters", "rescaled"])(
  "Resize, %s",
  async (form) => {
    for (const r of fc.sample(resizing, { numRuns: 120, seed: form.length })) {
      const g = { ...r.g, rank: r.mode === "linear" ? (2 as const) : r.g.rank };
      const size = axes(g, r.size);
      const build: Build = (b, x) => {
        const roi = b.constant("float32", [0], []);
        const scales = [1, 1, ...axes(g, r.scales)];
        const sizes = [1, g.channels, ...size];
        const inputs = r.bySize
          ? [x, roi, b.constant("float32", [0], []), b.constant("int64", [sizes.length], sizes)]
          : [x, roi, b.constant("float32", [scales.length], scales)];
        return b.node("Resize", inputs, {
          attributes: {
            mode: r.mode,
            coordinate_transformation_mode: r.coordinates,
            ...(r.mode === "nearest" ? { nearest_mode: r.rounding } : {}),
          },
        });
      };
      // Deprecated since opset 13; half_pixel_symmetric is of opset 19.
      const opset = r.coordinates === "tf_half_pixel_for_nn" ? 12 : 19;
      const { differing, count } = await compare(build, g, form === "rescaled" ? outScale : same, opset);
      expect(differing, `${differing} of ${count} differ: ${JSON.stringify({ ...r, g })}`).toBe(0);
    }
  },
  120_000,
);

test.each(["DCR", "CRD", "SpaceToDepth"])("DepthToSpace and SpaceToDepth, %s", async (form) => {
  for (const block of [2, 3]) {
    const unpack = (b: OnnxBuilder, x: string): string =>
      form === "SpaceToDepth"
        ? b.node("SpaceToDepth", [x], { attributes: { blocksize: block } })
        : b.node("DepthToSpace", [x], { attributes: { blocksize: block, mode: form } });
    const dims = form === "SpaceToDepth" ? [1, 3, 2 * block, 4 * block] : [1, 2 * block * block, 3, 4];
    const spec = { inputs: [dims], build: unpack, quants: [same, same] };
    const { differing, distinct, graph } = await compareWithOnnxRuntime(spec, 3);
    expect(differing).toBe(0);
    expect(distinct).toBeGreaterThan(9);
    expect(graph.nodes.filter((node) => node.kind === "transpose")).toHaveLength(1);
  }
});
