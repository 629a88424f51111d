/** Averages by integers: what they leave to float32 is all that float32 decides. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { dequantTable, makeAverage, planAverage } from "../../compiler/arith/avg-pool.js";
import { clamp } from "../../compiler/arith/saturate.js";
import { randomInts } from "../support/graph-builder.js";

const f32 = Math.fround;
const scale = fc.oneof(
  fc.double({ min: 0.004, max: 2, noNaN: true }).map(f32),
  fc.constantFrom(0.05, 0.25, 1 / 255).map(f32),
);
const int8 = fc.integer({ min: -128, max: 127 });

test("outside of the window the integer form is the float32 average, of as many values or fewer", () => {
  const cases = fc.record({
    inScale: scale,
    outScale: scale,
    same: fc.boolean(),
    inZero: int8,
    outZero: int8,
    unsigned: fc.boolean(),
    count: fc.constantFrom(2, 3, 4, 9, 16, 25, 49),
    seed: fc.nat(99_999),
  });
  let planned = 0;
  fc.assert(
    fc.property(cases, ({ inScale, outScale, same, inZero, outZero, unsigned, count, seed }) => {
      const q = { inScale, inZero, outScale: same ? inScale : outScale, outZero, unsigned, min: -128, max: 126 };
      const plan = planAverage(q, count);
      if (typeof plan === "string") return;
      planned++;
      const [real, average] = [dequantTable(q), makeAverage(q)];
      const values = randomInts(count * 200, seed + 1);
      for (let i = 0; i < values.length; i += count) {
        // Padding counts as zeros, which are left out of the sum.
        const part = values.slice(i, i + 1 + ((seed + i) % count));
        const sum = part.reduce((total, value) => total + value - inZero, 0);
        const scaled = sum * plan.mult + 2 ** (plan.shift - 1) + 2 ** plan.shift * outZero;
        expect(scaled).toBe(scaled | 0);
        if (((scaled + plan.window) & (2 ** plan.shift - 1)) < 2 * plan.window) continue;
        const float = part.reduce((total, value) => f32(total + real[value + 128]!), 0);
        expect(clamp(scaled >> plan.shift, -128, 126)).toBe(average(float, count));
      }
    }),
    { numRuns: 300 },
  );
  expect(planned).toBeGreaterThan(150);
});

test("odd counts in one scale leave nothing to float32, even ones their ties", () => {
  const q = { inScale: f32(0.05), inZero: 4, outScale: f32(0.05), outZero: 4, unsigned: false, min: -128, max: 127 };
  expect(planAverage(q, 9)).toMatchObject({ window: 0, slow: 0 });
  const four = planAverage(q, 4);
  expect(typeof four === "string" ? four : four.slow).toBeCloseTo(1 / 4, 2);
  expect(planAverage(q, 2)).toContain("too many");
});
