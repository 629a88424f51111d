/** Integer forms of element-wise operators and reductions, against the float steps that they stand for. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyAffine, fitAffine } from "../../compiler/arith/affine-tables.js";
import { makeDiv, planDiv } from "../../compiler/arith/div.js";
import { makeLogSoftmax } from "../../compiler/arith/log-softmax.js";
import { applyThresholds, makeReduce, reduceThresholds, terms } from "../../compiler/arith/reduce.js";
import { clamp } from "../../compiler/arith/saturate.js";
import { applySum, makeSum, planSum, type SumQuant } from "../../compiler/arith/sum.js";
import { unaryTable } from "../../compiler/arith/unary.js";

const f32 = Math.fround;
const scale = fc.double({ min: 0.005, max: 0.5, noNaN: true }).map(f32);
const zero = fc.integer({ min: -128, max: 127 });

describe("lines instead of tables", () => {
  test("a scale and an offset per channel are lines in all 256 entries, nearly always", () => {
    let found = 0;
    fc.assert(
      fc.property(scale, zero, scale, zero, fc.double({ min: -3, max: 3, noNaN: true }), (sx, zx, sy, zy, factor) => {
        const table = unaryTable(
          (x) => f32(f32(x * f32(factor)) + f32(0.3)),
          { scale: sx, zeroPoint: zx },
          { scale: sy, zeroPoint: zy },
        );
        const form = fitAffine([table], zx);
        if (!form) return;
        found++;
        table.forEach((y, i) => {
          expect(applyAffine(form, 0, i - 128)).toBe(y);
        });
      }),
      { numRuns: 60, seed: 1 },
    );
    expect(found).toBeGreaterThan(55);
  });

  test("a slope below zero is two lines that meet at the zero point", () => {
    const prelu = (slope: number): Int8Array =>
      unaryTable(
        (x) => (x > 0 ? x : f32(x * f32(slope))),
        { scale: f32(0.0713), zeroPoint: 11 },
        { scale: f32(0.0517), zeroPoint: -9 },
      );
    const tables = [0.25, -0.3, 0, 1].map(prelu);
    const form = fitAffine(tables, 11)!;
    expect(form.pivot).toBe(11);
    tables.forEach((table, t) => {
      table.forEach((y, i) => {
        expect(applyAffine(form, t, i - 128)).toBe(y);
      });
    });
  });

  test("constants are level lines, a sigmoid is none", () => {
    const level = new Int8Array(256).fill(7);
    const form = fitAffine([level], 0)!;
    expect(form.lines[0]![0]!.mult).toBe(0);
    expect(applyAffine(form, 0, -128)).toBe(7);
    const sigmoid = Int8Array.from({ length: 256 }, (_, i) => Math.round(127 / (1 + Math.exp(-(i - 128) / 20))));
    expect(fitAffine([sigmoid], 0)).toBeUndefined();
  });
});

describe("sums", () => {
  const difference: SumQuant = {
    terms: [
      { scale: 0.5, zeroPoint: 1, sign: 1 },
      { scale: 0.25, zeroPoint: -2, sign: -1 },
    ],
    divisor: 1,
    scale: 0.5,
    zeroPoint: 3,
    min: -128,
    max: 127,
  };

  test("0.5 * (5 - 1) - 0.25 * (3 + 2) = 0.75, and 0.75 / 0.5 is a tie that goes to even", () => {
    expect(makeSum(difference)([5, 3])).toBe(2 + 3);
    expect(makeSum({ ...difference, max: 4 })([5, 3])).toBe(4);
    expect(applySum(planSum(difference)!, difference, [5, 3])).toBeUndefined();
  });

  test("outside of the window the integer form is right for every pair, and seldom anything is inside", () => {
    const quants = fc.record({
      a: scale,
      za: zero,
      b: scale,
      zb: zero,
      y: scale,
      zy: zero,
      sign: fc.constantFrom(1, -1),
    });
    for (const q of fc.sample(quants, { numRuns: 4, seed: 3 })) {
      const quant: SumQuant = {
        terms: [
          { scale: q.a, zeroPoint: q.za, sign: 1 },
          { scale: q.b, zeroPoint: q.zb, sign: q.sign === 1 ? 1 : -1 },
        ],
        divisor: q.zy % 2 === 0 ? 2 : 1,
        scale: q.y,
        zeroPoint: q.zy,
        min: -128,
        max: 127,
      };
      const plan = planSum(quant)!;
      const sum = makeSum(quant);
      let [asked, wrong] = [0, 0];
      for (let a = -128; a < 128; a++) {
        for (let b = -128; b < 128; b++) {
          const y = applySum(plan, quant, [a, b]);
          if (y === undefined) asked++;
          else if (y !== sum([a, b])) wrong++;
        }
      }
      expect(wrong).toBe(0);
      expect(asked / 65536).toBeLessThan(0.05);
    }
  });

  test("an output far smaller than its inputs leaves everything to the float steps", () => {
    expect(planSum({ ...difference, scale: f32(1e-7) })).toBeUndefined();
  });
});

test("a quotient saturates where the divisor is zero, and 0 / 0 is the lowest value", () => {
  const q = { a: { scale: 0.5, zeroPoint: 0 }, b: { scale: 0.25, zeroPoint: 4 }, c: { scale: 0.5, zeroPoint: 1 } };
  const divide = makeDiv({ ...q, min: -100, max: 100 });
  // 0.5 * 3 / (0.25 * 4) = 1.5, three steps above the zero point.
  expect(divide(3, 8)).toBe(4);
  expect([divide(3, 4), divide(-3, 4), divide(0, 4)]).toEqual([100, -100, -100]);
});

test("a line for each divisor meets the quotient of every dividend, or the divisor divides", () => {
  const all = fc.record({ a: scale, b: scale, y: scale, za: zero, zb: zero, zy: zero, ties: fc.boolean() });
  for (const p of fc.sample(all, { numRuns: 12, seed: 6 })) {
    const q = {
      a: { scale: p.a, zeroPoint: p.za },
      b: { scale: p.b, zeroPoint: p.zb },
      c: { scale: p.ties ? f32(p.a / p.b / 2) : p.y, zeroPoint: p.zy },
      min: -128,
      max: 120,
    };
    const { mults, shifts, divided } = planDiv(q);
    const divide = makeDiv(q);
    expect(shifts[p.zb + 128]).toBe(0);
    expect(divided).toBeGreaterThan(0);
    expect(divided).toBeLessThan(p.ties ? 160 : 16);
    let wrong = 0;
    for (let b = -128; b < 128; b++) {
      const [mult, shift] = [mults[b + 128]!, shifts[b + 128]!];
      if (shift === 0) continue;
      for (let a = -128; a < 128; a++) {
        const scaled = (a - p.za) * mult + 2 ** (shift - 1);
        if (scaled !== (scaled | 0) || clamp((scaled >> shift) + p.zy, -128, 120) !== divide(a, b)) wrong++;
      }
    }
    expect(wrong).toBe(0);
  }
});

describe("reductions", () => {
  test("thresholds are the function at every sum", () => {
    const quants = fc.record({ scaleX: scale, zeroX: zero, scaleY: scale, zeroY: zero });
    for (const quant of fc.sample(quants, { numRuns: 3, seed: 9 })) {
      const q = { ...quant, min: -120, max: 126 };
      for (const kind of ["sum", "l1", "l2", "sum_square"] as const) {
        const high = terms[kind].reach * 3;
        const low = kind === "sum" ? -high : 0;
        const thresholds = reduceThresholds(kind, q, low, high);
        const result = makeReduce(kind, q);
        let wrong = 0;
        for (let sum = low; sum <= high; sum++) if (applyThresholds(thresholds, q.min, sum) !== result(sum)) wrong++;
        expect(wrong).toBe(0);
      }
    }
  });

  test("the root of 3^2 + 4^2 at scale 0.5 is 2.5, ten steps of 0.25", () => {
    const q = { scaleX: 0.5, zeroX: 0, scaleY: 0.25, zeroY: -7, min: -128, max: 127 };
    expect(makeReduce("l2", q)(25)).toBe(10 - 7);
  });
});

test("log-softmax is within a step of the real one", () => {
  const run = makeLogSoftmax({ inScale: f32(0.11), outScale: f32(0.05), outZero: 100 });
  const x = Int8Array.of(-128, -3, 40, 41, 12, 39, 0);
  const y = new Int8Array(x.length);
  run(x, y);
  const total = Math.log(x.reduce((sum, q) => sum + Math.exp(0.11 * (q - 41)), 0));
  y.forEach((q, i) => {
    const real = (0.11 * (x[i]! - 41) - total) / 0.05 + 100;
    expect(Math.abs(q - Math.max(-128, real))).toBeLessThanOrEqual(0.501);
  });
});
