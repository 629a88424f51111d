/**
 * Float ONNX model and samples to an int8 model in QDQ form, with a report of what was lost.
 *
 *   bytes -prepare-> PreparedModel -planQuantization-> QuantPlan
 *         -calibrate-> ranges and histograms -activationParameters-> scales, zero points
 *         -writeQdq-> QDQ model -writeOnnx-> bytes
 */
import { type Diagnostic, fail, must } from "../diagnostics.js";
import type { OnnxModel } from "../frontend/onnx/onnx-model.js";
import { writeOnnx } from "../frontend/onnx/write-model.js";
import { type Calibration, calibrate } from "./calibrate.js";
import { equalize } from "./equalize.js";
import { type Comparison, compareLayers, compareOutputs, first } from "./evaluate.js";
import { linksOf, type PreparedModel } from "./float-graph.js";
import type { LoadModel } from "./float-runner.js";
import { methods } from "./methods.js";
import { classOf } from "./operators.js";
import { type ActivationParameters, activationParameters, type Override } from "./parameters.js";
import { planQuantization, type QuantPlan } from "./plan.js";
import { type PrepareOptions, prepare } from "./prepare.js";
import type { CalibrationMethod, QuantizeReport, TensorParameters, TriedMethod } from "./report.js";
import type { SampleSource } from "./samples.js";
import { type QdqModel, writeQdq } from "./write-qdq.js";

export interface QuantizeOptions extends PrepareOptions {
  /** `auto` tries all and keeps the best. */
  readonly method: CalibrationMethod | "auto";
  /** Whether to equalize channels across layers; absent: where it helps, under `auto`. */
  readonly equalize?: boolean;
  /** Whether to put the mean error of rounded weights into biases; absent: where it helps, under `auto`. */
  readonly biasCorrection?: boolean;
  /** What `auto` goes by; absent: top-1 where samples have labels, else SQNR. */
  readonly metric?: Metric;
  readonly overrides?: ReadonlyMap<string, Override>;
  readonly calibration: SampleSource;
  /** Samples to measure the result on; none: the calibration samples. */
  readonly heldBack?: SampleSource;
  readonly load: LoadModel;
  /** What is done now, and how far it is. */
  readonly onProgress?: (stage: string, done: number, total: number) => void;
}

export type Metric = "top1" | "sqnr";

export interface QuantizeResult {
  readonly bytes: Uint8Array;
  /** Without what only the caller knows. */
  readonly report: Omit<QuantizeReport, "model" | "command" | "hashes">;
}

/** Fewest samples that say something about ranges. */
const fewestSamples = 8;
/** Samples that candidates are compared on. */
const trialSamples = 500;

const producer = "lwc quantize";

