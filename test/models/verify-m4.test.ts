/**
 * Every quantized reference model for Cortex-M4: as imported = after all passes = replayed = host with sanitizers = QEMU, byte
 * for byte, and equal to what ONNX Runtime recorded.
 */
import { describe, expect, it } from "vitest";
import { modelsDirectory, quantizedModels } from "../support/shared-models.js";
import { verifyModel } from "../support/verify-model.js";
import { isLarge } from "./expectations.js";

describe.skipIf(modelsDirectory === undefined)("cortex-m4", () => {
  it.each(quantizedModels())(
    "%s",
    async (model) => {
      const cases = isLarge(model) ? { goldenCases: 1, generatedCases: 0 } : { goldenCases: 3, generatedCases: 3 };
      const { result, golden } = await verifyModel({
        model,
        target: "cortex-m4",
        engines: ["passes", "replay", "host", "qemu"],
        ...cases,
      });
      expect(result.differences).toEqual([]);
      expect(result.results.map((one) => one.engine)).toEqual(["passes", "replay", "host", "qemu"]);
      expect(golden.differing).toBe(0);
    },
    600_000,
  );
});
