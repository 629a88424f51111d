/** Ranges and the scales that follow from them. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dequantize, quantize } from "../../compiler/arith/unary.js";
import { chooseRange } from "../../compiler/quantize/choose-range.js";
import { methods } from "../../compiler/quantize/methods.js";
import {
  addToHistogram,
  addToStatistics,
  type Histogram,
  newHistogram,
  newStatistics,
} from "../../compiler/quantize/observe.js";
import { parametersOf } from "../../compiler/quantize/parameters.js";
import { randomNumbers } from "./float-nets.js";

function histogramOf(values: Float32Array): Histogram {
  const statistics = newStatistics([1, 1, values.length]);
  addToStatistics(statistics, values);
  const histogram = newHistogram(statistics.min, statistics.max);
  addToHistogram(histogram, values);
  return histogram;
}

/** Bell-shaped, in about [-3, 3]. */
function bell(count: number, seed: number): Float32Array {
  const parts = Array.from({ length: 6 }, (_, i) => randomNumbers(count, seed + i));
  return Float32Array.from({ length: count }, (_, i) => parts.reduce((sum, part) => sum + part[i]!, 0) / 1.4);
}

test("zero is exact, and every value of the range is within half a step, or one at the ends", () => {
  const bound = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(
      bound,
      bound,
      fc.boolean(),
      fc.boolean(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (a, b, low, high, share) => {
        const range = { min: low ? -a : 0, max: high || !low ? b : 0 };
        const { scale, zeroPoint } = parametersOf(range);
        expect(Math.fround(scale)).toBe(scale);
        expect(dequantize(zeroPoint, scale, zeroPoint)).toBe(0);
        const x = Math.fround(range.min + share * (range.max - range.min));
        expect(Math.abs(dequantize(quantize(x, scale, zeroPoint), scale, zeroPoint) - x)).toBeLessThanOrEqual(
          scale * 1.01,
        );
      },
    ),
  );
});

test("a range from zero has zero point -128 and does not pass its end: a Relu or a Clip there folds", () => {
  fc.assert(
    fc.property(fc.float({ min: Math.fround(1e-4), max: Math.fround(1e4), noNaN: true }), (max) => {
      const { scale, zeroPoint } = parametersOf({ min: 0, max });
      expect(zeroPoint).toBe(-128);
      expect(Math.fround(scale * 255)).toBeLessThanOrEqual(max);
    }),
  );
});

test("behind a clamp no step passes the range", () => {
  const bound = fc.float({ min: Math.fround(1e-2), max: 100, noNaN: true });
  fc.assert(
    fc.property(bound, bound, (a, b) => {
      const { scale, zeroPoint } = parametersOf({ min: -a, max: b }, true);
      const [low, high] = [Math.fround(scale * (-128 - zeroPoint)), Math.fround(scale * (127 - zeroPoint))];
      expect(low).toBeGreaterThanOrEqual(-a);
      expect(high).toBeLessThanOrEqual(b);
    }),
  );
});

test("a value that is zero in all samples has parameters too", () => {
  expect(parametersOf({ min: 0, max: 0 })).toMatchObject({ scale: 1, zeroPoint: 0 });
});

test("statistics: range, mean and peak per channel, and what is not finite", () => {
  const statistics = newStatistics([1, 2, 2]);
  expect(addToStatistics(statistics, [1, 3, -5, 1])).toBe(true);
  expect(addToStatistics(statistics, [0, 0, 1, 1])).toBe(true);
  expect(statistics).toMatchObject({ min: -5, max: 3, perChannel: 4 });
  expect([...statistics.sums]).toEqual([4, -2]);
  expect([...statistics.peaks]).toEqual([3, 5]);
  expect(addToStatistics(statistics, [0, Number.NaN, 0, 0])).toBe(false);
  expect(addToStatistics(statistics, [0, 0, Number.NEGATIVE_INFINITY, 0])).toBe(false);
});

test("histograms count every value, the largest in the last bin", () => {
  const histogram = histogramOf(Float32Array.of(-1, 0, 0.5, 1));
  expect(histogram.counts.reduce((a, b) => a + b)).toBe(4);
  expect(histogram.counts[0]).toBe(1);
  expect(histogram.counts.at(-1)).toBe(1);
});

describe.each(methods)("%s", (method) => {
  test("keeps a range without outliers almost whole, and zero inside", () => {
    const range = chooseRange(histogramOf(randomNumbers(100_000, 1)), method);
    expect(range.min).toBeGreaterThanOrEqual(-1);
    expect(range.min).toBeLessThan(-0.9);
    expect(range.max).toBeLessThanOrEqual(1);
    expect(range.max).toBeGreaterThan(0.9);
    const positive = chooseRange(histogramOf(randomNumbers(1000, 1).map((x) => x + 3)), method);
    expect(positive.min).toBe(0);
  });

  test(method === "minmax" ? "keeps an outlier" : "cuts an outlier of one in 100,000", () => {
    const values = bell(100_000, 3);
    values[5] = 40;
    const { max } = chooseRange(histogramOf(values), method);
    if (method === "minmax") expect(max).toBe(40);
    else expect(max).toBeLessThan(method === "mse" ? 37 : 20);
  });

  test("a constant has a range", () => {
    expect(chooseRange(histogramOf(Float32Array.of(2, 2)), method)).toEqual({ min: 0, max: 2 });
    expect(chooseRange(histogramOf(Float32Array.of(0, 0)), method)).toEqual({ min: 0, max: 0 });
  });
});

test("the error method errs less than the full range does", () => {
  const values = bell(50_000, 9);
  values[1] = 30;
  const error = (range: { readonly min: number; readonly max: number }): number => {
    const { scale, zeroPoint } = parametersOf(range);
    return values.reduce((sum, x) => sum + (dequantize(quantize(x, scale, zeroPoint), scale, zeroPoint) - x) ** 2, 0);
  };
  const histogram = histogramOf(values);
  expect(error(chooseRange(histogram, "mse"))).toBeLessThan(error(chooseRange(histogram, "minmax")));
});
