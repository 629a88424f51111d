/** One way to quantize a model, with what it costs. */
import type { Calibration } from "./calibrate.js";
import type { Comparison } from "./evaluate.js";
import type { PreparedModel } from "./float-graph.js";
import { type ActivationParameters, activationParameters, type Override } from "./parameters.js";
import type { QuantPlan } from "./plan.js";
import type { CalibrationMethod } from "./report.js";
import { type QdqModel, writeQdq } from "./write-qdq.js";

/** What `auto` goes by; `score`: the score that was supplied. */
export type Metric = "top1" | "sqnr" | "score";

/** A model with what the samples showed of it. */
export interface Calibrated {
  readonly model: PreparedModel;
  readonly plan: QuantPlan;
  readonly calibration: Calibration;
}

export interface Settings {
  readonly method: CalibrationMethod;
  readonly equalized: boolean;
  readonly biasCorrected: boolean;
}

export interface Candidate extends Settings {
  readonly base: Calibrated;
  readonly parameters: ReadonlyMap<string, ActivationParameters>;
  readonly qdq: QdqModel;
  readonly comparison: Comparison;
}

export function settingsOf({ method, equalized, biasCorrected }: Settings): Settings {
  return { method, equalized, biasCorrected };
}

export function describe({ method, equalized, biasCorrected }: Settings): string {
  return [method, equalized ? "equalized" : "", biasCorrected ? "" : "without bias correction"]
    .filter((part) => part !== "")
    .join(", ");
}

/** Parameters and the model in QDQ form that follow from settings. */
export function candidateModel(
  { model, plan, calibration }: Calibrated,
  { method, biasCorrected }: Settings,
  overrides: ReadonlyMap<string, Override> | undefined,
): Pick<Candidate, "parameters" | "qdq"> {
  const parameters = activationParameters(model, plan, calibration, method, overrides);
  const means = new Map(
    [...calibration.statistics].map(([name, { sums, perChannel }]) => [name, sums.map((sum) => sum / perChannel)]),
  );
  return { parameters, qdq: writeQdq(model, plan, parameters, biasCorrected ? means : new Map()) };
}

/** Difference of top-1 that a few hundred samples cannot tell from chance. */
const chance = 0.01;

/** Of those whose top-1 is the best but for chance, or whose score is the best, the one of the best SQNR; the first of equals. */
export function bestOf(tried: readonly Candidate[], metric: Metric | undefined): Candidate {
  if (metric === "score") {
    const scoreOf = ({ comparison }: Candidate): number => comparison.int8.score ?? Number.NEGATIVE_INFINITY;
    const best = Math.max(...tried.map(scoreOf));
    return bestSqnr(tried.filter((one) => scoreOf(one) === best));
  }
  const topOf = ({ comparison }: Candidate): number => (metric === "sqnr" ? 0 : (comparison.int8.top1 ?? 0));
  const top = Math.max(...tried.map(topOf));
  const good = tried.filter((one) => topOf(one) >= top - chance);
  return bestSqnr(good);
}

function bestSqnr(tried: readonly Candidate[]): Candidate {
  return tried.reduce((best, one) => (one.comparison.int8.sqnr > best.comparison.int8.sqnr ? one : best));
}
