/** Small networks end to end: quantized, compiled, equal in all oracles, the same bytes every time; and what is refused. */
import { expect, test } from "vitest";
import { openInference } from "../../compiler/cli/float-inference.js";
import { compile } from "../../compiler/compile.js";
import { decodeOnnx } from "../../compiler/frontend/onnx/onnx-model.js";
import { writeOnnx } from "../../compiler/frontend/onnx/write-model.js";
import { calibrate } from "../../compiler/quantize/calibrate.js";
import { equalize } from "../../compiler/quantize/equalize.js";
import { methods } from "../../compiler/quantize/methods.js";
import { prepare } from "../../compiler/quantize/prepare.js";
import { type QuantizeOptions, quantize } from "../../compiler/quantize/quantize.js";
import type { TriedMethod } from "../../compiler/quantize/report.js";
import { readAssets } from "../../compiler/verify/assets.js";
import { generateCases } from "../../compiler/verify/inputs.js";
import { type Engine, type VerifyResult, verifyProgram } from "../../compiler/verify/verify-program.js";
import { OnnxBuilder } from "../support/onnx-builder.js";
import { coreTarget } from "../support/targets.js";
import {
  asSource,
  imageDims,
  inputTensor,
  mixedNet,
  product,
  randomConstant,
  randomNumbers,
  randomSamples,
  sampleList,
} from "./float-nets.js";

const load = await openInference();
const calibration = randomSamples("x", imageDims, 24);

function withDefaults(options: Partial<QuantizeOptions> = {}): QuantizeOptions {
  return { method: "minmax", calibration, load, ...options };
}

async function verify(bytes: Uint8Array, engines: readonly Engine[]): Promise<VerifyResult> {
  const { program, imported } = compile(bytes, coreTarget("cortex-m7"));
  const cases = generateCases(imported, 6);
  const assets = await readAssets();
  return verifyProgram({ program, imported, modelBytes: bytes, assets, engines, cases, layers: false });
}

test("a network of most operators: equal in the interpreter, the schedule and ONNX Runtime", async () => {
  const { bytes, report } = await quantize(mixedNet(), withDefaults());
  const result = await verify(bytes, ["passes", "replay", "onnxruntime"]);
  expect(result).toMatchObject({ ok: true, differences: [] });
  expect(report.int8.agreement).toBeGreaterThan(0.85);
  expect(report.int8.sqnr).toBeGreaterThan(25);
  expect(report.warnings).toEqual([]);
});

test("operators in parts: equal in the interpreter, the schedule and ONNX Runtime, and close to float", async () => {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", imageDims);
  const gelu = (name: string, from: string): string => b.node(name, [from], { domain: "com.microsoft" });
  const up = b.node("ConvTranspose", [gelu("FastGelu", x), randomConstant(b, [3, 4, 2, 2], 1)], {
    attributes: { strides: [2, 2] },
  });
  const positive = b.constant("float32", [4], [1, 2, 0.5, 0.7]);
  const normal = b.node("BatchNormalization", [
    up,
    positive,
    randomConstant(b, [4], 2),
    randomConstant(b, [4], 3),
    positive,
  ]);
  const mean = b.node("Mean", [gelu("QuickGelu", normal), randomConstant(b, [4, 1, 1], 4), gelu("Gelu", normal)]);
  b.add("AveragePool", [mean], ["y"], { attributes: { kernel_shape: [16, 16] } });
  const { bytes, report } = await quantize(b.output("y", "float32", [1, 4, 1, 1]).build(), withDefaults());
  const result = await verify(bytes, ["passes", "replay", "onnxruntime"]);
  expect(result).toMatchObject({ ok: true, differences: [] });
  expect(report.int8.sqnr).toBeGreaterThan(20);
});

test("int8 activations, int8 symmetric weights per channel, int32 biases in units of s_x * s_w", async () => {
  const { bytes, report } = await quantize(mixedNet(), withDefaults());
  const model = decodeOnnx(bytes);
  const data = (name: string | undefined): ArrayLike<number> => model.initializers.get(name ?? "")!.data;
  const quantizers = new Map(model.nodes.map((node) => [node.outputs[0]!, node] as const));
  const convolutions = model.nodes.filter((node) => node.opType === "Conv");
  expect(convolutions).toHaveLength(5);
  for (const { inputs } of convolutions) {
    const [x, w, b] = inputs.map((name) => quantizers.get(name)!);
    const [xScale] = Array.from(data(x!.inputs[1]));
    expect(model.initializers.get(w!.inputs[0]!)!.dtype).toBe("int8");
    expect(Array.from(data(w!.inputs[2]))).toEqual(Array.from(data(w!.inputs[1]), () => 0));
    expect(model.initializers.get(b!.inputs[0]!)!.dtype).toBe("int32");
    expect(Array.from(data(b!.inputs[1]))).toEqual(Array.from(data(w!.inputs[1]), (s) => Math.fround(s * xScale!)));
  }
  const kinds = new Set(report.parameters.map((one) => one.kind));
  expect(kinds).toEqual(new Set(["activation", "weights", "bias"]));
  expect(model.outputs.map((info) => info.name)).toEqual(["probabilities"]);
});

