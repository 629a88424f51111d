/**
 * The outside oracle: ONNX Runtime on the original model, where the optional package onnxruntime-node is installed. The
 * session options are those that make it compute in integers (docs/numerics.md): without them it runs parts of int8 models in
 * float, or saturates uint8 x int8 products.
 */
import { fail } from "../diagnostics.js";
import { type Graph, type Port, tensorOf } from "../ir/graph.js";
import type { InputCase } from "./inputs.js";
import type { NpyData } from "./npy.js";
import { fromIr, toIrUnclamped } from "./port-values.js";

/** Outputs of each case as IR values (NHWC); float32 outputs as multiples of the port's scale. */
export async function runOnnxRuntime(
  modelBytes: Uint8Array,
  graph: Graph,
  cases: readonly InputCase[],
  onCase?: () => void,
): Promise<readonly (readonly Int32Array[])[]> {
  const ort = await loadOnnxRuntime("or leave it out of --engines");
  const session = await ort.InferenceSession.create(modelBytes, {
    graphOptimizationLevel: "extended",
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: usesUint8(graph) ? { x64quantprecision: "1" } : { qdqisint8allowed: "1" } },
  });
  try {
    const results: (readonly Int32Array[])[] = [];
    for (const { inputs } of cases) {
      const feeds = Object.fromEntries(
        graph.inputs.map((port, i) => [
          port.name,
          new ort.Tensor(port.dtype, fromIr(graph, port, inputs[i] ?? new Int8Array(0)), [...port.shape]),
        ]),
      );
      const fetched = await session.run(feeds);
      results.push(graph.outputs.map((port) => toIrUnclamped(graph, port, outputData(port, fetched[port.name]?.data))));
      onCase?.();
    }
    return results;
  } finally {
    await session.release();
  }
}

/** Whether onnxruntime-node can be loaded. */
export async function hasOnnxRuntime(): Promise<boolean> {
  try {
    await import("onnxruntime-node");
    return true;
  } catch {
    return false;
  }
}

/** Loads the optional package; says how to install it where it is absent. */
export async function loadOnnxRuntime(otherwise: string): Promise<typeof import("onnxruntime-node")> {
  try {
    return await import("onnxruntime-node");
  } catch {
    return fail({
      code: "LWC6007",
      kind: "error",
      message: "onnxruntime-node is not installed",
      hint: `npm install onnxruntime-node@1.30.0, ${otherwise}`,
    });
  }
}

/** Any uint8 activation: the model was quantized to uint8. */
function usesUint8(graph: Graph): boolean {
  return graph.inputs.some((port) => tensorOf(graph, port.tensor).quant?.storage === "uint8");
}

function outputData(port: Port, data: unknown): NpyData {
  if (
    data instanceof Float32Array ||
    data instanceof Int8Array ||
    data instanceof Uint8Array ||
    data instanceof Int32Array ||
    data instanceof BigInt64Array
  ) {
    return data;
  }
  return fail({
    code: "LWC6008",
    kind: "unsupported",
    message: `ONNX Runtime yields output "${port.name}" in a type that lwc does not compare`,
  });
}
