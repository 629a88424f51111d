/**
 * The long run, `npm run test:full`: every architecture in its published size and the float graphs of the classics from real
 * exporters, smallest first. Writes bench/architectures.json and .md, one row at a time.
 */
import { describe, expect, it } from "vitest";
import { compile } from "../../compiler/compile.js";
import { CompileError } from "../../compiler/diagnostics.js";
import { readAssets } from "../../compiler/verify/assets.js";
import { generateCases } from "../../compiler/verify/inputs.js";
import { type Measurement, measureProgram } from "../../compiler/verify/measure.js";
import { verifyProgram } from "../../compiler/verify/verify-program.js";
import { type ArchitectureRow, recordArchitecture } from "../support/architecture-rows.js";
import { architectures } from "../support/architectures/index.js";
import type { FloatModel } from "../support/float-builder.js";
import { modelsDirectory, readModel } from "../support/shared-models.js";
import { coreTarget } from "../support/targets.js";
import { tier } from "../support/tier.js";
import { quantizeFloat } from "../support/verify-float.js";

interface Subject {
  readonly name: string;
  readonly title: string;
  /** Of the published size, to begin with the smallest. */
  readonly order: number;
  readonly model: () => Pick<FloatModel, "bytes" | "input"> & Partial<Pick<FloatModel, "parameters" | "macs">>;
}

/** Interpreted MACs above which a network is only compiled: the reference does one to four hundred million a second. */
const mostMacs = 10e9;

const picture = [1, 3, 224, 224] as const;
const exported: readonly Subject[] = (
  [
    ["light_squeezenet", "SqueezeNet 1.0", "data_0", 0.35e9],
    ["light_shufflenet", "ShuffleNetV1", "gpu_0/data_0", 0.14e9],
    ["light_inception_v1", "GoogLeNet", "data_0", 1.6e9],
    ["light_inception_v2", "Inception v2", "data_0", 2e9],
    ["light_densenet121", "DenseNet-121", "data_0", 2.8e9],
    ["light_resnet50", "ResNet-50", "gpu_0/data_0", 4e9],
  ] as const
).map(([name, title, input, order]) => ({
  name,
  title: `${title}, as exported by Caffe2, constant weights`,
  order,
  model: () => ({ bytes: readModel(name), input: { name: input, dims: picture } }),
}));

const built: readonly Subject[] = architectures.map(({ name, title, published, reference }) => ({
  name,
  title,
  order: reference.macs ?? (tier === "full" ? published().macs : 0),
  model: published,
}));

const subjects = [...built, ...(modelsDirectory === undefined ? [] : exported)].sort((a, b) => a.order - b.order);

describe.runIf(tier === "full")("published sizes, from float ONNX to verified C", () => {
  it.each(subjects)(
    "$name",
    async (subject) => {
      const row = await run(subject);
      await recordArchitecture(row);
      expect(row.host?.differing ?? 0).toBe(0);
      expect(row.qemu?.differing ?? 0).toBe(0);
    },
    7_200_000,
  );
});

async function run({ name, title, model }: Subject): Promise<ArchitectureRow> {
  const { bytes: float, input, parameters, macs } = model();
  const bytes = await quantizeFloat(float, input, 2);
  const { program, imported } = compile(bytes, coreTarget("cortex-m7"), { name: name.replaceAll(/[^a-z0-9]/g, "_") });
  const assets = await readAssets();
  const graphMacs = program.schedule.steps.reduce((sum, step) => sum + step.macs, 0);
  const base = {
    name,
    title,
    ...(parameters === undefined ? {} : { parameters }),
    macs: macs ?? graphMacs,
    arenaBytes: program.arena.bytes,
  };
  if (graphMacs > mostMacs) return { ...base, note: "compiled, not run: its interpretation takes too long" };

  const cases = generateCases(imported, 1);
  const engines = ["host", "onnxruntime"] as const;
  const { results, islands } = await verifyProgram({ program, imported, assets, modelBytes: bytes, engines, cases });
  const host = results.find(({ engine }) => engine === "host");
  const lsb = results.find(({ engine }) => engine === "onnxruntime")?.lsb;
  const verified = {
    ...base,
    ...(host === undefined ? {} : { host: { of: host.cases, differing: host.differing } }),
    ...(lsb === undefined
      ? {}
      : { onnxruntime: { of: lsb.values, differing: lsb.differing, max: lsb.max, floatNodes: islands.length } }),
  };
  const measured = await measure(() => measureProgram({ program, imported, assets }));
  if (typeof measured === "string") return { ...verified, note: measured };
  return {
    ...verified,
    flashBytes: measured.flashBytes,
    instructions: measured.total.instructions,
    qemu: { of: 1, differing: 0 },
  };
}

/** The measurement, which fails where an output differs from the reference; or why no machine of QEMU has room. */
async function measure(work: () => Promise<Measurement>): Promise<Measurement | string> {
  try {
    return await work();
  } catch (error) {
    const tooLarge = error instanceof CompileError && error.diagnostics.some(({ code }) => code === "LWC6003");
    if (!tooLarge) throw error;
    return "host only: QEMU's machine has 16 MB of large memory";
  }
}
