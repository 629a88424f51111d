/** A float network through the whole pipeline: quantized with seeded samples, compiled for a core, verified. */
import { openInference } from "../../compiler/cli/float-inference.js";
import { compile } from "../../compiler/compile.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { quantize } from "../../compiler/quantize/quantize.js";
import type { SampleSource } from "../../compiler/quantize/samples.js";
import type { Program } from "../../compiler/schedule/schedule.js";
import { readAssets } from "../../compiler/verify/assets.js";
import { generateCases, type InputCase } from "../../compiler/verify/inputs.js";
import { toIr } from "../../compiler/verify/port-values.js";
import { type Engine, type VerifyResult, verifyProgram } from "../../compiler/verify/verify-program.js";
import { type FloatModel, Random } from "./float-builder.js";
import { coreTarget } from "./targets.js";

const load = await openInference();
const assets = await readAssets();

type Input = FloatModel["input"];

/** Bell-shaped values of unit variance, as the builder's weights expect them; the same for the same seed. */
function normalValues({ dims }: Input, seed: number): Float32Array {
  const length = dims.reduce((a, b) => a * b, 1);
  return new Random(seed).fill(new Float32Array(length), 1);
}

export function normalSamples(input: Input, count: number): SampleSource {
  return {
    count,
    async *[Symbol.asyncIterator]() {
      for (let i = 0; i < count; i++) {
        yield { name: `sample ${i}`, inputs: new Map([[input.name, normalValues(input, 7919 * i)]]) };
      }
    },
  };
}

/** The int8 QDQ model, its ranges the least and largest values over `count` seeded samples. */
export async function quantizeFloat(bytes: Uint8Array, input: Input, count: number): Promise<Uint8Array> {
  const result = await quantize(bytes, {
    method: "minmax",
    equalize: false,
    biasCorrection: false,
    calibration: normalSamples(input, count),
    load,
  });
  return result.bytes;
}

/** `normal` cases as in calibration, but of other seeds, then `generated` ones that reach the ends of the range. */
export function mixedCases(graph: Graph, normal: number, generated: number): readonly InputCase[] {
  const samples = Array.from({ length: normal }, (_, i) => ({
    name: `sample ${i}`,
    inputs: graph.inputs.map((port, n) =>
      toIr(graph, port, normalValues({ name: port.name, dims: port.shape }, 104729 + 31 * i + n)),
    ),
  }));
  return [...samples, ...generateCases(graph, generated)];
}

export interface QuantizedRun {
  readonly bytes: Uint8Array;
  readonly target: string;
  readonly engines: readonly Engine[];
  readonly cases: (graph: Graph) => readonly InputCase[];
}

export interface QuantizedVerdict {
  readonly program: Program;
  readonly imported: Graph;
  readonly result: VerifyResult;
}

export async function verifyQuantized({ bytes, target, engines, cases }: QuantizedRun): Promise<QuantizedVerdict> {
  const { program, imported } = compile(bytes, coreTarget(target));
  const result = await verifyProgram({
    program,
    imported,
    modelBytes: bytes,
    assets,
    engines,
    cases: cases(imported),
  });
  return { program, imported, result };
}

/** Nodes that ONNX Runtime computes as sums in float, whose last bit depends on the order in which its CPU adds. */
export function floatSums({ nodes }: Graph): readonly string[] {
  const sums: readonly string[] = ["conv2d", "conv_transpose2d", "fully_connected", "mean"];
  return nodes.flatMap(({ id, kind, origin }) => (origin.island !== undefined && sums.includes(kind) ? [id] : []));
}

/** Transposes that neither begin at a graph input nor end at a graph output. */
export function interiorTransposes({ nodes, inputs, outputs }: Graph): readonly string[] {
  const ends = new Set([...inputs, ...outputs].map((port) => port.tensor));
  return nodes.flatMap((node) =>
    node.kind === "transpose" && ![...node.inputs, node.output].some((id) => ends.has(id)) ? [node.id] : [],
  );
}
