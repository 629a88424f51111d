/** The report of what was decided and what it costs. */
import { type Diagnostic, must } from "../diagnostics.js";
import type { OnnxModel } from "../frontend/onnx/onnx-model.js";
import { adviceOf } from "./advice.js";
import type { Candidate } from "./candidate.js";
import type { Comparison } from "./evaluate.js";
import { linksOf, type PreparedModel } from "./float-graph.js";
import type { Override } from "./parameters.js";
import type { LayerDamage, QuantizeReport, TensorParameters, TriedMethod } from "./report.js";

/** Without what only the caller knows. */
export type OwnReport = Omit<QuantizeReport, "model" | "command" | "hashes">;

export interface Findings {
  readonly prepared: PreparedModel;
  readonly best: Candidate;
  readonly tried: readonly Candidate[];
  readonly comparison: Comparison;
  readonly heldBack: boolean;
  readonly layers: readonly LayerDamage[];
  readonly overrides: ReadonlyMap<string, Override> | undefined;
}

export function makeReport(findings: Findings): OwnReport {
  const { prepared, best, tried, comparison, heldBack, layers, overrides } = findings;
  const measured = {
    sizes: { float: sizeOf(prepared), int8: sizeOf(best.qdq.model) },
    calibrationSamples: best.base.calibration.samples,
    method: best.method,
    tried: tried.map(
      (one): TriedMethod => ({
        method: one.method,
        equalized: one.equalized,
        biasCorrected: one.biasCorrected,
        quality: one.comparison.int8,
        chosen: one === best,
      }),
    ),
    float: comparison.float,
    int8: comparison.int8,
    heldBack,
    layers,
    parameters: listParameters(best, overrides),
    warnings: warningsOf(best),
  };
  return { ...measured, advice: adviceOf(measured) };
}

/** Fewest samples that say something about ranges. */
const fewestSamples = 8;

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
    const base = { layer: output, zeroPoint: 0, overridden: false } as const;
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

function warningsOf(best: Candidate): readonly Diagnostic[] {
  const warnings: Diagnostic[] = [];
  const { samples } = best.base.calibration;
  if (samples < fewestSamples) {
    warnings.push({
      code: "LWC8031",
      kind: "warning",
      message: `${samples} calibration samples: ranges of activations are guesses`,
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
