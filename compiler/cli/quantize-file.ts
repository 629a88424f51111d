/** A float model file and folders of samples to an int8 model: what `lwc quantize` and `lwc compile --calibration` share. */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { fail } from "../diagnostics.js";
import { methods } from "../quantize/methods.js";
import { modelInputs } from "../quantize/prepare.js";
import { quantize } from "../quantize/quantize.js";
import type { QuantizeReport } from "../quantize/report.js";
import { openInference } from "./float-inference.js";
import { withProgress } from "./progress.js";
import { readMetric } from "./read-metric.js";
import type { ModelFile } from "./read-model.js";
import { readOverrides } from "./read-overrides.js";
import { remaining } from "./remaining.js";
import { openSamples, openSplit } from "./samples/open-samples.js";
import type { SampleOptions } from "./samples/options.js";

/** Options as commander hands them over. */
export interface QuantizeFlags extends Omit<SampleOptions, "inputs" | "paths"> {
  readonly calibration?: readonly string[];
  /** Samples to measure on, instead of some held back. */
  readonly test?: readonly string[];
  readonly testLabels?: string;
  readonly method?: string;
  readonly metric?: string;
  /** "on", "off" or "auto". */
  readonly equalize?: string;
  readonly biasCorrection?: string;
  readonly overrides?: string;
  readonly json?: boolean;
}

export interface QuantizedFile {
  readonly bytes: Uint8Array;
  readonly report: QuantizeReport;
  /** What was done to the samples, one line for each input. */
  readonly notes: readonly string[];
}

/** Share of samples that is kept from calibration to measure on, where the user says nothing. */
const defaultHoldBack = "0.2";

export async function quantizeFile(
  path: string,
  file: ModelFile,
  flags: QuantizeFlags,
  command: string,
): Promise<QuantizedFile> {
  const { inputShapes, readExternal } = file.options;
  const shapes = { ...(inputShapes ? { inputShapes } : {}), ...(readExternal ? { readExternal } : {}) };
  const load = await openInference();
  const inputs = modelInputs(file.bytes, shapes);
  const hasTest = (flags.test ?? []).length > 0;
  const holdBack = flags.holdBack ?? (hasTest ? "0" : defaultHoldBack);
  const { calibration, heldBack, notes } = await openSplit({
    ...flags,
    inputs,
    paths: flags.calibration ?? [],
    holdBack,
  });
  const measured = hasTest ? await openSamples(testOptions(flags, inputs)) : heldBack;
  const method = choose("--method", flags.method ?? "auto", ["auto", ...methods]);
  const equalize = onOff("--equalize", flags.equalize);
  const biasCorrection = onOff("--bias-correction", flags.biasCorrection);
  const { metric, score } = await readMetric(flags.metric);
  const result = await withProgress(`quantizing ${basename(path)}`, flags.json === true, (say) => {
    const eta = remaining();
    return quantize(file.bytes, {
      ...shapes,
      method,
      calibration,
      load,
      onProgress: (stage, done, total) => say(`${stage}: ${done} of ${total}${eta(stage, done, total)}`),
      ...(measured ? { heldBack: measured } : {}),
      ...(metric === undefined ? {} : { metric }),
      ...(score === undefined ? {} : { score }),
      ...(equalize === undefined ? {} : { equalize }),
      ...(biasCorrection === undefined ? {} : { biasCorrection }),
      ...(flags.overrides === undefined ? {} : { overrides: readOverrides(flags.overrides) }),
    });
  });
  const hashes = { float: sha256(file.bytes), int8: sha256(result.bytes) };
  return { bytes: result.bytes, report: { ...result.report, model: basename(path), command, hashes }, notes };
}

/** The samples to measure on get the same preparation, and all of them are used. */
function testOptions(flags: QuantizeFlags, inputs: SampleOptions["inputs"]): SampleOptions {
  const { labels: _labels, skip: _skip, limit: _limit, shuffleSeed: _seed, holdBack: _share, ...preparation } = flags;
  const labels = flags.testLabels;
  return { ...preparation, inputs, paths: flags.test ?? [], ...(labels === undefined ? {} : { labels }) };
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function onOff(flag: string, text: string | undefined): boolean | undefined {
  const choice = choose(flag, text ?? "auto", ["auto", "on", "off"]);
  return choice === "auto" ? undefined : choice === "on";
}

function choose<T extends string>(flag: string, text: string, allowed: readonly T[]): T {
  return (
    allowed.find((one) => one === text) ??
    fail({ code: "LWC7152", kind: "error", message: `${flag} ${text}: expected ${allowed.join(", ")}` })
  );
}
