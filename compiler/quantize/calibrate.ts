/** Runs the float model over the samples, twice: ranges first, then histograms within them. One sample is in memory at a time. */
import { fail, must } from "../diagnostics.js";
import { writeOnnx } from "../frontend/onnx/write-model.js";
import type { PreparedModel } from "./float-graph.js";
import type { LoadModel, RunSession, RunTensor } from "./float-runner.js";
import { withOutputs } from "./fold-constants.js";
import {
  addToHistogram,
  addToStatistics,
  type Histogram,
  newHistogram,
  newStatistics,
  type RangeStatistics,
} from "./observe.js";
import type { Sample, SampleSource } from "./samples.js";

export interface Calibration {
  readonly samples: number;
  /** By value. */
  readonly statistics: ReadonlyMap<string, RangeStatistics>;
  readonly histograms: ReadonlyMap<string, Histogram>;
}

/** Called after each sample: how many of all runs are done. */
export type OnProgress = (done: number, total: number) => void;

/** Statistics of `values`, each a graph input or the result of a node. */
export async function calibrate(
  model: PreparedModel,
  values: readonly string[],
  samples: SampleSource,
  load: LoadModel,
  onProgress: OnProgress = () => undefined,
): Promise<Calibration> {
  const statistics = new Map(
    values.map((name) => [name, newStatistics(must(model.shapes.get(name), `shape of ${name}`))] as const),
  );
  const computed = values.filter((name) => !model.inputs.some((info) => info.name === name));
  const session = await load(writeOnnx(withOutputs(model, computed.length > 0 ? computed : outputNames(model)), "lwc"));
  try {
    let done = 0;
    const total = 2 * samples.count;
    for await (const sample of samples) {
      const results = await runSample(model, session, sample);
      for (const [name, one] of statistics) {
        if (!addToStatistics(one, must(results.get(name), name).data)) refuse(name, sample);
      }
      onProgress(++done, total);
    }
    if (done === 0) tooFew();
    const histograms = new Map([...statistics].map(([name, { min, max }]) => [name, newHistogram(min, max)] as const));
    for await (const sample of samples) {
      const results = await runSample(model, session, sample);
      for (const [name, histogram] of histograms) addToHistogram(histogram, must(results.get(name), name).data);
      onProgress(++done, total);
    }
    return { samples: done / 2, statistics, histograms };
  } finally {
    await session.release();
  }
}

function outputNames(model: PreparedModel): readonly string[] {
  return model.outputs.map((info) => info.name);
}

/** Inputs and results of one sample, by name. Throws CompileError where the sample does not fit the model. */
export async function runSample(
  model: PreparedModel,
  session: RunSession,
  sample: Sample,
): Promise<ReadonlyMap<string, RunTensor>> {
  const inputs = new Map<string, RunTensor>();
  for (const { name } of model.inputs) {
    const dims = must(model.shapes.get(name), `shape of ${name}`);
    const expected = dims.reduce((product, dim) => product * dim, 1);
    const data = sample.inputs.get(name);
    if (data?.length !== expected) {
      fail({
        code: "LWC8020",
        kind: "error",
        message: `sample "${sample.name}" has ${data ? `${data.length} values` : "nothing"} for input "${name}", expected [${dims.join(",")}] = ${expected}`,
        where: { tensor: name },
        hint: "check size and layout of the samples (--resize, --layout)",
      });
    }
    const bad = data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      fail({
        code: "LWC8021",
        kind: "error",
        message: `sample "${sample.name}" holds ${data[bad]} at element ${bad} of input "${name}"`,
        where: { tensor: name },
        hint: "check the preparation of the samples (a division by a --std of 0 makes infinities)",
      });
    }
    inputs.set(name, { dims, data, isFloat: true });
  }
  const outputs = await session.run(inputs);
  return new Map([...inputs, ...outputs]);
}

function refuse(tensor: string, sample: Sample): never {
  return fail({
    code: "LWC8022",
    kind: "error",
    message: `the float model computes NaN or infinity at "${tensor}" for sample "${sample.name}"`,
    where: { tensor },
    hint: "check the sample and its normalization (--mean, --std), and the model in float",
  });
}

function tooFew(): never {
  return fail({
    code: "LWC8023",
    kind: "error",
    message: "there are no calibration samples",
    hint: "calibrate on 100 to 1,000 samples of what the network will see",
  });
}
