/** Int8 against float on samples: the outputs, and every layer. */
import { must } from "../diagnostics.js";
import type { OnnxModel, OnnxNode } from "../frontend/onnx/onnx-model.js";
import { writeOnnx } from "../frontend/onnx/write-model.js";
import { runSample } from "./calibrate.js";
import { linksOf, makeNode, nodeLabel, type PreparedModel } from "./float-graph.js";
import type { LoadModel, RunSession, RunTensor } from "./float-runner.js";
import { withOutputs } from "./fold-constants.js";
import { type Distance, distance, topAccuracy } from "./metrics.js";
import type { Int8Quality, LayerDamage, Quality } from "./report.js";
import type { Sample, SampleSource } from "./samples.js";
import type { QdqModel } from "./write-qdq.js";

/** The score of one sample from the outputs of the model by name; higher is better. */
export type Score = (outputs: ReadonlyMap<string, Float32Array>, sample: Sample) => number;

export interface Comparison {
  readonly float: Quality;
  readonly int8: Int8Quality;
}

/** Classes from which on the five best are a measure. */
const fewestForTop5 = 6;

/** Float and int8 outputs on the same samples; labels belong to the first output. */
export async function compareOutputs(
  prepared: PreparedModel,
  int8: OnnxModel,
  samples: SampleSource,
  load: LoadModel,
  onSample: () => void = () => undefined,
  score?: Score,
): Promise<Comparison> {
  const names = prepared.outputs.map((info) => info.name);
  const distances = names.map(() => distance());
  const floatScore = newQuality(names, score);
  const int8Score = newQuality(names, score);
  await onBoth(prepared, prepared, int8, samples, load, (sample, float, quantized) => {
    names.forEach((name, i) => {
      distances[i]?.add(must(float.get(name), name).data, must(quantized.get(name), name).data);
    });
    floatScore.add(sample, float);
    int8Score.add(sample, quantized);
    onSample();
  });
  const results = distances.map((one) => must(one.value(), "distance"));
  const agreement = must(results[0], "outputs").agreement;
  const sqnr = results.reduce((sum, one) => sum + one.meanSqnr, 0) / results.length;
  return { float: floatScore.value(), int8: { ...int8Score.value(), agreement, sqnr } };
}

interface QualityAccumulator {
  readonly add: (sample: Sample, outputs: ReadonlyMap<string, RunTensor>) => void;
  readonly value: () => Quality;
}

function newQuality(names: readonly string[], score: Score | undefined): QualityAccumulator {
  const [top1, top5] = [topAccuracy(1), topAccuracy(5)];
  let [samples, classes, scores] = [0, 0, 0];
  return {
    add: (sample, outputs) => {
      samples++;
      if (score) scores += score(new Map(names.map((name) => [name, floats(must(outputs.get(name), name))])), sample);
      if (sample.label === undefined) return;
      const first = names[0] ?? "";
      const output = must(outputs.get(first), first);
      classes = output.data.length;
      top1.add(output.data, sample.label);
      top5.add(output.data, sample.label);
    },
    value: () => {
      const [one, five] = [top1.value(), top5.value()];
      return {
        samples,
        ...(one === undefined ? {} : { top1: one }),
        ...(five === undefined || classes < fewestForTop5 ? {} : { top5: five }),
        ...(score === undefined ? {} : { score: scores / samples }),
      };
    },
  };
}

function floats({ data }: RunTensor): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data);
}

/** Samples that tell the damage of layers well enough: every value of every layer counts. */
const layerSamples = 32;

