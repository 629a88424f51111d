/** What the samples showed of one value: range, mean and peak per channel, histogram. Memory does not grow with the samples. */
import { must } from "../diagnostics.js";
import type { Shape } from "../ir/shape.js";

export interface RangeStatistics {
  min: number;
  max: number;
  /** Per channel (axis 1): sum, and largest absolute value; over `perChannel` values each. */
  readonly sums: Float64Array;
  readonly peaks: Float64Array;
  perChannel: number;
}

/** Bins of a histogram: each far narrower than one of 256 quantization steps. */
export const binCount = 4096;

export interface Histogram {
  /** Ends of the first and last bin. */
  readonly min: number;
  readonly max: number;
  readonly counts: Float64Array;
}

export function newStatistics(shape: Shape): RangeStatistics {
  const channels = shape.length > 1 ? must(shape[1], "channels") : 1;
  return {
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    sums: new Float64Array(channels),
    peaks: new Float64Array(channels),
    perChannel: 0,
  };
}

/** Adds the values of one sample, batch 1. Returns false where one is NaN or infinite. */
export function addToStatistics(statistics: RangeStatistics, data: ArrayLike<number>): boolean {
  const { sums, peaks } = statistics;
  const inner = data.length / sums.length;
  let areFinite = true;
  for (let c = 0, at = 0; c < sums.length; c++) {
    let sum = 0;
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const end = at + inner; at < end; at++) {
      const x = data[at] ?? 0;
      sum += x;
      if (x < low) low = x;
      if (x > high) high = x;
    }
    areFinite &&= Number.isFinite(sum);
    sums[c] = (sums[c] ?? 0) + sum;
    peaks[c] = Math.max(peaks[c] ?? 0, -low, high);
    statistics.min = Math.min(statistics.min, low);
    statistics.max = Math.max(statistics.max, high);
  }
  statistics.perChannel += inner;
  return areFinite;
}

export function newHistogram(min: number, max: number): Histogram {
  return { min, max, counts: new Float64Array(binCount) };
}

export function addToHistogram({ min, max, counts }: Histogram, data: ArrayLike<number>): void {
  const perUnit = max > min ? counts.length / (max - min) : 0;
  const last = counts.length - 1;
  for (let i = 0; i < data.length; i++) {
    const bin = Math.floor(((data[i] ?? 0) - min) * perUnit);
    const at = Math.max(0, Math.min(last, bin));
    counts[at] = (counts[at] ?? 0) + 1;
  }
}