test("the same input gives the same bytes, and a report without surprises", async () => {
  const [first, second] = [
    await quantize(mixedNet(), withDefaults({ method: "auto" })),
    await quantize(mixedNet(), withDefaults({ method: "auto" })),
  ];
  expect(Buffer.from(first.bytes).equals(Buffer.from(second.bytes))).toBe(true);
  expect(first.report).toEqual(second.report);
  expect(first.report.tried.filter((one) => one.chosen)).toHaveLength(1);
  expect(new Set(first.report.tried.map((one) => one.method))).toEqual(new Set(methods));
  const losses = first.report.layers.map((layer) => layer.loss);
  expect(losses).toEqual(losses.slice().sort((a, b) => b - a));
});

test("held-back samples are measured, not those of the calibration", async () => {
  const { report } = await quantize(mixedNet(), withDefaults({ heldBack: randomSamples("x", imageDims, 10) }));
  expect(report).toMatchObject({
    heldBack: true,
    calibrationSamples: 24,
    int8: { samples: 10 },
    float: { samples: 10 },
  });
  expect(report.float.top1).toBeTypeOf("number");
  expect(report.float.top5).toBeTypeOf("number");
});

test("overrides set the range or the method of one tensor; unknown names are refused", async () => {
  const overrides = new Map([["probabilities", { min: 0, max: 0.5 }]]);
  const { report } = await quantize(mixedNet(), withDefaults({ overrides }));
  expect(report.parameters.find((one) => one.overridden)).toMatchObject({ tensor: "probabilities", max: 0.5 });
  const wrong = quantize(mixedNet(), withDefaults({ overrides: new Map([["nothing", {}]]) }));
  await expect(wrong).rejects.toThrow(/LWC8033 .*"nothing"/);
  const off = quantize(mixedNet(), withDefaults({ overrides: new Map([["probabilities", { min: 0.1 }]]) }));
  await expect(off).rejects.toThrow(/LWC8030/);
});

