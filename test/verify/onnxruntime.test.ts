import { describe, expect, it } from "vitest";
import { loadGolden } from "../../compiler/verify/golden.js";
import { hasOnnxRuntime, runOnnxRuntime } from "../../compiler/verify/onnxruntime.js";
import { goldenDirectory, modelsDirectory, readModel } from "../support/shared-models.js";
import { portsOnly } from "./graphs.js";

const image = { name: "input", dtype: "int8", shape: [1, 3, 32, 32] } as const;
const scores = { name: "output", dtype: "int8", shape: [1, 10] } as const;

describe.skipIf(modelsDirectory === undefined || !(await hasOnnxRuntime()))("onnxruntime", () => {
  it.each(["resnet8_int8_qdq", "resnet8_int8_qop"])(
    "%s: the session options give the recorded vectors",
    async (name) => {
      const graph = portsOnly([image], [scores]);
      const golden = await loadGolden(goldenDirectory(name), graph);
      expect(golden.cases).toHaveLength(16);
      expect(await runOnnxRuntime(readModel(name), graph, golden.cases)).toEqual(golden.outputs);
    },
  );
});
