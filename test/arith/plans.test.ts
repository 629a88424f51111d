/** The integer forms that kernels use equal the reference arithmetic, on every value. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AddQuant, applyAdd, makeAdd, planAdd } from "../../compiler/arith/add.js";
import { applyMul, applyWideMul, type MulQuant, makeMul, planMul, planWideMul } from "../../compiler/arith/mul.js";
import { makeNumerics, type Profile } from "../../compiler/arith/numerics.js";
import { makeRequantize } from "../../compiler/arith/requant.js";
import type { RequantLayer } from "../../compiler/arith/requant-layer.js";
import { applyRequant, planRequant } from "../../compiler/arith/requant-plan.js";
import { thresholds } from "../../compiler/arith/requant-thresholds.js";

const scale = fc.double({ min: 1e-3, max: 0.5, noNaN: true }).map(Math.fround);
const zero = fc.integer({ min: -128, max: 127 });
const quant = fc.record({ scaleA: scale, zeroA: zero, scaleB: scale, zeroB: zero, scaleC: scale, zeroC: zero });
const profile = fc.constantFrom<Profile>("ort", "ort-arm64", "fast");

/** Cortex-M4F, M3, M0. */
const isa = fc.constantFrom({ fpu: true }, { fpu: false, smull: true }, { fpu: false, smull: false });

describe("requantization plans", () => {
  const channel = fc.record({
    scale: fc
      .integer({ min: -14, max: -2 })
      .chain((e) => fc.double({ min: 1, max: 1.999, noNaN: true }).map((m) => Math.fround(m * 2 ** e))),
    bias: fc.integer({ min: -5000, max: 5000 }),
    accMin: fc.integer({ min: -(2 ** 22), max: -1 }),
    accMax: fc.integer({ min: 0, max: 2 ** 22 }),
  });
  const layer = fc.record({
    channels: fc.array(channel, { minLength: 1, maxLength: 4 }),
    zeroPoint: zero,
    min: fc.constantFrom(-128, -100, 0),
    max: fc.constantFrom(127, 90),
  });

  test("every form equals the reference at and around each threshold", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(layer, profile, isa, (spec: RequantLayer, name, core) => {
        const numerics = makeNumerics(name);
        const plan = planRequant(spec, numerics, core);
        seen.add(plan.form);
        spec.channels.forEach((one, c) => {
          const requantize = makeRequantize(numerics, {
            ...one,
            zeroPoint: spec.zeroPoint,
            min: spec.min,
            max: spec.max,
          });
          const steps = thresholds(requantize, spec, one);
          const points = [one.accMin, one.accMax];
          for (let i = 1; i < steps.length; i += 2) points.push(steps[i]!, steps[i]! - 1);
          expect(points.filter((acc) => applyRequant(plan, c, acc) !== requantize(acc))).toEqual([]);
        });
      }),
      { numRuns: 300 },
    );
    expect([...seen].sort()).toEqual(["float", "short", "single", "split", "window"]);
  });

  // A legal model can hold scales that no exporter writes; C must not shift by 64 or by a negative count for them.
  test("every form holds for extreme scales and ranges", () => {
    const extreme = fc.record({
      scale: fc
        .integer({ min: -149, max: 127 })
        .chain((e) => fc.double({ min: 1, max: 1.999, noNaN: true }).map((m) => Math.fround(m * 2 ** e))),
      bias: fc.integer({ min: -(2 ** 30), max: 2 ** 30 }),
      accMin: fc.oneof(fc.integer({ min: -(2 ** 31), max: 0 }), fc.constantFrom(0, -1, -(2 ** 31), -(2 ** 24))),
      accMax: fc.oneof(fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 24)),
    });
    const anyLayer = fc.record({
      channels: fc.array(fc.oneof(extreme, extreme, channel), { minLength: 1, maxLength: 4 }),
      zeroPoint: zero,
      min: fc.constantFrom(-128, -100, 0),
      max: fc.constantFrom(127, 90),
    });
    fc.assert(
      fc.property(anyLayer, profile, isa, (spec: RequantLayer, name, core) => {
        const numerics = makeNumerics(name);
        const plan = planRequant(spec, numerics, core);
        expect(plan.fields.shift).toBeGreaterThanOrEqual(0);
        expect(plan.fields.shift).toBeLessThanOrEqual(31);
        spec.channels.forEach((one, c) => {
          if (plan.form === "single") {
            expect(plan.words[3 * c + 2]).toBeGreaterThanOrEqual(1);
            expect(plan.words[3 * c + 2]).toBeLessThanOrEqual(62);
          }
          const { zeroPoint, min, max } = spec;
          const requantize = makeRequantize(numerics, { scale: one.scale, zeroPoint, min, max });
          const steps = thresholds(requantize, spec, one);
          const points = [one.accMin, one.accMin + 1, 0, one.accMax - 1, one.accMax];
          for (let i = 1; i < steps.length; i += 2) points.push(steps[i]!, steps[i]! - 1);
          const inRange = points.filter((acc) => acc >= one.accMin && acc <= one.accMax);
          expect(inRange.filter((acc) => applyRequant(plan, c, acc) !== requantize(acc))).toEqual([]);
        });
      }),
      { numRuns: 1500 },
    );
  });

  test("a short form is found where a layer has one", () => {
    const one = { scale: Math.fround(0.0871234), bias: 7, accMin: -3000, accMax: 3000 };
    const plan = planRequant({ channels: [one], zeroPoint: -128, min: -128, max: 127 }, makeNumerics("ort"), {
      fpu: true,
    });
    expect(plan.form).toBe("short");
  });
});

