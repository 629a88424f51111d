/** From a histogram to the range that 256 steps cover: four methods. */
import { assertNever } from "../diagnostics.js";
import type { Histogram } from "./observe.js";
import type { CalibrationMethod } from "./report.js";

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Share of values that the percentile method keeps. */
export const keptShare = 0.9999;

/** The range of real values to represent; zero is always inside. */
export function chooseRange(histogram: Histogram, method: CalibrationMethod): Range {
  const full = withZero(histogram);
  if (!(histogram.max > histogram.min)) return full;
  switch (method) {
    case "minmax":
      return full;
    case "percentile":
      return withZero(percentile(histogram, keptShare));
    case "entropy":
      return withZero(leastDivergence(histogram));
    case "mse":
      return leastError(histogram, full);
    default:
      return assertNever(method);
  }
}

function withZero({ min, max }: Range): Range {
  return { min: Math.min(0, min), max: Math.max(0, max) };
}

/** Cuts (1 - share) / 2 of the values at either end. */
function percentile(histogram: Histogram, share: number): Range {
  const { counts, min } = histogram;
  const width = binWidth(histogram);
  const cut = (total(counts) * (1 - share)) / 2;
  let low = 0;
  for (let seen = counts[0] ?? 0; seen <= cut && low < counts.length - 1; seen += counts[low] ?? 0) low++;
  let high = counts.length - 1;
  for (let seen = counts[high] ?? 0; seen <= cut && high > 0; seen += counts[high] ?? 0) high--;
  return high < low ? histogram : { min: min + low * width, max: min + (high + 1) * width };
}

function binWidth({ min, max, counts }: Histogram): number {
  return (max - min) / counts.length;
}

function total(counts: Float64Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Thresholds that the entropy method tries. */
const entropySteps = 64;
const levels = 256;
/** Bins that the entropy method looks at: several for each level, and filled: in sparse ones it would see noise. */
const entropyBins = { most: 2048, fewest: 2 * levels, values: 64 } as const;

/**
 * The range whose quantized distribution diverges least from the true one (Kullback-Leibler), as Migacz describes it ("8-bit
 * inference with TensorRT", 2017): values beyond the range count at its ends.
 */
function leastDivergence(histogram: Histogram): Range {
  const filled = 2 ** Math.floor(Math.log2(total(histogram.counts) / entropyBins.values));
  if (filled < entropyBins.fewest) return histogram;
  const counts = coarser(histogram.counts, Math.min(entropyBins.most, filled));
  const width = (histogram.max - histogram.min) / counts.length;
  // Zero is exact in every range: what a Relu cut off tells nothing, and would outweigh the rest.
  const zero = Math.min(counts.length - 1, Math.max(0, Math.floor(-histogram.min / width)));
  counts[zero] = Math.min(counts[zero] ?? 0, counts[zero + 1] ?? counts[zero - 1] ?? 0);
  const peak = Math.max(histogram.max, -histogram.min);
  let best: Range = histogram;
  let least = Number.POSITIVE_INFINITY;
  for (let step = entropySteps; step >= entropySteps / 8; step--) {
    const threshold = (peak * step) / entropySteps;
    const from = Math.max(0, Math.round((-threshold - histogram.min) / width));
    const to = Math.min(counts.length, Math.round((threshold - histogram.min) / width));
    if (to - from < levels / 2) break;
    const divergence = divergenceOf(counts, from, to);
    if (divergence < least) {
      least = divergence;
      best = { min: histogram.min + from * width, max: histogram.min + to * width };
    }
  }
  return best;
}

function coarser(counts: Float64Array, bins: number): Float64Array {
  const merged = new Float64Array(bins);
  const size = counts.length / bins;
  counts.forEach((count, i) => {
    const at = Math.floor(i / size);
    merged[at] = (merged[at] ?? 0) + count;
  });
  return merged;
}

/** KL divergence of bins [from, to), outliers added at the ends, from the same spread over `levels` levels. */
function divergenceOf(counts: Float64Array, from: number, to: number): number {
  const inside = counts.subarray(from, to);
  const reference = inside.slice();
  const low = total(counts.subarray(0, from));
  const high = total(counts.subarray(to));
  reference[0] = (reference[0] ?? 0) + low;
  reference[reference.length - 1] = (reference.at(-1) ?? 0) + high;
  const quantized = spreadLevels(inside);
  const all = total(reference);
  const allQuantized = total(quantized);
  let divergence = 0;
  for (let i = 0; i < reference.length; i++) {
    const p = (reference[i] ?? 0) / all;
    // Where the quantized distribution has nothing, a share of one value stands for it.
    const q = Math.max(quantized[i] ?? 0, 1e-4) / allQuantized;
    if (p > 0) divergence += p * Math.log(p / q);
  }
  return divergence;
}

/** The bins as `levels` levels see them: each level's count spread over its non-empty bins. */
function spreadLevels(counts: Float64Array): Float64Array {
  const out = new Float64Array(counts.length);
  const size = counts.length / levels;
  for (let level = 0; level < levels; level++) {
    const from = Math.floor(level * size);
    const to = Math.max(from + 1, Math.floor((level + 1) * size));
    let sum = 0;
    let filled = 0;
    for (let i = from; i < to; i++) {
      sum += counts[i] ?? 0;
      if ((counts[i] ?? 0) > 0) filled++;
    }
    for (let i = from; i < to; i++) if ((counts[i] ?? 0) > 0) out[i] = sum / filled;
  }
  return out;
}

/** Ends of the range that the error method tries, as shares of the full range. */
const shares: readonly number[] = Array.from({ length: 41 }, (_, i) => 1 - i * 0.02);

/** The range of least mean squared error, each end searched in turn. */
function leastError(histogram: Histogram, full: Range): Range {
  let best = full;
  let least = squaredError(histogram, full);
  const consider = (range: Range): void => {
    const error = squaredError(histogram, range);
    if (error < least) {
      least = error;
      best = range;
    }
  };
  for (let round = 0; round < 2; round++) {
    if (full.max > 0) for (const share of shares) consider({ min: best.min, max: full.max * share });
    if (full.min < 0) for (const share of shares) consider({ min: full.min * share, max: best.max });
  }
  return best;
}

/** Sum over all values of the squared difference to the nearest of 256 steps, values of a bin taken at its middle. */
function squaredError(histogram: Histogram, { min, max }: Range): number {
  const { counts } = histogram;
  const step = (max - min) / (levels - 1);
  const width = binWidth(histogram);
  // Within a step errors are spread evenly.
  const rounding = (step * step) / 12;
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] ?? 0;
    if (count === 0) continue;
    const x = histogram.min + (i + 0.5) * width;
    const beyond = x < min ? min - x : x > max ? x - max : 0;
    sum += count * (beyond > 0 ? beyond * beyond : rounding);
  }
  return sum;
}
