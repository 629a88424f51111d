import { expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { importGraph } from "../../compiler/frontend/onnx/import-graph.js";
import { decodeOnnx } from "../../compiler/frontend/onnx/onnx-model.js";
import { interpret } from "../../compiler/reference/interpret.js";
import { generateCases } from "../../compiler/verify/inputs.js";
import { runOnnxRuntime } from "../../compiler/verify/onnxruntime.js";
import { randomInts } from "../support/graph-builder.js";
import { OnnxBuilder } from "../support/onnx-builder.js";

const scales = [0.01, 0.02, 0.015];
const inputScale = 0.1;

function model(): Uint8Array {
  const b = new OnnxBuilder();
  const x = b.qdq(b.input("x", "float32", [1, 2, 5, 5]), inputScale, 3);
  const w = b.weights([3, 2, 3, 3], randomInts(54, 4, -127), scales);
  const bias = b.bias(
    [100, -200, 300],
    scales.map((scale) => Math.fround(scale * inputScale)),
  );
  const y = b.node("Conv", [x, w, bias]);
  const per = (values: readonly number[]): string => b.constant("float32", [3], values);
  const z = b.node("BatchNormalization", [
    y,
    per([1.5, -0.7, 0.3]),
    per([0.1, 0.2, -0.3]),
    per([0.5, -0.5, 0.25]),
    per([1.2, 0.4, 2]),
  ]);
  return b.output(b.qdq(b.node("Relu", [z]), 0.3, -128), "float32").build();
}

test("folds into weights and bias, sign included: one convolution, at most 1 LSB from ONNX Runtime's float", async () => {
  const { graph } = importGraph(decodeOnnx(model()));
  expect(graph.nodes.map((node) => node.kind)).toEqual(["conv2d"]);
  expect(graph.nodes[0]!.origin.label).toBe("Conv + BatchNormalization + Relu");
  expect(graph.nodes[0]!.origin.island).toMatch(/in float/);
  const cases = generateCases(graph, 16);
  const expected = await runOnnxRuntime(model(), graph, cases);
  let differing = 0;
  cases.forEach((one, i) => {
    interpret(graph, makeNumerics("ort"), one.inputs).outputs[0]!.forEach((value, k) => {
      const distance = Math.abs(value - expected[i]![0]![k]!);
      expect(distance).toBeLessThanOrEqual(1);
      differing += distance;
    });
  });
  // 16 * 27 values: biases rounded to whole accumulator units move few of them.
  expect(differing).toBeLessThanOrEqual(5);
});
