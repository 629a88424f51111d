/**
 * Every activation of a QDQ model as ONNX Runtime computes it, beside the reference interpreter: the outputs of a deep network
 * are few, and a wrong value inside may not reach them.
 */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { prepareInterpreter } from "../../compiler/reference/interpret.js";
import type { InputCase } from "../../compiler/verify/inputs.js";
import { fromIr } from "../../compiler/verify/port-values.js";
import { editModel } from "./onnx-builder.js";

const int8 = 3;

export interface ActivationComparison {
  readonly tensors: number;
  readonly values: number;
  /** Tensors of which values differ: how many, and the largest distance in steps of the tensor. */
  readonly differing: readonly { readonly tensor: string; readonly values: number; readonly max: number }[];
}

/** `imported` is the graph before all passes, whose tensors still bear the names of the model. */
export async function compareActivations(
  bytes: Uint8Array,
  imported: Graph,
  cases: readonly InputCase[],
): Promise<ActivationComparison> {
  const quantized: string[] = [];
  const exposed = editModel(bytes, (graph) => {
    for (const { opType, output } of graph.node ?? []) {
      const [name] = output ?? [];
      if (opType === "QuantizeLinear" && name !== undefined) quantized.push(name);
    }
    const ports = quantized.map((name) => ({ name, type: { tensorType: { elemType: int8 } } }));
    graph.output = [...(graph.output ?? []), ...ports];
  });
  const session = await InferenceSession.create(exposed, {
    graphOptimizationLevel: "extended",
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { qdqisint8allowed: "1" } },
  });
  const ids = new Map([...imported.tensors.values()].map(({ source, id }) => [source, id]));
  const shared = quantized.flatMap((name) => {
    const id = ids.get(name);
    return id === undefined ? [] : [{ name, id }];
  });
  const interpret = prepareInterpreter(imported, makeNumerics("ort"));
  const differing = new Map<string, { values: number; max: number }>();
  let values = 0;
  try {
    for (const { inputs } of cases) {
      const own = interpret(inputs).values;
      const feeds = imported.inputs.map((port, i) => [port.name, feed(imported, port, inputs[i])] as const);
      const results = await session.run(Object.fromEntries(feeds));
      for (const { name, id } of shared) {
        const [expected, actual] = [results[name], own.get(id)];
        if (!(expected?.data instanceof Int8Array) || actual === undefined) throw new Error(`no values of ${name}`);
        const inMemory = asInMemory(expected.data, expected.dims);
        if (inMemory.length !== actual.length)
          throw new Error(`${name}: ${inMemory.length} and ${actual.length} values`);
        values += actual.length;
        actual.forEach((value, i) => {
          const distance = Math.abs(value - (inMemory[i] ?? Number.NaN));
          if (distance === 0) return;
          const entry = differing.get(name) ?? { values: 0, max: 0 };
          differing.set(name, { values: entry.values + 1, max: Math.max(entry.max, distance) });
        });
      }
    }
  } finally {
    await session.release();
  }
  const list = [...differing].map(([tensor, entry]) => ({ tensor, ...entry }));
  return { tensors: shared.length, values, differing: list };
}

function feed(graph: Graph, port: Graph["inputs"][number], input: Int8Array | undefined): Tensor {
  const data = fromIr(graph, port, input ?? new Int8Array());
  if (!(data instanceof Float32Array)) throw new Error(`input ${port.name} is not float`);
  return new Tensor("float32", data, port.shape);
}

/** NCHW to NHWC; other ranks keep their order. */
function asInMemory(values: Int8Array, dims: readonly number[]): Int8Array {
  const [, channels = 1, ...spatial] = dims;
  if (dims.length < 3) return values;
  const area = spatial.reduce((a, b) => a * b, 1);
  return Int8Array.from(values, (_, i) => values[(i % channels) * area + Math.floor(i / channels)] ?? 0);
}
