/**
 * Float ONNX model and samples to an int8 model in QDQ form, with a report of what was lost.
 *
 *   bytes -prepare-> PreparedModel -planQuantization-> QuantPlan
 *         -calibrate-> ranges and histograms -activationParameters-> scales, zero points
 *         -writeQdq-> QDQ model -writeOnnx-> bytes
 */
import { fail } from "../diagnostics.js";
import { writeOnnx } from "../frontend/onnx/write-model.js";
import { calibrate } from "./calibrate.js";
import {
  bestOf,
  type Calibrated,
  type Candidate,
  candidateModel,
  describe,
  type Metric,
  type Settings,
  settingsOf,
} from "./candidate.js";
import { equalize } from "./equalize.js";
import { compareLayers, compareOutputs, first, type Score } from "./evaluate.js";
import type { PreparedModel } from "./float-graph.js";
import type { LoadModel } from "./float-runner.js";
import { makeReport, type OwnReport } from "./make-report.js";
import { methods } from "./methods.js";
import { classOf } from "./operators.js";
import type { Override } from "./parameters.js";
import { planQuantization, type QuantPlan } from "./plan.js";
import { type PrepareOptions, prepare } from "./prepare.js";
import type { CalibrationMethod } from "./report.js";
import type { SampleSource } from "./samples.js";

export interface QuantizeOptions extends PrepareOptions {
  /** `auto` tries all and keeps the best. */
  readonly method: CalibrationMethod | "auto";
  /** Whether to equalize channels across layers; absent: where it helps, under `auto`. */
  readonly equalize?: boolean;
  /** Whether to put the mean error of rounded weights into biases; absent: where it helps, under `auto`. */
  readonly biasCorrection?: boolean;
  /** What `auto` goes by; absent: top-1 where samples have labels, else SQNR. */
  readonly metric?: Metric;
  /** Scores samples for the report, and for the metric `score`. */
  readonly score?: Score;
  readonly overrides?: ReadonlyMap<string, Override>;
  readonly calibration: SampleSource;
  /** Samples to measure the result on; none: the calibration samples. */
  readonly heldBack?: SampleSource;
  readonly load: LoadModel;
  /** What is done now, and how far it is. */
  readonly onProgress?: (stage: string, done: number, total: number) => void;
}

export interface QuantizeResult {
  readonly bytes: Uint8Array;
  readonly report: OwnReport;
}

/** Samples that candidates are compared on. */
const trialSamples = 500;

const producer = "lwc quantize";

/** Throws CompileError for what is wrong with the model or the samples. */
export async function quantize(bytes: Uint8Array, options: QuantizeOptions): Promise<QuantizeResult> {
  const { load, calibration: samples, overrides } = options;
  if (options.metric === "top1") await requireLabels(samples);
  const prepared = await prepare(bytes, load, options);
  const plain = await calibrated(prepared, options, "calibrating");
  checkOverrides(overrides, plain.plan);
  const { best, tried } = await search(prepared, plain, options);
  const measured = options.heldBack ?? samples;
  let done = 0;
  const comparison = await compareOutputs(
    prepared,
    best.qdq.model,
    measured,
    load,
    () => options.onProgress?.("measuring", ++done, measured.count),
    options.score,
  );
  const layers = await compareLayers(best.base.model, best.qdq, measured, load);
  const heldBack = options.heldBack !== undefined;
  return {
    bytes: writeOnnx(best.qdq.model, producer),
    report: makeReport({ prepared, best, tried, comparison, heldBack, layers, overrides }),
  };
}

interface Search {
  readonly best: Candidate;
  readonly tried: readonly Candidate[];
}

/** Tries what the options leave open: the methods first, then with the best of them the rest, one thing at a time. */
async function search(prepared: PreparedModel, plain: Calibrated, options: QuantizeOptions): Promise<Search> {
  const { load, calibration, overrides } = options;
  const subset = first(calibration, trialSamples);
  const tried: Candidate[] = [];
  const attempt = async (base: Calibrated, settings: Settings): Promise<void> => {
    let done = 0;
    const qdq = candidateModel(base, settings, overrides);
    const comparison = await compareOutputs(
      prepared,
      qdq.qdq.model,
      subset,
      load,
      () => options.onProgress?.(`trying ${describe(settings)}`, ++done, subset.count),
      options.score,
    );
    tried.push({ ...settings, base, ...qdq, comparison });
  };
  const soFar = (): Candidate => bestOf(tried, options.metric);

  const isAuto = options.method === "auto";
  const start = options.equalize === true ? await equalized(prepared, plain, options) : plain;
  const settings = {
    equalized: start !== plain,
    biasCorrected: options.biasCorrection ?? true,
  };
  for (const method of options.method === "auto" ? methods : [options.method])
    await attempt(start, { ...settings, method });
  if (isAuto && options.biasCorrection === undefined)
    await attempt(start, { ...settingsOf(soFar()), biasCorrected: false });
  if (isAuto && options.equalize === undefined) {
    const other = await equalized(prepared, plain, options);
    if (other !== plain) await attempt(other, { ...settingsOf(soFar()), equalized: true });
  }
  return { best: soFar(), tried };
}

async function requireLabels(samples: SampleSource): Promise<void> {
  for await (const { name, label } of samples) {
    if (label !== undefined) continue;
    fail({
      code: "LWC8034",
      kind: "error",
      message: `the metric is top-1, and sample "${name}" has no label`,
      hint: "give --labels, or choose --metric sqnr",
    });
  }
}

async function calibrated(model: PreparedModel, options: QuantizeOptions, stage: string): Promise<Calibrated> {
  const plan = planQuantization(model);
  const calibration = await calibrate(
    model,
    observedValues(model, plan),
    options.calibration,
    options.load,
    (done, total) => options.onProgress?.(stage, done, total),
  );
  return { model, plan, calibration };
}

/** The model with balanced channels; the same object where there is nothing to balance. */
async function equalized(prepared: PreparedModel, plain: Calibrated, options: QuantizeOptions): Promise<Calibrated> {
  const model = equalize(prepared, plain.calibration.statistics);
  return model === prepared ? plain : calibrated(model, options, "calibrating the equalized model");
}

/** Owners of parameters, and what layers read. */
function observedValues(model: PreparedModel, plan: QuantPlan): readonly string[] {
  const products = model.nodes.filter((node) => classOf(node.opType) === "product").map((node) => node.inputs[0] ?? "");
  return [...new Set([...plan.owners.values(), ...products])];
}

function checkOverrides(overrides: ReadonlyMap<string, Override> | undefined, plan: QuantPlan): void {
  const known = new Set(plan.owners.values());
  for (const name of overrides?.keys() ?? []) {
    if (known.has(name)) continue;
    fail({
      code: "LWC8033",
      kind: "error",
      message: `the file of overrides names "${name}", which has no parameters of its own`,
      where: { tensor: name },
      hint: "the report lists the names of all tensors with parameters",
    });
  }
}
