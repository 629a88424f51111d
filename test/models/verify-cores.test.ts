/** Small reference models on every core: QEMU equals the reference, byte for byte. */
import { describe, expect, it } from "vitest";
import { modelsDirectory } from "../support/shared-models.js";
import { verifyModel } from "../support/verify-model.js";
import { cores, everywhere } from "./expectations.js";

describe.skipIf(modelsDirectory === undefined).each(everywhere)("%s", (model) => {
  it.each(cores)(
    "%s",
    async (target) => {
      const { result } = await verifyModel({
        model,
        target,
        engines: ["host", "qemu"],
        goldenCases: 2,
        generatedCases: 2,
      });
      expect(result.differences).toEqual([]);
      expect(result.results.map((one) => one.engine)).toEqual(["host", "qemu"]);
    },
    600_000,
  );
});