/** SQNR and cosine of every quantized value; most loss first. */
export async function compareLayers(
  prepared: PreparedModel,
  qdq: QdqModel,
  samples: SampleSource,
  load: LoadModel,
): Promise<readonly LayerDamage[]> {
  const { producer } = linksOf(prepared);
  const names = [...qdq.quantized.keys()];
  const exposed = exposeQuantized(qdq, names);
  const distances = new Map(names.map((name) => [name, distance()] as const));
  await onBoth(
    prepared,
    withOutputs(
      prepared,
      names.filter((name) => producer.has(name)),
    ),
    exposed.model,
    first(samples, layerSamples),
    load,
    (_sample, float, quantized) => {
      for (const [name, one] of distances)
        one.add(must(float.get(name), name).data, must(quantized.get(exposed.nameOf(name)), name).data);
    },
  );
  const found = new Map([...distances].map(([name, one]) => [name, must(one.value(), name)] as const));
  return names.map((name) => damageOf(name, found, producer)).sort((a, b) => b.loss - a.loss || a.sqnr - b.sqnr);
}

/** The model with one more DequantizeLinear behind each value, so that the others stay fused with what is around them. */
function exposeQuantized(
  qdq: QdqModel,
  names: readonly string[],
): { readonly model: OnnxModel; readonly nameOf: (name: string) => string } {
  const nameOf = (name: string): string => `${name}_measured`;
  const quantizers = new Map(qdq.model.nodes.map((node) => [node.outputs[0] ?? "", node] as const));
  const extra = names.map((name) => {
    const int8 = must(qdq.quantized.get(name), name);
    const quantizer = must(quantizers.get(int8), int8);
    return makeNode(nameOf(name), "DequantizeLinear", [int8, ...quantizer.inputs.slice(1)], [nameOf(name)]);
  });
  const model = withOutputs({ ...qdq.model, nodes: [...qdq.model.nodes, ...extra] }, names.map(nameOf));
  return { model, nameOf };
}

/** dB above which a value counts as exact. */
const exact = 60;

function damageOf(
  name: string,
  found: ReadonlyMap<string, Distance>,
  producer: ReadonlyMap<string, OnnxNode>,
): LayerDamage {
  const node = producer.get(name);
  const own = must(found.get(name), name);
  const sqnr = Math.min(exact, own.sqnr);
  const before: number[] = [];
  // Through values that stay float to those that are measured.
  const open = node ? node.inputs.slice() : [];
  for (const input of open) {
    const measured = found.get(input);
    if (measured) before.push(measured.sqnr);
    else open.push(...(producer.get(input)?.inputs ?? []));
  }
  return {
    tensor: name,
    node: node ? nodeLabel(node) : `graph input "${name}"`,
    opType: node?.opType ?? "Input",
    sqnr,
    cosine: own.cosine,
    loss: Math.max(0, Math.min(exact, ...before) - sqnr),
  };
}

type OnPair = (sample: Sample, float: ReadonlyMap<string, RunTensor>, int8: ReadonlyMap<string, RunTensor>) => void;

async function onBoth(
  prepared: PreparedModel,
  float: OnnxModel,
  int8: OnnxModel,
  samples: SampleSource,
  load: LoadModel,
  onPair: OnPair,
): Promise<void> {
  await withSession(float, load, (floatSession) =>
    withSession(int8, load, async (int8Session) => {
      for await (const sample of samples) {
        const expected = await runSample(prepared, floatSession, sample);
        onPair(sample, expected, await runSample(prepared, int8Session, sample));
      }
    }),
  );
}

async function withSession(
  model: OnnxModel,
  load: LoadModel,
  work: (session: RunSession) => Promise<void>,
): Promise<void> {
  const session = await load(writeOnnx(model, "lwc"));
  try {
    await work(session);
  } finally {
    await session.release();
  }
}

/** Up to `limit` samples, evenly spread, in order. */
export function first(source: SampleSource, limit: number): SampleSource {
  const stride = Math.max(1, Math.ceil(source.count / limit));
  return everyNth(source, (i) => i % stride === 0);
}

/** Samples whose index is wanted. */
export function everyNth(source: SampleSource, isWanted: (index: number) => boolean): SampleSource {
  const indices = Array.from({ length: source.count }, (_, i) => i);
  return {
    count: indices.filter(isWanted).length,
    async *[Symbol.asyncIterator]() {
      let i = 0;
      for await (const sample of source) if (isWanted(i++)) yield sample;
    },
  };
}
