/** Every quantized reference model: imports, verifies, has the multiply-accumulates that its description says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { importGraph } from "../../compiler/frontend/onnx/import-graph.js";
import { decodeOnnx } from "../../compiler/frontend/onnx/onnx-model.js";
import { opOf } from "../../compiler/ops/index.js";
import { viewOf } from "../../compiler/ops/op.js";
import { verifyGraph } from "../../compiler/ops/verify-graph.js";
import { modelsDirectory, modelsMissing, quantizedModels, readModel } from "../support/shared-models.js";

/** Transposes that the front end inserts: one for each channel shuffle, which the passes take out again. */
const transposes: Readonly<Record<string, number>> = { cifar_shufflenetv2_int8_qdq: 13 };

test.skipIf(modelsDirectory === undefined)(
  `reference models${modelsDirectory === undefined ? ` (${modelsMissing})` : ""}`,
  () => {
    expect(quantizedModels().length).toBeGreaterThan(0);
  },
);

test.each(quantizedModels())("%s", (name) => {
  const { graph, warnings } = importGraph(decodeOnnx(readModel(name)));
  expect(verifyGraph(graph)).toEqual([]);
  expect(warnings).toEqual([]);
  const described: unknown = JSON.parse(readFileSync(join(modelsDirectory ?? "", `${name}.json`), "utf8"));
  const products = graph.nodes.filter((node) => node.kind === "conv2d" || node.kind === "fully_connected");
  const macs = products.reduce((sum, node) => sum + opOf(node).macs(viewOf(graph, node)), 0);
  expect({ macs }).toEqual({ macs: (described as { macs: number }).macs });
  const count = graph.nodes.filter((node) => node.kind === "transpose").length;
  process.stdout.write(`${name}: ${graph.nodes.length} nodes, ${macs} MACs, ${count} transposes\n`);
  expect({ transposes: count }).toEqual({ transposes: transposes[name] ?? 0 });
});
