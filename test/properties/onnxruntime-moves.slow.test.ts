/** Operators that only move values, in random geometry and every spelling of their inputs, against ONNX Runtime: 0 LSB apart. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareWithOnnxRuntime } from "../support/against-onnxruntime.js";
import type { OnnxBuilder } from "../support/onnx-builder.js";

interface Spec {
  readonly dims: readonly number[];
  /** Positive numbers to take choices from, in turn. */
  readonly picks: readonly number[];
  /** Parameters of the result are those of the input. */
  readonly same: boolean;
}

const spec: fc.Arbitrary<Spec> = fc.record({
  dims: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }).map((rest) => [1, ...rest]),
  picks: fc.array(fc.nat(997), { minLength: 24, maxLength: 24 }),
  same: fc.boolean(),
});

type Build = (b: OnnxBuilder, x: string, s: Spec, choose: (count: number) => number) => string;

const ints = (b: OnnxBuilder, values: readonly number[], dims = [values.length]): string =>
  b.constant("int64", dims, values);

/** An axis behind the batch, counted from the front or from the back. */
function axisOf({ dims }: Spec, choose: (count: number) => number): readonly [axis: number, spelled: number] {
  const axis = 1 + choose(dims.length - 1);
  return [axis, choose(2) === 0 ? axis : axis - dims.length];
}

const builds: Readonly<Record<string, Build>> = {
  "Slice with steps, forwards and backwards": (b, x, s, choose) => {
    const axes = s.dims.flatMap((_, axis) => (axis > 0 && choose(3) > 0 ? [axis] : []));
    if (axes.length === 0) axes.push(1);
    const cuts = axes.map((axis) => {
      const dim = s.dims[axis]!;
      const [start, step] = [choose(dim), 1 + choose(3)];
      const end = start + 1 + choose(dim - start);
      // Beyond the end, from the back, or as counted: each means the same.
      const spelled = end === dim ? [dim, 999][choose(2)]! : [end, end - dim][choose(2)]!;
      if (choose(2) === 0) return { start: [start, start - dim][choose(2)]!, end: spelled, step };
      return { start: end - 1, end: start === 0 ? -999 : start - 1, step: -step };
    });
    const list = (of: (cut: (typeof cuts)[number]) => number): string => ints(b, cuts.map(of));
    return b.node("Slice", [
      x,
      list((cut) => cut.start),
      list((cut) => cut.end),
      ints(
        b,
        axes.map((axis) => [axis, axis - s.dims.length][choose(2)]!),
      ),
      list((cut) => cut.step),
    ]);
  },
  "Pad, some of it negative": (b, x, s, choose) => {
    const amounts = s.dims.map((dim, axis) => {
      if (axis === 0) return [0, 0];
      const before = choose(3) === 0 ? -choose(dim) : choose(3);
      return [before, choose(3) === 0 ? -choose(dim + Math.min(0, before)) : choose(3)];
    });
    const pads = [...amounts.map(([before]) => before!), ...amounts.map(([, after]) => after!)];
    return b.node("Pad", [x, ints(b, pads), ...(choose(2) === 0 ? [] : [b.constant("float32", [], [0.3])])]);
  },
  "Gather by constant indices": (b, x, s, choose) => {
    const [axis, spelled] = axisOf(s, choose);
    const dim = s.dims[axis]!;
    const index = (): number => choose(dim) - (choose(3) === 0 ? dim : 0);
    const form = choose(3);
    const indices =
      form === 0
        ? ints(b, [index()], [])
        : ints(b, Array.from({ length: form === 1 ? 3 : 4 }, index), form === 1 ? [3] : [2, 2]);
    return b.node("Gather", [x, indices], { attributes: { axis: spelled } });
  },
  Tile: (b, x, s, choose) => {
    const repeats = s.dims.map((_, axis) => (axis === 0 ? 1 : 1 + choose(3)));
    return b.node("Tile", [x, ints(b, repeats)]);
  },
  Expand: (b, x, s, choose) => {
    const shape = s.dims.map((dim, axis) => (axis > 0 && dim === 1 ? 1 + choose(4) : [dim, 1][choose(2)]!));
    return b.node("Expand", [x, ints(b, shape)]);
  },
  Split: (b, x, s, choose) => {
    const [axis, spelled] = axisOf(s, choose);
    const dim = s.dims[axis]!;
    const first = 1 + choose(Math.max(1, dim - 1));
    const sizes = first < dim ? [first, dim - first] : [dim];
    const parts = sizes.map((_, i) => `part${i}`);
    b.add("Split", [x, ints(b, sizes)], parts, { attributes: { axis: spelled } });
    return parts[choose(parts.length)]!;
  },
  "Squeeze, Unsqueeze, Transpose, Reshape": (b, x, s, choose) => {
    const perm = s.dims.map((_, axis) => axis);
    for (let i = perm.length - 1; i > 1; i--) {
      const k = 1 + choose(i);
      [perm[i], perm[k]] = [perm[k]!, perm[i]!];
    }
    const moved = b.node("Transpose", [x], { attributes: { perm } });
    const wide = b.node("Unsqueeze", [moved, ints(b, [choose(2) === 0 ? 1 : -1])]);
    const count = s.dims.reduce((product, dim) => product * dim, 1);
    return [wide, b.node("Squeeze", [wide]), b.node("Reshape", [wide, ints(b, [1, count, -1])])][choose(3)]!;
  },
  "SpaceToDepth behind DepthToSpace behind Tile": (b, x, s, choose) => {
    const [channels = 1, height = 1, width = 1] = s.dims.slice(1);
    const map = b.node("Reshape", [x, ints(b, [1, channels, height, width])]);
    const block = 2 + choose(2);
    const many = b.node("Tile", [map, ints(b, [1, block * block, 1, 1])]);
    const mode = ["DCR", "CRD"][choose(2)]!;
    const spread = b.node("DepthToSpace", [many], { attributes: { blocksize: block, mode } });
    return choose(2) === 0 ? spread : b.node("SpaceToDepth", [spread], { attributes: { blocksize: block } });
  },
};

const x = { scale: 0.1, zero: 5 };

test.each(Object.keys(builds))(
  "%s",
  async (name) => {
    for (const s of fc.sample(spec, { numRuns: 40, seed: name.length })) {
      let at = 0;
      const choose = (count: number): number => s.picks[at++ % s.picks.length]! % count;
      const result = await compareWithOnnxRuntime(
        {
          inputs: [s.dims],
          build: (b, value) => builds[name]!(b, value, s, choose),
          quants: [x, s.same ? x : { scale: 0.07, zero: -11 }],
        },
        3,
      );
      expect(result.differing, `${result.differing} of ${result.count} differ: ${JSON.stringify(s)}`).toBe(0);
    }
  },
  120_000,
);
