/** Random legal nodes of the element-wise operators beyond Add and Mul, and of reductions, for the tests of kernels. */
import fc from "fast-check";
import type { TensorId } from "../../compiler/ir/graph.js";
import { elementCount, type Shape } from "../../compiler/ir/shape.js";
import { type GraphBuilder, randomInts } from "./graph-builder.js";

type Instance = (b: GraphBuilder) => TensorId;

const map = fc.record({
  h: fc.integer({ min: 1, max: 5 }),
  w: fc.integer({ min: 1, max: 5 }),
  c: fc.integer({ min: 1, max: 9 }),
});
const seed = fc.integer({ min: 1, max: 1 << 20 });
const quant = fc.record({
  scale: fc.oneof(
    fc.double({ min: 0.01, max: 0.3, noNaN: true }).map(Math.fround),
    // Ratios of powers of two make exact ties.
    fc.constantFrom(0.03125, 0.0625, 0.125),
  ),
  zero: fc.oneof(fc.constantFrom(-128, 0, 127), fc.integer({ min: -128, max: 127 })),
});
const clamp = fc.constantFrom(
  { clampMin: -128, clampMax: 127 },
  { clampMin: -20, clampMax: 127 },
  { clampMin: -128, clampMax: 64 },
);
const modes = ["full", "channel", "pixel", "scalar"] as const;

function shapeFor(mode: (typeof modes)[number], { h, w, c }: { h: number; w: number; c: number }): Shape {
  switch (mode) {
    case "full":
      return [1, h, w, c];
    case "channel":
      return [1, 1, 1, c];
    case "pixel":
      return [1, h, w, 1];
    case "scalar":
      return [1, 1, 1, 1];
  }
}

const pair = fc.record({
  map,
  mode: fc.constantFrom(...modes),
  swap: fc.boolean(),
  a: quant,
  b: quant,
  y: quant,
  clamp,
  of: fc.constantFrom("min", "max"),
});

/** Functions of one value as tables: lines, lines with a corner, and noise. */
function tableOf(kind: string, seed: number, zero: number): number[] {
  const slope = ((seed % 401) - 200) / 100;
  const low = ((seed % 31) - 15) / 20;
  const noise = randomInts(256, seed);
  return Array.from({ length: 256 }, (_, i) => {
    const x = i - 128;
    if (kind === "noise") return noise[i]!;
    const factor = kind === "corner" && x < zero ? low : slope;
    return Math.max(-128, Math.min(127, Math.round(factor * (x - zero) + (seed % 40) - 20)));
  });
}

export const elementwiseInstances: Readonly<Record<string, fc.Arbitrary<Instance>>> = {
  div: pair.map(
    (p): Instance =>
      (b) => {
        // Large enough for tables, and with ties in half of the cases.
        const map = { ...p.map, c: 4 * p.map.c };
        const operands = [b.input(shapeFor("full", map), p.a), b.input(shapeFor(p.mode, map), p.b)];
        const [x, y] = p.swap ? [p.b, p.a] : [p.a, p.b];
        const scale = p.of === "min" ? p.y.scale : Math.fround(x.scale / y.scale / 2);
        return b.node("div", p.swap ? operands.reverse() : operands, p.clamp, { ...p.y, scale });
      },
  ),
  extremum: pair.map(
    (p): Instance =>
      (b) => {
        const operands = [b.input(shapeFor("full", p.map), p.y), b.input(shapeFor(p.mode, p.map), p.y)];
        return b.node("extremum", p.swap ? operands.reverse() : operands, { of: p.of }, p.y);
      },
  ),
  sum: fc
    .record({
      map,
      terms: fc.array(fc.record({ mode: fc.constantFrom(...modes), quant, sign: fc.constantFrom(1, -1) }), {
        minLength: 0,
        maxLength: 3,
      }),
      first: quant,
      y: quant,
      mean: fc.boolean(),
      clamp,
    })
    .map(
      (p): Instance =>
        (b) => {
          const rest = p.terms.map((term) => b.input(shapeFor(term.mode, p.map), term.quant));
          const inputs = [b.input(shapeFor("full", p.map), p.first), ...rest];
          const attrs = {
            signs: [1, ...p.terms.map((term) => term.sign)],
            divisor: p.mean ? inputs.length : 1,
            ...p.clamp,
          };
          return b.node("sum", inputs, attrs, p.y);
        },
    ),
  lookup_each: fc
    .record({
      map,
      mode: fc.constantFrom(...modes),
      kind: fc.constantFrom("line", "line", "corner", "noise"),
      count: fc.integer({ min: 1, max: 20 }),
      seed,
      x: quant,
    })
    .map(
      (p): Instance =>
        (b) => {
          const tables = Array.from({ length: p.count }, (_, i) => tableOf(p.kind, p.seed + 37 * i, p.x.zero));
          const shape = shapeFor(p.mode, p.map);
          return b.node(
            "lookup_each",
            [
              b.input(shapeFor("full", p.map), p.x),
              b.weights([p.count, 256], tables.flat()),
              b.indices(shape, randomInts(elementCount(shape), p.seed, 0, p.count - 1)),
            ],
            {},
            { scale: 0.1 },
          );
        },
    ),
  reduce: fc
    .record({
      map,
      function: fc.constantFrom("max", "min", "sum", "l1", "l2", "sum_square"),
      axes: fc.constantFrom([1], [2], [3], [1, 2], [2, 3], [1, 2, 3]),
      keepDims: fc.boolean(),
      x: quant,
      y: quant,
      clamp,
    })
    .map(
      ({ map: m, x, y, clamp: c, ...attrs }): Instance =>
        (b) => {
          const keeps = attrs.function === "max" || attrs.function === "min";
          return b.node("reduce", [b.input(shapeFor("full", m), x)], { ...attrs, ...c }, keeps ? x : y);
        },
    ),
  log_softmax: fc.record({ map, x: quant, y: quant }).map(
    (p): Instance =>
      (b) =>
        b.node("log_softmax", [b.input(shapeFor("full", p.map), p.x)], {}, p.y),
  ),
};
