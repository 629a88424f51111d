/** The reference interpreter against recorded outputs of ONNX Runtime, model by model. */
import { describe, expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { importGraph } from "../../compiler/frontend/onnx/import-graph.js";
import { decodeOnnx } from "../../compiler/frontend/onnx/onnx-model.js";
import { prepareInterpreter } from "../../compiler/reference/interpret.js";
import { loadGolden } from "../../compiler/verify/golden.js";
import { goldenDirectory, modelsDirectory, quantizedModels, readModel } from "../support/shared-models.js";
import { goldenOf } from "./expectations.js";

test.skipIf(modelsDirectory === undefined)("there are reference models", () => {
  expect(quantizedModels().length).toBeGreaterThan(0);
});

describe.each(quantizedModels())("%s", (name) => {
  test("outputs", { timeout: 600_000 }, async () => {
    const { graph } = importGraph(decodeOnnx(readModel(name)));
    const golden = await loadGolden(goldenDirectory(goldenOf(name)), graph);
    const run = prepareInterpreter(graph, makeNumerics("ort"));
    let differing = 0;
    let values = 0;
    let max = 0;
    golden.cases.forEach((one, index) => {
      const { outputs } = run(one.inputs);
      outputs.forEach((output, i) => {
        const expected = golden.outputs[index]![i]!;
        values += output.length;
        for (let k = 0; k < output.length; k++) {
          const distance = Math.abs(output[k]! - expected[k]!);
          if (distance > 0) differing++;
          max = Math.max(max, distance);
        }
      });
    });
    expect({ values: values > 0, differing, max }).toEqual({ values: true, differing: 0, max: 0 });
  });
});
