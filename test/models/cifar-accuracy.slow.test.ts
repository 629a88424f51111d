/**
 * The networks that were trained on CIFAR-10, from float: quantized with pictures of the training set, compiled, run in QEMU on
 * pictures of the test set. The C gives every picture the class that ONNX Runtime gives it, so accuracy is the same; it is that of the float network but for two
 * pictures.
 */
import { describe, expect, test } from "vitest";
import { openInference } from "../../compiler/cli/float-inference.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { quantize } from "../../compiler/quantize/quantize.js";
import type { InputCase } from "../../compiler/verify/inputs.js";
import { runOnnxRuntime } from "../../compiler/verify/onnxruntime.js";
import { toIr } from "../../compiler/verify/port-values.js";
import { asSource } from "../quantize/float-nets.js";
import { hasPictures, normalizedCifar, pictures } from "../support/labelled-pictures.js";
import { modelsMissing, readModel } from "../support/shared-models.js";
import { verifyQuantized } from "../support/verify-float.js";

const load = await openInference();

describe.skipIf(!hasPictures)(`accuracy in QEMU on 40 pictures (${modelsMissing})`, () => {
  test.each([
    ["cifar_ghostnet_f32", "cortex-m4"],
    ["cifar_mobilenetv3_f32", "cortex-m7"],
    ["cifar_shufflenetv2_f32", "cortex-m55"],
    ["cifar_squeezenet_f32", "cortex-m7"],
  ] as const)(
    "%s on %s",
    async (name, target) => {
      const training = pictures("cifar10_train200_u8_nhwc", "cifar10_train200_labels.json", normalizedCifar);
      const samples = pictures("cifar10_test500_u8_nhwc", "cifar10_test500_labels.json", normalizedCifar).slice(0, 40);
      const calibration = asSource(training.slice(0, 50));
      const { bytes, report } = await quantize(readModel(name), {
        method: "percentile",
        calibration,
        heldBack: asSource(samples),
        load,
      });
      const cases = (graph: Graph): readonly InputCase[] =>
        samples.map((sample) => ({
          name: sample.name,
          inputs: graph.inputs.map((port) => toIr(graph, port, sample.inputs.get(port.name)!)),
        }));
      const { program, imported, result } = await verifyQuantized({ bytes, target, engines: ["qemu"], cases });
      expect(result.differences).toEqual([]);

      const own = result.reference.map(([scores]) => classOf(scores!));
      const ort = await runOnnxRuntime(bytes, program.graph, cases(imported));
      expect(own).toEqual(ort.map(([scores]) => classOf(scores!)));
      const top1 = own.filter((answer, i) => answer === samples[i]!.label).length / samples.length;
      process.stdout.write(
        `${name} in QEMU on ${target}: ${top1}, ONNX Runtime ${report.int8.top1}, float ${report.float.top1}\n`,
      );
      expect(top1).toBe(report.int8.top1);
      // One picture is 0.025.
      expect(top1).toBeGreaterThanOrEqual(report.float.top1! - 0.05);
    },
    300_000,
  );
});

function classOf(scores: ArrayLike<number>): number {
  const values = Array.from(scores);
  return values.indexOf(Math.max(...values));
}
