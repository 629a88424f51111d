import fc from "fast-check";
import { expect, test } from "vitest";
import { argmax, decibels, distance, isInTop, sqnrCeiling, topAccuracy } from "../../compiler/quantize/metrics.js";

const value = fc.double({ min: -1000, max: 1000, noNaN: true }).map(Math.fround);
const values = (length: number): fc.Arbitrary<readonly number[]> =>
  fc.array(value, { minLength: length, maxLength: length });
/** Samples of one length: pairs of float and int8 values. */
const pairs = fc
  .integer({ min: 1, max: 12 })
  .chain((length) => fc.array(fc.tuple(values(length), values(length)), { minLength: 1, maxLength: 8 }));

function of(samples: readonly (readonly [readonly number[], readonly number[]])[]) {
  const all = distance();
  for (const [a, b] of samples) all.add(a, b);
  return all.value();
}

test("a hand-checked case", () => {
  const found = of([
    [
      [3, 4],
      [3, 3],
    ],
    [
      [0, 10],
      [1, 10],
    ],
  ]);
  // Signals 25 and 100, noises 1 and 1; product 21 + 100, powers 125 and 18 + 101.
  expect(found?.sqnr).toBeCloseTo(10 * Math.log10(125 / 2), 12);
  expect(found?.meanSqnr).toBeCloseTo((10 * Math.log10(25) + 20) / 2, 12);
  expect(found?.cosine).toBeCloseTo(121 / Math.sqrt(125 * 119), 12);
  expect(found?.maxAbsError).toBe(1);
  expect(found?.meanError).toBe(0);
  // The first int8 sample has two equal values: the first counts.
  expect(found?.agreement).toBe(0.5);
});

test("equal values: no noise, full agreement, and a finite mean", () => {
  fc.assert(
    fc.property(pairs, (samples) => {
      const found = of(samples.map(([a]) => [a, a]));
      expect(found?.sqnr).toBe(Number.POSITIVE_INFINITY);
      expect(found?.meanSqnr).toBe(sqnrCeiling);
      expect(found?.cosine).toBeCloseTo(1, 9);
      expect(found).toMatchObject({ maxAbsError: 0, meanError: 0, agreement: 1 });
    }),
  );
});

test("the order of the samples does not matter, and a common factor moves only the errors", () => {
  fc.assert(
    fc.property(pairs, fc.integer({ min: -3, max: 6 }), (samples, exponent) => {
      const there = of(samples);
      const back = of(samples.toReversed());
      // A power of two is exact: nothing but the errors may change.
      const factor = 2 ** exponent;
      const scaled = of(samples.map(([a, b]) => [a.map((v) => v * factor), b.map((v) => v * factor)]));
      expect(back?.agreement).toBe(there?.agreement);
      expect(back?.maxAbsError).toBe(there?.maxAbsError);
      expect(scaled?.maxAbsError).toBe((there?.maxAbsError ?? 0) * factor);
      for (const key of ["sqnr", "meanSqnr", "cosine"] as const) {
        if (there?.[key] === Number.POSITIVE_INFINITY) expect(back?.[key]).toBe(Number.POSITIVE_INFINITY);
        else expect(back?.[key]).toBeCloseTo(there?.[key] ?? 0, 6);
        if (there?.[key] === Number.POSITIVE_INFINITY) expect(scaled?.[key]).toBe(Number.POSITIVE_INFINITY);
        else expect(scaled?.[key]).toBeCloseTo(there?.[key] ?? 0, 6);
      }
    }),
  );
});

test("values are in range, and those of one sample are those of the pool", () => {
  fc.assert(
    fc.property(pairs, (samples) => {
      const found = of(samples);
      expect(found?.samples).toBe(samples.length);
      expect(Math.abs(found?.cosine ?? 2)).toBeLessThanOrEqual(1);
      expect(found?.meanSqnr).toBeLessThanOrEqual(sqnrCeiling);
      expect(Math.abs(found?.meanError ?? 0)).toBeLessThanOrEqual((found?.maxAbsError ?? 0) * (1 + 1e-12));
      const one = of(samples.slice(0, 1));
      expect(one?.meanSqnr).toBe(Math.min(sqnrCeiling, one?.sqnr ?? 0));
    }),
  );
});

test("half a step of uniform error gives the textbook's SQNR of a quantizer", () => {
  const all = distance();
  const [low, high, step] = [-1, 1, 2 / 255];
  const signal = Float64Array.from({ length: 100_000 }, (_, i) => low + ((high - low) * i) / 99_999);
  all.add(
    signal,
    signal.map((v) => Math.round(v / step) * step),
  );
  // A full-scale ramp: 6.02 dB for each of log2(255) bits.
  expect(all.value()?.sqnr).toBeCloseTo(20 * Math.log10(255), 1);
});

test("nothing, zeros and NaN", () => {
  expect(distance().value()).toBeUndefined();
  expect(topAccuracy(1).value()).toBeUndefined();
  expect(
    of([
      [
        [0, 0],
        [0, 0],
      ],
    ])?.cosine,
  ).toBe(1);
  expect(
    of([
      [
        [0, 0],
        [0, 1],
      ],
    ]),
  ).toMatchObject({ cosine: 0, sqnr: -sqnrCeiling, meanSqnr: -sqnrCeiling });
  expect(
    of([
      [
        [1, 2, 3],
        [1, Number.NaN, 3],
      ],
    ])?.maxAbsError,
  ).toBeNaN();
  expect(() => distance().add([1, 2], [1])).toThrowError(/2 and 1/);
  expect(decibels(0, 0)).toBe(Number.POSITIVE_INFINITY);
});

test("the label is among the k largest exactly when sorting says so", () => {
  const cases = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(cases, fc.nat(9), fc.integer({ min: 1, max: 10 }), (output, label, k) => {
      const order = output.map((v, i) => ({ v, i })).sort((a, b) => b.v - a.v || a.i - b.i);
      const expected = order.slice(0, k).some(({ i }) => i === label);
      expect(isInTop(output, label, k)).toBe(expected);
      expect(isInTop(output, argmax(output), 1)).toBe(true);
    }),
  );
  const top2 = topAccuracy(2);
  top2.add([1, 5, 3], 2);
  top2.add([1, 5, 3], 0);
  top2.add([9, 9, 9], 1);
  top2.add([9, 9, 9], -1);
  expect(top2.value()).toBe(0.5);
  expect(isInTop([Number.NaN, 1], 0, 1)).toBe(false);
});
