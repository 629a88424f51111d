import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { type CompressedBlock, compressionNet } from "../support/architectures/compression.js";
import { architectures } from "../support/architectures/index.js";
import { type FloatModel, Random } from "../support/float-builder.js";
import { tier } from "../support/tier.js";

interface Result {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

async function run(model: FloatModel): Promise<Map<string, Result>> {
  const session = await InferenceSession.create(model.bytes, { logSeverityLevel: 3 });
  const length = model.input.dims.reduce((a, b) => a * b, 1);
  const data = new Random(7).fill(new Float32Array(length), 1);
  const results = await session.run({ [model.input.name]: new Tensor("float32", data, model.input.dims) });
  return new Map(
    model.outputs.map(({ name }) => {
      const value = results[name];
      if (!(value?.data instanceof Float32Array)) throw new Error(`no float output ${name}`);
      return [name, { dims: value.dims, values: value.data }];
    }),
  );
}

function deviation(values: Float32Array): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
}

/** Finite outputs of the stated shapes, neither dead nor exploding. */
async function expectHealthy(model: FloatModel): Promise<void> {
  const results = await run(model);
  expect(results.size).toBe(model.outputs.length);
  for (const { name, dims } of model.outputs) {
    const result = results.get(name);
    expect(result?.dims).toEqual(dims);
    const values = result?.values ?? new Float32Array();
    expect(values.every(Number.isFinite)).toBe(true);
    expect(deviation(values)).toBeGreaterThan(0.01);
    expect(deviation(values)).toBeLessThan(100);
    expect(new Set(values).size).toBeGreaterThan(values.length / 4);
  }
}

describe("architectures", () => {
  it("have unique names", () => {
    expect(new Set(architectures.map((a) => a.name)).size).toBe(architectures.length);
  });

  it.each(architectures)("$name, tiny: runs in ONNX Runtime", async ({ tiny }) => {
    const model = tiny();
    expect(model.bytes.length).toBeLessThan(2 ** 20);
    await expectHealthy(model);
  });

  it("are the same bytes each time", () => {
    for (const { tiny } of architectures) expect(Buffer.compare(tiny().bytes, tiny().bytes)).toBe(0);
  });
});

describe("one block of the compression literature, beside the standard convolution that it stands for", () => {
  const options = { size: 16, channels: 32, kernel: 3, reduction: 4, classes: 10 };
  /** The second of two blocks. */
  const cost = (kind: CompressedBlock) => {
    const [one, two] = [1, 2].map((blocks) => compressionNet(kind, { ...options, blocks }));
    return {
      macs: (two?.macs ?? 0) - (one?.macs ?? 0),
      parameters: (two?.parameters ?? 0) - (one?.parameters ?? 0),
    };
  };
  const { channels, kernel, reduction } = options;

  it.each([
    ["separable", 1 / channels + 1 / kernel ** 2],
    ["low-rank", 2 / (kernel * reduction)],
    ["two-branch", 1 / kernel],
    ["bottleneck", 2 / (reduction * kernel ** 2) + 1 / reduction ** 2],
  ] as const)("%s has %d times its multiply-accumulates", (kind, ratio) => {
    expect(cost(kind).macs / cost("standard").macs).toBeCloseTo(ratio, 12);
  });

  it("fire has squeeze (1 + expand) weights, 3x3 for half of what it expands to", () => {
    const squeeze = channels / reduction;
    const weights = channels * squeeze + (squeeze * channels * (1 + kernel ** 2)) / 2;
    expect(cost("fire").parameters).toBe(weights + squeeze + channels);
  });
});

describe.runIf(tier === "full")("published sizes", () => {
  it.each(architectures)(
    "$name: parameters and multiply-accumulates of the paper, and runs",
    async (architecture) => {
      const model = architecture.published();
      const { parameters, macs, withoutNormalization } = architecture.reference;
      const counted = model.parameters - (withoutNormalization ? model.normalization : 0);
      if (parameters !== undefined) expect(Math.abs(counted / parameters - 1)).toBeLessThan(0.02);
      if (macs !== undefined) expect(Math.abs(model.macs / macs - 1)).toBeLessThan(0.02);
      await expectHealthy(model);
    },
    120_000,
  );
});
