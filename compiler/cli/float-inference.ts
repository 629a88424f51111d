/** ONNX Runtime as the float inference that calibration needs: the optional package onnxruntime-node, on two threads. */
import { fail } from "../diagnostics.js";
import type { LoadModel, RunTensor } from "../quantize/float-runner.js";
import { loadOnnxRuntime } from "../verify/onnxruntime.js";

const threads = 2;

/** Loads models for calibration, and quantized ones to measure them: those compute in integers, as in lwc. */
export async function openInference(): Promise<LoadModel> {
  const ort = await loadOnnxRuntime("or quantize the model elsewhere and compile the result");
  return async (model) => {
    const create = (graphOptimizationLevel: "extended" | "basic") =>
      ort.InferenceSession.create(model, {
        graphOptimizationLevel,
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        logSeverityLevel: 4,
        extra: { session: { qdqisint8allowed: "1" } },
      });
    // Fusing a convolution with a Clip narrower than int8 sometimes fails with two nodes of one name.
    const session = await create("extended").catch(() => refusals(() => create("basic")));
    return {
      run: async (inputs) => {
        const feeds = Object.fromEntries(
          [...inputs].map(([name, { dims, data }]) => [
            name,
            new ort.Tensor("float32", Float32Array.from(data), [...dims]),
          ]),
        );
        const results = await refusals(() => session.run(feeds));
        return new Map(Object.entries(results).map(([name, tensor]) => [name, runTensor(tensor)] as const));
      },
      release: () => session.release(),
    };
  };
}

/** What ONNX Runtime refuses, as a diagnostic. */
async function refusals<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    return fail({
      code: "LWC7150",
      kind: "error",
      message: `ONNX Runtime refuses the model: ${error instanceof Error ? error.message : String(error)}`,
      hint: "check that the model runs in float (its inputs' shapes, its operator set)",
    });
  }
}

function runTensor(tensor: { readonly dims: readonly number[]; readonly data: unknown }): RunTensor {
  const { dims, data } = tensor;
  if (data instanceof Float32Array) return { dims, data, isFloat: true };
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return { dims, data: Float64Array.from(data, Number), isFloat: false };
  if (data instanceof Int32Array || data instanceof Uint8Array || data instanceof Int8Array)
    return { dims, data: Float64Array.from(data), isFloat: false };
  return { dims, data: new Float64Array(), isFloat: false };
}
