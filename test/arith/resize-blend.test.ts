/** The integer form of linear resizing: what it leaves to float32 is all that float32 decides. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { linearTaps } from "../../compiler/arith/resize.js";
import { type BlendQuant, planBlend } from "../../compiler/arith/resize-blend.js";
import { clamp } from "../../compiler/arith/saturate.js";
import { dequantize, quantize } from "../../compiler/arith/unary.js";
import { randomInts } from "../support/graph-builder.js";

const f32 = Math.fround;
const axis = (input: number, scale: number) =>
  linearTaps({ input, output: input * scale, scale, coordinates: "half_pixel" });

const scales = fc.oneof(
  fc.double({ min: 0.004, max: 2, noNaN: true }).map(f32),
  fc.constantFrom(0.05, 0.1, 0.25, 1 / 255).map(f32),
);
const int8 = fc.integer({ min: -128, max: 127 });

/** ONNX Runtime's steps for one output value. */
function reference(corners: readonly number[], weights: readonly number[], q: BlendQuant): number {
  let sum = 0;
  corners.forEach((value, i) => {
    sum = f32(sum + f32(weights[i]! * dequantize(value, q.inScale, q.inZero)));
  });
  return clamp(quantize(sum, q.outScale, q.outZero), q.min, q.max);
}

test("outside of the window the integer form is the float32 sum, whatever the four values are", () => {
  let planned = 0;
  fc.assert(
    fc.property(
      fc.record({
        inScale: scales,
        outScale: scales,
        same: fc.boolean(),
        inZero: int8,
        outZero: int8,
        factor: fc.constantFrom(1, 2, 4, 8),
        seed: fc.nat(99_999),
      }),
      ({ inScale, outScale, same, inZero, outZero, factor, seed }) => {
        const q = { inScale, inZero, outScale: same ? inScale : outScale, outZero, min: -128, max: 127 };
        const [rows, columns] = [axis(5, 2), axis(4, factor)];
        const plan = planBlend(rows, columns, q);
        if (typeof plan === "string") return;
        planned++;
        const unit = 2 ** (plan.rowBits + plan.columnBits);
        const values = randomInts(1200, seed + 1);
        for (let i = 0; i + 4 <= values.length; i += 4) {
          const corners = values.slice(i, i + 4);
          const [v, h] = [rows[i % rows.length]!, columns[(7 * i) % columns.length]!];
          const weights = [h.near * v.near, h.far * v.near, h.near * v.far, h.far * v.far];
          const sum = corners.reduce((total, value, k) => total + weights[k]! * unit * (value - inZero), 0);
          const scaled = sum * plan.mult + 2 ** (plan.shift - 1);
          expect(scaled).toBe(scaled | 0);
          const fraction = (scaled + plan.window) & (2 ** plan.shift - 1);
          if (fraction < 2 * plan.window) continue;
          expect(clamp((scaled >> plan.shift) + outZero, -128, 127)).toBe(reference(corners, weights, q));
        }
      },
    ),
    { numRuns: 300 },
  );
  expect(planned).toBeGreaterThan(150);
});

test("which maps and scales have one", () => {
  const same = { inScale: f32(0.05), inZero: 3, outScale: f32(0.05), outZero: 3, min: -128, max: 127 };
  const doubled = planBlend(axis(8, 2), axis(8, 2), same);
  // One sixteenth of the sums are ties, which float32 decides.
  expect(doubled).toMatchObject({ rowBits: 2, columnBits: 2 });
  if (typeof doubled !== "string") expect(doubled.slow).toBeCloseTo(1 / 16, 2);
  expect(planBlend(axis(8, 3), axis(8, 2), same)).toContain("multiples");
  expect(planBlend(axis(8, 1), axis(8, 2), same)).toMatchObject({ rowBits: 1, columnBits: 2 });
  const wide = planBlend(axis(8, 4), axis(8, 8), { ...same, outScale: f32(0.0731) });
  expect(wide).toMatchObject({ rowBits: 3, columnBits: 4 });
  expect(planBlend(axis(8, 2), axis(8, 2), { ...same, outScale: 1e6 })).toContain("scales");
});
