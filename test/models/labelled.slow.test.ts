/** Labelled data: lwc gives every sample the class that ONNX Runtime gives it, so accuracy is the same. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PNG } from "pngjs";
import { describe, expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { importGraph } from "../../compiler/frontend/onnx/import-graph.js";
import { decodeOnnx } from "../../compiler/frontend/onnx/onnx-model.js";
import type { Graph, Port } from "../../compiler/ir/graph.js";
import { prepareInterpreter } from "../../compiler/reference/interpret.js";
import { parseNpy } from "../../compiler/verify/npy.js";
import { runOnnxRuntime } from "../../compiler/verify/onnxruntime.js";
import { toIr } from "../../compiler/verify/port-values.js";
import { modelsDirectory, readModel } from "../support/shared-models.js";

const dataDirectory = modelsDirectory === undefined ? "" : join(modelsDirectory, "../data");

interface Labelled {
  readonly inputs: readonly Int8Array[];
  readonly labels: readonly number[];
}

/** uint8 pictures in NHWC; `real` maps a channel value to what a float model takes. */
function pictures(graph: Graph, file: string, labelsFile: string, real: (value: number) => number): Labelled {
  const port = graph.inputs[0]!;
  const array = parseNpy(readFileSync(join(dataDirectory, file)), file);
  const { labels }: { labels: number[] } = JSON.parse(readFileSync(join(dataDirectory, labelsFile), "utf8"));
  const size = array.data.length / labels.length;
  const inputs = labels.map((_, i) =>
    toInput(graph, port, Array.from(array.data.slice(i * size, (i + 1) * size), Number), real),
  );
  return { inputs, labels };
}

function toInput(graph: Graph, port: Port, nhwc: readonly number[], real: (value: number) => number): Int8Array {
  const [, channels = 1, height = 1, width = 1] = port.shape;
  const at = (i: number): number => {
    const [c, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
    return nhwc[(y * width + x) * channels + c]!;
  };
  const count = channels * height * width;
  if (port.dtype === "float32")
    return toIr(
      graph,
      port,
      Float32Array.from({ length: count }, (_, i) => real(at(i))),
    );
  return toIr(
    graph,
    port,
    Int8Array.from({ length: count }, (_, i) => at(i) - 128),
  );
}

function classOf(output: ArrayLike<number>): number {
  const values = Array.from(output);
  return values.indexOf(Math.max(...values));
}

/** Right answers of lwc; fails unless ONNX Runtime gives the same class to every sample. */
async function score(bytes: Uint8Array, graph: Graph, { inputs, labels }: Labelled): Promise<number> {
  const run = prepareInterpreter(graph, makeNumerics("ort"));
  const own = inputs.map((input) => classOf(run([input]).outputs[0]!));
  const ort = await runOnnxRuntime(
    bytes,
    graph,
    inputs.map((input, i) => ({ name: String(i), inputs: [input] })),
  );
  expect(own).toEqual(ort.map((outputs) => classOf(outputs[0]!)));
  return own.filter((answer, i) => answer === labels[i]).length;
}

describe.skipIf(!existsSync(dataDirectory))("reference models", () => {
  test.each([
    ["resnet8_int8_qdq", 360],
    ["resnet8_int8_qop", 360],
    ["resnet8_ptq_int8_qdq", 350],
  ] as const)(
    "%s on 500 CIFAR-10 pictures",
    async (name, atLeast) => {
      const bytes = readModel(name);
      const { graph } = importGraph(decodeOnnx(bytes));
      const right = await score(
        bytes,
        graph,
        pictures(graph, "cifar10_test500_u8_nhwc.npy", "cifar10_test500_labels.json", (v) => v),
      );
      expect(right).toBeGreaterThanOrEqual(atLeast);
    },
    300_000,
  );

  test.each(["ppocr_cls_mbv3_int8_qdq", "ppocr_cls_mbv3_u8s8_qdq"])(
    "%s on 100 text lines",
    async (name) => {
      const bytes = readModel(name);
      const { graph } = importGraph(decodeOnnx(bytes));
      const right = await score(
        bytes,
        graph,
        pictures(graph, "textlines_cls100_u8_nhwc.npy", "textlines_cls100_labels.json", (v) =>
          Math.fround(v / 127.5 - 1),
        ),
      );
      expect(right).toBeGreaterThanOrEqual(90);
    },
    300_000,
  );

  test("person detection on two pictures", async () => {
    const bytes = readModel("person_detect_int8_qdq");
    const { graph } = importGraph(decodeOnnx(bytes));
    await score(
      bytes,
      graph,
      pictures(graph, "person_detect_bmp2_u8_96x96.npy", "person_detect_bmp2_labels.json", (v) => v),
    );
  });

  test("the digits example on ten digits of another source", async () => {
    const bytes = readFileSync("examples/digits/digits.onnx");
    const { graph } = importGraph(decodeOnnx(bytes));
    const right = await score(
      bytes,
      graph,
      pictures(graph, "mnist_samples10_u8.npy", "mnist_samples10.json", (v) => Math.fround(v / 255)),
    );
    expect(right).toBeGreaterThanOrEqual(8);
  });
});

test("the digits example on its own held-out pictures", async () => {
  const bytes = readFileSync("examples/digits/digits.onnx");
  const { graph } = importGraph(decodeOnnx(bytes));
  const labels: Record<string, number> = JSON.parse(readFileSync("examples/digits/samples/labels.json", "utf8"));
  const inputs = Object.keys(labels).map((name) => {
    const { data } = PNG.sync.read(readFileSync(`examples/digits/samples/${name}`));
    return toInput(
      graph,
      graph.inputs[0]!,
      Array.from({ length: 784 }, (_, i) => data[4 * i]!),
      (v) => Math.fround(v / 255),
    );
  });
  expect(await score(bytes, graph, { inputs, labels: Object.values(labels) })).toBeGreaterThanOrEqual(19);
});