/** Throws CompileError for what is wrong with the model or the samples. */
export async function quantize(bytes: Uint8Array, options: QuantizeOptions): Promise<QuantizeResult> {
  const { load, calibration: samples } = options;
  const progress = options.onProgress ?? (() => undefined);
  if (options.metric === "top1") await requireLabels(samples);
  const prepared = await prepare(bytes, load, options);
  const plain = await calibrated(prepared, options, "calibrating");
  checkOverrides(options.overrides, plain.plan);
  const tried: Candidate[] = [];
  const attempt = async (base: Calibrated, settings: Settings): Promise<Candidate> => {
    const stage = `trying ${describe(settings)}`;
    const subset = first(samples, trialSamples);
    let done = 0;
    progress(stage, 0, subset.count);
    const qdq = candidateModel(base, settings, options.overrides);
    const comparison = await compareOutputs(prepared, qdq.qdq.model, subset, load, () =>
      progress(stage, ++done, subset.count),
    );
    const candidate = { ...settings, base, ...qdq, comparison };
    tried.push(candidate);
    return candidate;
  };
  let best: Candidate | undefined;
  const keep = (candidate: Candidate): void => {
    if (!best || isBetter(candidate, best, options.metric)) best = candidate;
  };
  const isAuto = options.method === "auto";
  const biasCorrected = options.biasCorrection ?? true;
  const start = options.equalize === true ? await equalized(prepared, plain, options) : plain;
  for (const method of options.method === "auto" ? methods : [options.method])
    keep(await attempt(start, { method, biasCorrected, equalized: start !== plain }));
  if (isAuto && options.biasCorrection === undefined)
    keep(await attempt(start, { ...settingsOf(must(best, "best")), biasCorrected: false }));
  if (isAuto && options.equalize === undefined) {
    const other = await equalized(prepared, plain, options);
    if (other !== plain) keep(await attempt(other, { ...settingsOf(must(best, "best")), equalized: true }));
  }
  return finish(prepared, must(best, "best"), tried, options);
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

/** A model with what the samples showed of it. */
interface Calibrated {
  readonly model: PreparedModel;
  readonly plan: QuantPlan;
  readonly calibration: Calibration;
}

interface Settings {
  readonly method: CalibrationMethod;
  readonly equalized: boolean;
  readonly biasCorrected: boolean;
}

interface Candidate extends Settings {
  readonly base: Calibrated;
  readonly parameters: ReadonlyMap<string, ActivationParameters>;
  readonly qdq: QdqModel;
  readonly comparison: Comparison;
}

function settingsOf({ method, equalized, biasCorrected }: Settings): Settings {
  return { method, equalized, biasCorrected };
}

function describe({ method, equalized, biasCorrected }: Settings): string {
  return [method, equalized ? "equalized" : "", biasCorrected ? "" : "without bias correction"]
    .filter((part) => part !== "")
    .join(", ");
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

function candidateModel(
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

/** By labels where there are any and they tell the two apart, then by the outputs' SQNR. */
function isBetter(a: Candidate, b: Candidate, metric: Metric | undefined): boolean {
  const topOf = ({ comparison }: Candidate): number => (metric === "sqnr" ? 0 : (comparison.int8.top1 ?? 0));
  const [top1, other] = [topOf(a), topOf(b)];
  return Math.abs(top1 - other) <= chance ? a.comparison.int8.sqnr > b.comparison.int8.sqnr : top1 > other;
}

async function finish(
  prepared: PreparedModel,
  best: Candidate,
  tried: readonly Candidate[],
  options: QuantizeOptions,
): Promise<QuantizeResult> {
  const { load, calibration: samples } = options;
  const bytes = writeOnnx(best.qdq.model, producer);
  const measured = options.heldBack ?? samples;
  let done = 0;
  const final = await compareOutputs(prepared, best.qdq.model, measured, load, () =>
    options.onProgress?.("measuring", ++done, measured.count),
  );
  const layers = await compareLayers(best.base.model, best.qdq, measured, load);
  return {
    bytes,
    report: {
      sizes: { float: sizeOf(prepared), int8: sizeOf(best.qdq.model) },
      calibrationSamples: best.base.calibration.samples,
      method: best.method,
      tried: tried.map(
        (one): TriedMethod => ({ ...settingsOf(one), quality: one.comparison.int8, chosen: one === best }),
      ),
      float: final.float,
      int8: final.int8,
      heldBack: options.heldBack !== undefined,
      layers,
      parameters: listParameters(best, options.overrides),
      warnings: warningsOf(best, samples),
    },
  };
}

/** Bytes of all constants. */
function sizeOf(model: OnnxModel): number {
  return [...model.initializers.values()].reduce((sum, tensor) => sum + tensor.data.byteLength, 0);
}

function listParameters(
  best: Candidate,
  overrides: ReadonlyMap<string, Override> | undefined,
): readonly TensorParameters[] {
  const activations = [...best.parameters].map(
    ([tensor, { scale, zeroPoint, range }]): TensorParameters => ({
      tensor,
      kind: "activation",
      scales: [scale],
      zeroPoint,
      ...range,
      overridden: overrides?.has(tensor) === true,
    }),
  );
  const { producer } = linksOf(best.base.model);
  const layers = [...best.qdq.products].flatMap(([output, product]): readonly TensorParameters[] => {
    const [, weights = "", bias = ""] = producer.get(output)?.inputs ?? [];
    const base = { zeroPoint: 0, overridden: false } as const;
    const real = extent(best.base.model.initializers.get(weights)?.data ?? []);
    return [
      { ...base, tensor: weights, kind: "weights", scales: Array.from(product.scales), ...real },
      ...(product.bias
        ? [
            {
              ...base,
              tensor: bias === "" ? `${output}_bias` : bias,
              kind: "bias" as const,
              scales: Array.from(product.biasScales),
              ...extent(product.bias.map((value, o) => value * must(product.biasScales[o], "scale"))),
            },
          ]
        : []),
    ];
  });
  return [...activations, ...layers];
}

function extent(values: ArrayLike<number>): { readonly min: number; readonly max: number } {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    min = Math.min(min, values[i] ?? 0);
    max = Math.max(max, values[i] ?? 0);
  }
  return { min, max };
}

function warningsOf(best: Candidate, samples: SampleSource): readonly Diagnostic[] {
  const warnings: Diagnostic[] = [];
  if (samples.count < fewestSamples) {
    warnings.push({
      code: "LWC8031",
      kind: "warning",
      message: `${samples.count} calibration samples: ranges of activations are guesses`,
      hint: "calibrate on 100 to 1,000 samples of what the network will see",
    });
  }
  for (const [tensor, { min, max }] of best.base.calibration.statistics) {
    if (min !== max) continue;
    warnings.push({
      code: "LWC8032",
      kind: "warning",
      message: `"${tensor}" is ${min} in every sample`,
      where: { tensor },
      hint: "check the samples and their normalization: a dead layer carries no information",
    });
  }
  return warnings;
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
