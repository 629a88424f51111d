/**
 * Every architecture in its tiny size, from float ONNX: quantized, compiled, and equal byte for byte in every oracle, on the
 * host and on the cores that between them have each class of kernels. ONNX Runtime computes the same values, except where it
 * adds in float (docs/numerics.md).
 */
import { describe, expect, it } from "vitest";
import { architectures } from "../support/architectures/index.js";
import { compareActivations } from "../support/compare-activations.js";
import { floatSums, interiorTransposes, mixedCases, quantizeFloat, verifyQuantized } from "../support/verify-float.js";

/** Ten times the share of values that float sums round otherwise (docs/numerics.md), for those to which one value spreads. */
const mostDiffering = 1e-3;

describe("tiny architectures, quantized", () => {
  it.each(architectures)(
    "$name: equal on the host, M4, M7 and M55, and to ONNX Runtime",
    async ({ name, tiny }) => {
      const { bytes: float, input } = tiny();
      const bytes = await quantizeFloat(float, input, 4);
      const { program, imported, result } = await verifyQuantized({
        bytes,
        target: "cortex-m7",
        engines: ["passes", "replay", "host", "qemu", "onnxruntime"],
        cases: (graph) => mixedCases(graph, 4, 4),
      });
      const { lsb } = result.results.find(({ engine }) => engine === "onnxruntime") ?? {};
      expect(result.differences.filter(({ engine }) => engine !== "onnxruntime")).toEqual([]);

      const activations = await compareActivations(bytes, imported, mixedCases(imported, 2, 1));
      expect(activations.tensors).toBeGreaterThan(5);
      const sums = floatSums(program.graph);
      if (sums.length === 0) {
        expect(lsb).toMatchObject({ differing: 0 });
        expect(activations.differing).toEqual([]);
      } else {
        const differing = activations.differing.reduce((sum, { values }) => sum + values, 0);
        process.stdout.write(
          `${name}: ONNX Runtime adds in float in ${sums.join(", ")}; ${differing} of ${activations.values} activations differ\n`,
        );
        expect(differing / activations.values).toBeLessThan(mostDiffering);
        expect(lsb?.max).toBeLessThanOrEqual(1);
      }

      expect(interiorTransposes(program.graph)).toEqual([]);

      const others = ["cortex-m4", "cortex-m55"].map((target) =>
        verifyQuantized({ bytes, target, engines: ["replay", "qemu"], cases: (graph) => mixedCases(graph, 2, 1) }),
      );
      for (const other of await Promise.all(others)) expect(other.result.differences).toEqual([]);
    },
    600_000,
  );
});
