/** `lwc quantize` and `lwc compile --calibration` as a user meets them. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PNG } from "pngjs";
import { afterAll, describe, expect, test } from "vitest";
import type { QuantizeReport } from "../../compiler/quantize/report.js";
import { imageDims, mixedNet, randomNumbers } from "../quantize/float-nets.js";
import { OnnxBuilder } from "../support/onnx-builder.js";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "lwc-quantize-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function lwc(...args: string[]): Result {
  const run = spawnSync(process.execPath, [join(root, "dist/compiler/cli/main.js"), ...args], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(run.stderr).not.toMatch(/\n\s+at /);
  return { code: run.status, out: run.stdout, err: run.stderr };
}

const [, channels, height, width] = imageDims;
writeFileSync(join(folder, "model.onnx"), mixedNet());
mkdirSync(join(folder, "pictures"));
const labels: Record<string, number> = {};
for (let i = 0; i < 20; i++) {
  const name = `${String(i).padStart(2, "0")}.png`;
  const picture = new PNG({ width, height });
  randomNumbers(4 * width * height, i).forEach((x, at) => {
    picture.data[at] = at % 4 === 3 ? 255 : Math.floor(128 + 127 * x);
  });
  writeFileSync(join(folder, "pictures", name), PNG.sync.write(picture));
  labels[name] = i % 3;
}
writeFileSync(join(folder, "labels.json"), JSON.stringify(labels));
writeFileSync(join(folder, "samples.bin"), randomNumbers(10 * channels * height * width, 7));
const pictures = ["--calibration", "pictures", "--labels", "labels.json", "--mean", "0.5", "--std", "0.5"];

describe("quantize", () => {
  test("writes a model that compiles, and says what it costs", () => {
    const { code, out, err } = lwc(
      "quantize",
      "model.onnx",
      ...pictures,
      "-o",
      "q/model.int8.onnx",
      "--report",
      "q/r.json",
      "--report",
      "q/r.html",
    );
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/calibrated 16 samples, .*the best of/);
    expect(out).toMatch(/measured +4 samples that were not calibrated on/);
    expect(out).toMatch(/top-1 +[\d.]+ % -> [\d.]+ %/);
    expect(lwc("compile", "q/model.int8.onnx", "-t", "cortex-m4", "-o", "q/c").code).toBe(0);
    const report: QuantizeReport = JSON.parse(readFileSync(join(folder, "q/r.json"), "utf8"));
    expect(report).toMatchObject({
      model: "model.onnx",
      heldBack: true,
      hashes: { float: expect.stringMatching(/^\w{64}$/) },
    });
    expect(readFileSync(join(folder, "q/r.html"), "utf8")).toContain(report.hashes.int8);
    expect(report.command).toMatch(/^lwc quantize model.onnx --calibration pictures/);
    expect(readdirSync(join(folder, "q")).sort()).toEqual(["c", "model.int8.onnx", "r.html", "r.json"]);
  });

  test("the digits of the demo: nearly as right in int8 as in float", () => {
    const at = (name: string): string => join(root, "examples/digits", name);
    const measured = ["--test", at("samples"), "--test-labels", at("samples/labels.json")];
    const { code, out } = lwc(
      "quantize",
      at("digits_f32.onnx"),
      "--calibration",
      at("calibration"),
      ...measured,
      "-o",
      "digits.onnx",
      "--json",
    );
    expect(code).toBe(0);
    const { calibrationSamples, float, int8 }: QuantizeReport = JSON.parse(out);
    expect(calibrationSamples).toBe(100);
    expect(float.top1).toBe(1);
    expect(int8.top1).toBeGreaterThanOrEqual(0.95);
    expect(int8.sqnr).toBeGreaterThan(30);
  });

  test("goes by a metric of the user's own", () => {
    writeFileSync(
      join(folder, "score.mjs"),
      "export default (outputs, { label }) => [...outputs.values()][0][label];\n",
    );
    const { code, out } = lwc("quantize", "model.onnx", ...pictures, "--metric", "score.mjs", "--json");
    expect(code).toBe(0);
    const report: QuantizeReport = JSON.parse(out);
    const scores = report.tried.map(({ quality }) => quality.score ?? Number.NaN);
    expect(report.tried.find(({ chosen }) => chosen)?.quality.score).toBe(Math.max(...scores));
    expect(Number.isFinite(report.float.score)).toBe(true);
  });

  test.each([
    ["LWC7154", "export default () => 'good';\n"],
    ["LWC7155", "export const score = 1;\n"],
    ["LWC7155", "export default\n"],
  ])("%s: a metric that is none", (diagnostic, text) => {
    writeFileSync(join(folder, "wrong.mjs"), text);
    const { code, err } = lwc("quantize", "model.onnx", ...pictures, "--metric", "wrong.mjs");
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(diagnostic) });
  });

  test("the same command gives the same bytes; the result lies beside the model by default", () => {
    const run = ["quantize", "model.onnx", ...pictures, "--method", "mse", "--json"];
    const [first, second] = [lwc(...run), lwc(...run)];
    expect(first).toEqual(second);
    const { output, int8, tried } = JSON.parse(first.out);
    expect(output).toBe("model.int8.onnx");
    expect(int8.samples).toBe(4);
    expect(tried).toHaveLength(1);
    expect(existsSync(join(folder, output))).toBe(true);
  });

  test("a raw file of float32 samples, without labels; ranges of single tensors from a file", () => {
    writeFileSync(join(folder, "overrides.json"), JSON.stringify({ probabilities: { min: 0, max: 1 } }));
    const raw = ["--calibration", "samples.bin", "--overrides", "overrides.json", "--hold-back", "0"];
    const { code, out } = lwc(
      "quantize",
      "model.onnx",
      ...raw,
      "--equalize",
      "on",
      "--bias-correction",
      "off",
      "--json",
    );
    expect(code).toBe(0);
    const { parameters, heldBack, tried, int8 } = JSON.parse(out);
    expect(heldBack).toBe(false);
    expect(int8.top1).toBeUndefined();
    expect(parameters.find((one: { overridden: boolean }) => one.overridden).max).toBe(1);
    expect(tried.every((one: { biasCorrected: boolean }) => !one.biasCorrected)).toBe(true);
  });

  test("samples to measure on of their own", () => {
    const { out } = lwc(
      "quantize",
      "model.onnx",
      ...pictures,
      "--test",
      "pictures",
      "--test-labels",
      "labels.json",
      "--json",
    );
    expect(JSON.parse(out)).toMatchObject({ calibrationSamples: 20, int8: { samples: 20 }, heldBack: true });
  });

  test.each([
    [["--method", "best"], /LWC7152 .*--method best: expected auto, minmax/],
    [["--equalize", "yes"], /LWC7152 .*--equalize yes/],
    [["--overrides", "labels.json"], /LWC7151 .*labels.json: 00.png/],
    [["--metric", "top1", "--labels", ""], /LWC8\d+ /],
    [["--calibration", "nowhere"], /LWC8\d+ /],
  ])("refuses %j", (extra, message) => {
    const { code, err } = lwc("quantize", "model.onnx", ...pictures, ...extra);
    expect(code).toBe(1);
    expect(err).toMatch(message);
  });

  test("a metric needs labels", () => {
    const { code, err } = lwc("quantize", "model.onnx", "--calibration", "samples.bin", "--metric", "top1");
    expect(code).toBe(1);
    expect(err).toMatch(/LWC8034/);
  });

  test("an operator that cannot be quantized is named, and nothing is written", () => {
    const b = new OnnxBuilder(13);
    b.add("Hardmax", [b.input("x", "float32", imageDims)], ["y"], { name: "pick" });
    writeFileSync(join(folder, "pick.onnx"), b.output("y", "float32", imageDims).build());
    const { code, err } = lwc("quantize", "pick.onnx", "--calibration", "samples.bin");
    expect(code).toBe(1);
    expect(err).toMatch(/LWC8010 unsupported: Hardmax "pick"/);
    expect(existsSync(join(folder, "pick.int8.onnx"))).toBe(false);
  });
});

describe("compile", () => {
  test("quantizes and compiles in one step", () => {
    const { code, out } = lwc(
      "compile",
      "model.onnx",
      ...pictures,
      "--method",
      "minmax",
      "-t",
      "cortex-m7",
      "-o",
      "one",
    );
    expect(code).toBe(0);
    expect(out).toMatch(/SQNR[\s\S]*model for cortex-m7[\s\S]*RAM/);
    expect(existsSync(join(folder, "one/model.c"))).toBe(true);
  });

  test("a float model without samples says how to go on", () => {
    const { code, err } = lwc("compile", "model.onnx", "-t", "cortex-m7", "-o", "two");
    expect(code).toBe(1);
    expect(err).toMatch(/LWC1330[\s\S]*lwc quantize model.onnx --calibration/);
  });
});