test("addition: the integer form and its exceptions equal the reference on all pairs", () => {
  fc.assert(
    fc.property(
      quant,
      profile,
      fc.boolean(),
      fc.constantFrom("none" as const, "a" as const, "b" as const),
      (q, name, unsigned, spanScalar) => {
        const full: AddQuant = { ...q, unsigned, spanScalar, min: -128, max: 127 };
        const numerics = makeNumerics(name);
        const add = makeAdd(numerics, full);
        const plan = planAdd(numerics, full);
        const exceptions = new Map(plan.exceptions.map(({ pair, value }) => [pair, value]));
        let wrong = 0;
        for (let pair = 0; pair < 65536; pair++) {
          const [a, b] = [(pair >> 8) - 128, (pair & 255) - 128];
          if ((exceptions.get(pair) ?? applyAdd(plan, full, a, b)) !== add(a, b)) wrong++;
        }
        expect(wrong).toBe(0);
        expect(exceptions.size).toBeLessThan(200);
      },
    ),
    { numRuns: 40 },
  );
});

test("multiplication: the integer form equals the reference on all products", () => {
  fc.assert(
    fc.property(quant, profile, fc.boolean(), (q, name, unsigned) => {
      const full: MulQuant = { ...q, unsigned, min: -128, max: 127 };
      const numerics = makeNumerics(name);
      const mul = makeMul(numerics, full);
      const plan = planMul(numerics, full);
      const wide = planWideMul(numerics, full);
      let wrong = 0;
      for (let p = -65025; p <= 65025; p++) {
        if (applyMul(plan, full, p) !== mul(p)) wrong++;
        if (wide && applyWideMul(wide, full, p) !== mul(p)) wrong++;
      }
      expect(wrong).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test("multiplication: the high word of a product suffices for most scales of a gate, a zero point, a result", () => {
  const gate = fc.record({
    scaleA: fc.double({ min: 0.005, max: 0.2, noNaN: true }).map(Math.fround),
    scaleC: fc.double({ min: 0.005, max: 0.2, noNaN: true }).map(Math.fround),
    zeroA: fc.integer({ min: -128, max: 127 }),
    zeroC: fc.integer({ min: -128, max: 127 }),
  });
  const samples = fc.sample(gate, { numRuns: 100, seed: 5 });
  const found = samples.filter((q) => {
    const full: MulQuant = { ...q, scaleB: Math.fround(1 / 255), zeroB: -128, unsigned: false, min: -128, max: 127 };
    return planWideMul(makeNumerics("ort"), full) !== undefined;
  });
  expect(found.length).toBeGreaterThan(80);
});
