/** Golden vectors: a folder with input.npy (axis 0 is the case, then the model's layout) and output_<i>.npy. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Graph } from "../ir/graph.js";
import { casesFromFiles, type InputCase, sliceOf } from "./inputs.js";
import { parseNpy } from "./npy.js";
import { toIrUnclamped } from "./port-values.js";

export interface Golden {
  readonly cases: readonly InputCase[];
  /** Per case and output, as IR values (NHWC). */
  readonly outputs: readonly (readonly Int32Array[])[];
}

/** Loads the vectors of a model with one input. */
export async function loadGolden(directory: string, graph: Graph): Promise<Golden> {
  const path = join(directory, "input.npy");
  const cases = casesFromFiles(graph, [{ path, bytes: await readFile(path) }]);
  const perOutput = await Promise.all(
    graph.outputs.map(async (port, i) => {
      const file = join(directory, `output_${i}.npy`);
      const array = parseNpy(await readFile(file), file);
      const elements = array.data.length / cases.length;
      return cases.map((_, index) =>
        toIrUnclamped(graph, port, sliceOf(array, index * elements, (index + 1) * elements)),
      );
    }),
  );
  return { cases, outputs: cases.map((_, index) => perOutput.flatMap((outputs) => outputs.slice(index, index + 1))) };
}
