/** Scales and zero points of activations: int8, asymmetric, zero exact. */
import { fail, must } from "../diagnostics.js";
import type { Calibration } from "./calibrate.js";
import { chooseRange, type Range } from "./choose-range.js";
import type { PreparedModel } from "./float-graph.js";
import { linksOf } from "./float-graph.js";
import { knownRange } from "./operators.js";
import type { QuantPlan } from "./plan.js";
import type { CalibrationMethod } from "./report.js";

export interface ActivationParameters {
  /** float32. */
  readonly scale: number;
  /** In [-128, 127]. */
  readonly zeroPoint: number;
  readonly range: Range;
}

/** What a file of overrides says of one value. */
export interface Override {
  readonly method?: CalibrationMethod;
  readonly min?: number;
  readonly max?: number;
}

/** Ranges of joined values that differ by no more than this factor share parameters: at most two bits are lost. */
const joinFactor = 4;

/** Parameters of every owner of the plan. */
export function activationParameters(
  model: PreparedModel,
  plan: QuantPlan,
  calibration: Calibration,
  method: CalibrationMethod,
  overrides: ReadonlyMap<string, Override> = new Map(),
): ReadonlyMap<string, ActivationParameters> {
  const { producer } = linksOf(model);
  const ranges = new Map<string, Range>();
  for (const owner of new Set(plan.owners.values())) {
    const override = overrides.get(owner);
    const known = knownRange.get(producer.get(owner)?.opType ?? "");
    const histogram = must(calibration.histograms.get(owner), owner);
    const chosen = known ?? chooseRange(histogram, override?.method ?? method);
    const clamp = plan.clamps.get(owner);
    const range = { min: override?.min ?? chosen.min, max: override?.max ?? chosen.max };
    if (range.min > 0 || range.max < 0 || !Number.isFinite(range.max - range.min)) refuse(owner, range);
    ranges.set(owner, clamp ? within(range, clamp.low, clamp.high) : range);
  }
  // From the last on: what joins a result also joins what that result is joined to.
  for (const join of plan.joins.slice().reverse()) shareJoined(join, plan, ranges, overrides);
  return new Map([...ranges].map(([name, range]) => [name, parametersOf(range, plan.clamps.has(name))]));
}

function refuse(owner: string, { min, max }: Range): never {
  return fail({
    code: "LWC8030",
    kind: "error",
    message: `the range [${min}, ${max}] of "${owner}" does not hold zero`,
    where: { tensor: owner },
    hint: "zero is exact in every quantized tensor: widen the range in the file of overrides",
  });
}

/** A range inside the bounds of a clamp; zero stays inside, whatever the bounds are. */
function within({ min, max }: Range, low: number, high: number): Range {
  return { min: Math.min(0, Math.max(min, low)), max: Math.max(0, Math.min(max, high)) };
}

/** Gives the members of a Concat whose ranges are alike to that of its result the same range. */
function shareJoined(
  join: readonly string[],
  plan: QuantPlan,
  ranges: Map<string, Range>,
  overrides: ReadonlyMap<string, Override>,
): void {
  const members = [...new Set(join)].filter((name) => !overrides.has(name));
  const [result = ""] = join;
  const whole = ranges.get(result);
  if (!whole || !members.includes(result)) return;
  const alike = members.filter((name) => {
    const own = must(ranges.get(name), name);
    const clamp = plan.clamps.get(name);
    // A zero point above -128 would keep a Relu from folding.
    const folds = !clamp || clamp.low < 0 || whole.min === 0;
    return folds && whole.max - whole.min <= joinFactor * (own.max - own.min);
  });
  for (const name of alike) ranges.set(name, whole);
}

/** Smallest scale: below it products of scales would leave the range of float32. */
const smallestScale = 2 ** -40;

/**
 * Scale and zero point that cover a range with 256 steps, zero being one of them. Behind a clamp no step passes the range: then
 * the bounds of int8 are tighter than the clamp, which folds.
 */
export function parametersOf(range: Range, isClamped = false): ActivationParameters {
  const { min, max } = range;
  const scale = Math.max(smallestScale, Math.fround((max - min) / 255));
  if (max === min) return { scale: 1, zeroPoint: 0, range };
  if (min === 0) return { scale: notBeyond(scale, 255, max), zeroPoint: -128, range };
  const zeroPoint = Math.max(-128, Math.min(127, Math.round(-128 - min / scale)));
  if (!isClamped) return { scale, zeroPoint, range };
  const [below, above] = [zeroPoint + 128, 127 - zeroPoint];
  const inside = Math.min(below > 0 ? -min / below : scale, above > 0 ? max / above : scale, scale);
  const narrow = Math.max(smallestScale, Math.fround(inside));
  return { scale: notBeyond(notBeyond(narrow, below, -min), above, max), zeroPoint, range };
}

/** The scale, or the float32 below it, so that so many steps do not pass `end`. */
function notBeyond(scale: number, steps: number, end: number): number {
  return Math.fround(scale * steps) <= end ? scale : Math.fround(scale * (1 - 2 ** -23));
}
