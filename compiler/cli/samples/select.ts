/** Which samples are used, and which of them are held back: index lists, the same every time. */
import { fail } from "../../diagnostics.js";
import { makeRandom } from "../../verify/inputs.js";
import { parseCount, parseShare, type SampleOptions } from "./options.js";

/** Seed of the choice of held-back samples where none is given. */
const defaultSeed = 1;

/** Indices of `count` samples after shuffling, skipping and limiting, in this order. */
export function selectSamples(count: number, options: SampleOptions): readonly number[] {
  const all = Array.from({ length: count }, (_, i) => i);
  const ordered =
    options.shuffleSeed === undefined ? all : shuffled(all, parseCount("--shuffle-seed", options.shuffleSeed));
  const skip = parseCount("--skip", options.skip ?? "0");
  const limit = options.limit === undefined ? count : parseCount("--limit", options.limit);
  const selected = ordered.slice(skip, skip + limit);
  if (selected.length === 0) {
    fail({
      code: "LWC8105",
      kind: "error",
      message: `no samples are left of ${count} with --skip ${skip} and --limit ${limit}`,
      hint: "skip fewer, or take more",
    });
  }
  return selected;
}

export interface Split {
  readonly calibration: readonly number[];
  readonly heldBack: readonly number[];
}

/**
 * Draws round(share * n) samples, at least one where the share is not 0, by a seeded shuffle: data sets are often sorted by class
 * or go round the classes, so neither the last ones nor every n-th would do. Both parts stay in their order.
 */
export function splitSamples(selected: readonly number[], options: SampleOptions): Split {
  const share = parseShare("--hold-back", options.holdBack ?? "0");
  if (share === 0) return { calibration: selected, heldBack: [] };
  const size = Math.max(1, Math.round(share * selected.length));
  if (size >= selected.length) {
    fail({
      code: "LWC8106",
      kind: "error",
      message: `--hold-back ${options.holdBack} leaves none of ${selected.length} samples to calibrate on`,
      hint: "hold back less, or bring more samples",
    });
  }
  const seed = parseCount("--shuffle-seed", options.shuffleSeed ?? String(defaultSeed));
  const held = new Set(shuffled(selected, seed).slice(0, size));
  return {
    calibration: selected.filter((index) => !held.has(index)),
    heldBack: selected.filter((index) => held.has(index)),
  };
}

/** Fisher-Yates with mulberry32. */
function shuffled(items: readonly number[], seed: number): readonly number[] {
  const random = makeRandom(seed);
  const result = items.slice();
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor((random() / 2 ** 32) * (i + 1));
    const [a = 0, b = 0] = [result[i], result[j]];
    result[i] = b;
    result[j] = a;
  }
  return result;
}
