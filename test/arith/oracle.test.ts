/** The reference arithmetic against formulas that were verified on ONNX Runtime, bit for bit. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AddQuant, makeAdd } from "../../compiler/arith/add.js";
import { dequantTable, makeAverage } from "../../compiler/arith/avg-pool.js";
import { fma32 } from "../../compiler/arith/fma.js";
import { type MulQuant, makeMul } from "../../compiler/arith/mul.js";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { makeRequantize } from "../../compiler/arith/requant.js";
import { makeSoftmax } from "../../compiler/arith/softmax.js";
import { oracle } from "../support/numerics-oracle.js";

const scale = fc.double({ min: 1e-4, max: 0.9, noNaN: true }).map(Math.fround);
const zero = fc.integer({ min: -128, max: 127 });
const int8 = fc.integer({ min: -128, max: 127 });
const quant = fc.record({ scaleA: scale, zeroA: zero, scaleB: scale, zeroB: zero, scaleC: scale, zeroC: zero });

const shiftU8 = <P extends { za: number; zb: number; zc: number }>(p: P): P => ({
  ...p,
  za: p.za + 128,
  zb: p.zb + 128,
  zc: p.zc + 128,
});

describe.skipIf(oracle === undefined)("against the oracle", () => {
  const ref = oracle!;

  test("requantize", () => {
    const requantScale = fc.double({ min: 2 ** -15, max: 0.9, noNaN: true }).map(Math.fround);
    fc.assert(
      fc.property(requantScale, zero, fc.integer({ min: -(2 ** 23), max: 2 ** 23 }), (s, zp, acc) => {
        const own = makeRequantize(makeNumerics("ort"), { scale: s, zeroPoint: zp, min: -128, max: 127 });
        for (const near of [acc, Math.round(((acc % 256) + 0.5) / s)])
          expect(own(near)).toBe(ref.requant(near, s, zp, "s8"));
      }),
      { numRuns: 2000 },
    );
  });

  test("fma", () => {
    const f32 = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map(Math.fround);
    fc.assert(
      fc.property(f32, f32, f32, (x, y, z) => {
        expect(fma32(x, y, z)).toBe(ref.fma32(x, y, z));
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    ["ort", "x64"],
    ["ort-arm64", "arm64"],
  ] as const)("add, profile %s", (profile, arch) => {
    fc.assert(
      fc.property(
        quant,
        fc.boolean(),
        fc.constantFrom("none" as const, "a" as const),
        fc.array(fc.tuple(int8, int8), { minLength: 20, maxLength: 20 }),
        (q, unsigned, spanScalar, pairs) => {
          const full: AddQuant = { ...q, unsigned, spanScalar, min: -128, max: 127 };
          const own = makeAdd(makeNumerics(profile), full);
          const p = { sa: q.scaleA, za: q.zeroA, sb: q.scaleB, zb: q.zeroB, sc: q.scaleC, zc: q.zeroC };
          // The arm64 form is an integer form: storage does not matter.
          const asU8 = unsigned && arch === "x64";
          const other = ref.makeAdd(asU8 ? shiftU8(p) : p, asU8 ? "u8" : "s8", arch, spanScalar === "a");
          const shift = asU8 ? 128 : 0;
          for (const [a, b] of pairs) expect(own(a, b)).toBe(other(a + shift, b + shift) - shift);
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each([
    ["ort", "x64"],
    ["ort-arm64", "arm64"],
  ] as const)("mul, profile %s", (profile, arch) => {
    fc.assert(
      fc.property(
        quant,
        fc.boolean(),
        fc.array(fc.tuple(int8, int8), { minLength: 20, maxLength: 20 }),
        (q, unsigned, pairs) => {
          const full: MulQuant = { ...q, unsigned, min: -128, max: 127 };
          const own = makeMul(makeNumerics(profile), full);
          const p = { sa: q.scaleA, za: q.zeroA, sb: q.scaleB, zb: q.zeroB, sc: q.scaleC, zc: q.zeroC };
          const other = ref.makeMul(unsigned ? shiftU8(p) : p, unsigned ? "u8" : "s8", arch);
          const shift = unsigned ? 128 : 0;
          for (const [a, b] of pairs)
            expect(own((a - q.zeroA) * (b - q.zeroB))).toBe(other(a + shift, b + shift) - shift);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("softmax", () => {
    fc.assert(
      // One class alone overflows the table: there ONNX Runtime 1.30 saturates, which the oracle does not know.
      fc.property(fc.array(int8, { minLength: 2, maxLength: 40 }), scale, (row, sx) => {
        const out = new Int8Array(row.length);
        makeSoftmax({ depth: row.length, inScale: sx, outScale: 1 / 256, outZero: -128, unsigned: false })(row, out);
        expect([...out]).toEqual(ref.softmax(row, sx, 1 / 256, -128, "s8"));
      }),
      { numRuns: 500 },
    );
  });

  test("average pooling", () => {
    fc.assert(
      fc.property(
        fc.array(int8, { minLength: 1, maxLength: 16 }),
        scale,
        zero,
        scale,
        zero,
        (values, sx, zx, sy, zy) => {
          const q = { inScale: sx, inZero: zx, outScale: sy, outZero: zy, unsigned: false, min: -128, max: 127 };
          const real = dequantTable(q);
          const sum = values.reduce((total, value) => Math.fround(total + real[value + 128]!), 0);
          expect(makeAverage(q)(sum, values.length)).toBe(ref.avgPool(values, values.length, sx, zx, sy, zy, "s8"));
        },
      ),
      { numRuns: 500 },
    );
  });
});