/** Channels of the first layer differ in size by a factor of 100. */
function unbalancedNet(): Uint8Array {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", imageDims);
  const sizes = [0.02, 0.1, 0.5, 2];
  const uneven = (dims: readonly number[], seed: number): string => {
    const inner = product(dims) / 4;
    return b.constant(
      "float32",
      dims,
      randomNumbers(product(dims), seed).map((w, i) => w * sizes[Math.floor(i / inner)]!),
    );
  };
  const first = b.node("Relu", [b.node("Conv", [x, uneven([4, 3, 1, 1], 1), uneven([4], 2)])]);
  const inverse = b.constant(
    "float32",
    [4, 1, 3, 3],
    randomNumbers(36, 3).map((w, i) => w / sizes[Math.floor(i / 9)]!),
  );
  const attributes = { group: 4, kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const second = b.node("Conv", [first, inverse, randomConstant(b, [4], 4)], { attributes });
  b.add("Conv", [second, randomConstant(b, [2, 4, 1, 1], 5)], ["y"]);
  return b.output("y", "float32", [1, 2, 8, 8]).build();
}

test("equalization keeps the function, and saves channels of little size", async () => {
  const model = await prepare(unbalancedNet(), load);
  const names = [...model.shapes.keys()];
  const { statistics } = await calibrate(model, names, calibration, load);
  const balanced = equalize(model, statistics);
  const run = async (bytes: Uint8Array): Promise<Float32Array> => {
    const session = await load(bytes);
    const results = await session.run(inputTensor("x", imageDims));
    await session.release();
    return Float32Array.from([...results.values()][0]!.data);
  };
  const [before, after] = [await run(writeOnnx(model, "test")), await run(writeOnnx(balanced, "test"))];
  after.forEach((value, i) => {
    expect(value).toBeCloseTo(before[i]!, 3);
  });
  const sqnr = async (isEqualized: boolean): Promise<number> =>
    (await quantize(unbalancedNet(), withDefaults({ equalize: isEqualized }))).report.int8.sqnr;
  expect(await sqnr(true)).toBeGreaterThan((await sqnr(false)) + 6);
});

test("bias correction takes the mean error out of the output", async () => {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", [1, 64]);
  // All weights lie 0.4 of a step above a step, and all inputs are positive: without correction the error adds up.
  const weights = Float32Array.from({ length: 128 }, (_, i) => (i % 64 === 0 ? 1 : 10.4 / 127));
  b.add("Gemm", [x, b.constant("float32", [2, 64], weights)], ["y"], { attributes: { transB: 1 } });
  const bytes = b.output("y", "float32", [1, 2]).build();
  const samples = sampleList("x", [1, 64], 20).map((sample) => ({
    ...sample,
    inputs: new Map([["x", sample.inputs.get("x")!.map((v) => v + 1)]]),
  }));
  const sqnr = async (biasCorrection: boolean): Promise<number> =>
    (await quantize(bytes, withDefaults({ calibration: asSource(samples), biasCorrection }))).report.int8.sqnr;
  expect(await sqnr(true)).toBeGreaterThan((await sqnr(false)) + 6);
});

test("a large bias widens the scale of its channel until it fits int32", async () => {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", imageDims);
  const weights = b.constant("float32", [2, 3, 1, 1], [1e-6, 2e-6, 1e-6, 1, 2, 3]);
  b.add("Conv", [x, weights, b.constant("float32", [2], [1000, 1])], ["y"]);
  const { bytes } = await quantize(b.output("y", "float32", [1, 2, 8, 8]).build(), withDefaults());
  expect((await verify(bytes, ["replay"])).ok).toBe(true);
});

test("samples that do not fit, hold NaN, or are none", async () => {
  const one = (values: Float32Array): Partial<QuantizeOptions> => ({
    calibration: asSource([{ name: "odd.png", inputs: new Map([["x", values]]) }]),
  });
  const attempt = (options: Partial<QuantizeOptions>): Promise<unknown> => quantize(mixedNet(), withDefaults(options));
  await expect(attempt(one(new Float32Array(7)))).rejects.toThrow(/LWC8020 .*"odd.png" has 7 values .* = 192/);
  await expect(attempt(one(new Float32Array(192).fill(Number.NaN)))).rejects.toThrow(/LWC8021 .*"odd.png" holds NaN/);
  await expect(attempt({ calibration: asSource([]) })).rejects.toThrow(/LWC8023/);
});

test("the metric that `auto` goes by: labels where there are any, SQNR on request, and never labels that are not there", async () => {
  const best = async (metric: "top1" | "sqnr"): Promise<TriedMethod> => {
    const { report } = await quantize(mixedNet(), withDefaults({ method: "auto", metric }));
    const values = report.tried.map((one) => (metric === "sqnr" ? one.quality.sqnr : one.quality.top1!));
    const chosen = report.tried.find((one) => one.chosen)!;
    // A point of top-1 is chance.
    const tolerance = metric === "sqnr" ? 0 : 0.01;
    expect(metric === "sqnr" ? chosen.quality.sqnr : chosen.quality.top1).toBeGreaterThanOrEqual(
      Math.max(...values) - tolerance,
    );
    return chosen;
  };
  await best("top1");
  await best("sqnr");
  const unlabelled = asSource(sampleList("x", imageDims, 8).map(({ name, inputs }) => ({ name, inputs })));
  const asked = quantize(mixedNet(), withDefaults({ method: "auto", metric: "top1", calibration: unlabelled }));
  await expect(asked).rejects.toThrow(/LWC8034 .*"sample 0"/);
});

test("a network that overflows on a sample is named", async () => {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", [1, 4]);
  const huge = b.node("Exp", [b.node("Gemm", [x, b.constant("float32", [4, 4], new Array<number>(16).fill(1000))])]);
  b.add("Gemm", [huge, b.constant("float32", [4, 4], new Array<number>(16).fill(1))], ["y"]);
  const bytes = b.output("y", "float32", [1, 4]).build();
  const ones = asSource([{ name: "ones", inputs: new Map([["x", new Float32Array(4).fill(1)]]) }]);
  await expect(quantize(bytes, withDefaults({ calibration: ones }))).rejects.toThrow(/LWC8022 .*"ones"/);
});

test("few samples and constant activations are warned of", async () => {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", imageDims);
  const dead = b.node("Relu", [
    b.node("Conv", [x, randomConstant(b, [2, 3, 1, 1], 1), b.constant("float32", [2], [-50, -50])]),
  ]);
  b.add("Conv", [dead, randomConstant(b, [2, 2, 1, 1], 2), randomConstant(b, [2], 3)], ["y"]);
  const bytes = b.output("y", "float32", [1, 2, 8, 8]).build();
  const { report } = await quantize(bytes, withDefaults({ calibration: randomSamples("x", imageDims, 3) }));
  expect(report.warnings.map((one) => one.code)).toEqual(["LWC8031", "LWC8032"]);
});
