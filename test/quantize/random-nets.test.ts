/** Random float networks: each one is quantized, compiles, and is equal in the interpreter, the schedule and before all passes. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { openInference } from "../../compiler/cli/float-inference.js";
import { compile } from "../../compiler/compile.js";
import { quantize } from "../../compiler/quantize/quantize.js";
import { readAssets } from "../../compiler/verify/assets.js";
import { generateCases } from "../../compiler/verify/inputs.js";
import { verifyProgram } from "../../compiler/verify/verify-program.js";
import { OnnxBuilder } from "../support/onnx-builder.js";
import { coreTarget } from "../support/targets.js";
import { imageDims, randomConstant, randomNumbers, randomSamples } from "./float-nets.js";

const load = await openInference();
const assets = await readAssets();

interface Value {
  readonly name: string;
  readonly channels: number;
  readonly size: number;
}

/** What a step does to some values that exist already; `a` and `b` choose them. */
interface Step {
  readonly kind: (typeof kinds)[number];
  readonly a: number;
  readonly b: number;
  readonly channels: number;
}

const kinds = [
  "conv",
  "depthwise",
  "batchnorm",
  "relu",
  "clip",
  "sigmoid",
  "hardswish",
  "leaky",
  "tanh",
  "add",
  "mul",
  "sub",
  "min",
  "max",
  "mean",
  "prelu",
  "square",
  "gelu",
  "grid",
  "norm",
  "gate",
  "scale",
  "offset",
  "concat",
  "maxpool",
  "avgpool",
  "slice",
  "pad",
  "split",
  "transpose",
  "deconv",
  "resize",
  "shrink",
  "unpool",
  "depthtospace",
] as const;

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom(...kinds),
    a: fc.nat(100),
    b: fc.nat(100),
    channels: fc.integer({ min: 1, max: 5 }),
  }),
  { minLength: 2, maxLength: 14 },
);

function build(list: readonly Step[], outputs: number): Uint8Array {
  const b = new OnnxBuilder(13);
  const [, channels, size] = imageDims;
  const values: Value[] = [{ name: b.input("x", "float32", imageDims), channels, size }];
  list.forEach((step, i) => {
    values.push(...apply(b, step, values, 10 * i));
  });
  const read = values.slice(1).slice(-outputs);
  for (const { name, channels: c, size: s } of read) b.output(name, "float32", [1, c, s, s]);
  return b.build();
}

/** Weights of a size that keeps values near 1. */
function weights(b: OnnxBuilder, dims: readonly number[], seed: number): string {
  return randomConstant(b, dims, seed, 1.5 / Math.sqrt(dims.slice(1).reduce((x, y) => x * y, 1)));
}

function scalar(b: OnnxBuilder, value: number): string {
  return b.constant("float32", [], [value]);
}

function apply(b: OnnxBuilder, { kind, a, b: other, channels }: Step, values: readonly Value[], seed: number): Value[] {
  const x = values[values.length - 1 - (a % Math.min(3, values.length))]!;
  const alike = values.filter((value) => value.channels === x.channels && value.size === x.size);
  const y = alike[other % alike.length]!;
  const sameSize = values.filter((value) => value.size === x.size && value.channels <= 8);
  const z = sameSize[other % sameSize.length] ?? x;
  const one = (opType: string, extra: readonly string[] = [], attributes = {}): Value[] => [
    { ...x, name: b.node(opType, [x.name, ...extra], { attributes }) },
  ];
  const vector = (dims: readonly number[], k: number): string => randomConstant(b, dims, seed + k);
  const positive = (dims: readonly number[], k: number): string =>
    b.constant(
      "float32",
      dims,
      randomNumbers(x.channels, seed + k).map((v) => 1.3 + v),
    );
  switch (kind) {
    case "conv":
      return [
        {
          ...x,
          channels,
          name: b.node("Conv", [x.name, weights(b, [channels, x.channels, 1, 1], seed), vector([channels], 1)]),
        },
      ];
    case "depthwise":
      return one("Conv", [weights(b, [x.channels, 1, 3, 3], seed)], { group: x.channels, pads: [1, 1, 1, 1] });
    case "batchnorm": {
      const c = [x.channels];
      return one("BatchNormalization", [positive(c, 1), vector(c, 2), vector(c, 3), positive(c, 4)]);
    }
    case "relu":
      return one("Relu");
    case "clip":
      return one("Clip", [scalar(b, -0.5 * (other % 2)), scalar(b, 1)]);
    case "sigmoid":
      return one("Sigmoid");
    case "hardswish": {
      const gate = b.node("HardSigmoid", [x.name], { attributes: { alpha: { float: 1 / 6 }, beta: { float: 0.5 } } });
      return [{ ...x, name: b.node("Mul", [x.name, gate]) }];
    }
    case "leaky":
      return one("LeakyRelu", [], { alpha: { float: 0.1 } });
    case "tanh":
      return one("Tanh");
    case "add":
      return [{ ...x, name: b.node("Add", [x.name, y.name]) }];
    case "mul":
      return [{ ...x, name: b.node("Mul", [x.name, y.name]) }];
    case "sub":
      return [{ ...x, name: b.node("Sub", [x.name, y.name]) }];
    case "min":
      return [{ ...x, name: b.node("Min", [x.name, y.name]) }];
    case "max":
      return [{ ...x, name: b.node("Max", other % 2 === 0 ? [x.name, y.name] : [x.name, scalar(b, -0.1), y.name]) }];
    case "mean":
      return [{ ...x, name: b.node("Mean", [x.name, y.name, x.name]) }];
    case "prelu":
      return one("PRelu", [vector([x.channels, 1, 1], 1)]);
    case "square":
      return one("Pow", [scalar(b, 2)]);
    case "gelu": {
      const inner = b.node("Erf", [b.node("Div", [x.name, scalar(b, Math.SQRT2)])]);
      const sum = b.node("Mul", [x.name, b.node("Add", [inner, scalar(b, 1)])]);
      return [{ ...x, name: b.node("Mul", [sum, scalar(b, 0.5)]) }];
    }
    case "grid":
      return one("Add", [vector([1, x.channels, x.size, x.size], 1)]);
    case "norm": {
      const length = b.node("ReduceL2", [x.name], { attributes: { axes: [1] } });
      const safe = b.node("Max", [length, scalar(b, 0.25)]);
      return [{ ...x, name: b.node("Div", [x.name, safe]) }];
    }
    case "gate": {
      const mean = b.node("GlobalAveragePool", [x.name]);
      const squeezed = b.node("Conv", [mean, weights(b, [x.channels, x.channels, 1, 1], seed)]);
      return [{ ...x, name: b.node("Mul", [b.node("Sigmoid", [squeezed]), x.name]) }];
    }
    case "scale":
      return one("Mul", [other % 2 === 0 ? scalar(b, 1.5) : vector([x.channels, 1, 1], 1)]);
    case "offset":
      return one("Add", [other % 2 === 0 ? scalar(b, -0.25) : vector([1, x.channels, 1, 1], 1)]);
    case "concat": {
      const name = b.node("Concat", [x.name, z.name], { attributes: { axis: 1 } });
      return x.channels + z.channels > 16 ? [] : [{ ...x, channels: x.channels + z.channels, name }];
    }
    case "maxpool":
      return one("MaxPool", [], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
    case "avgpool":
      return one("AveragePool", [], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: other % 2 });
    case "slice": {
      const name = b.node("Slice", [
        x.name,
        b.constant("int64", [1], [0]),
        b.constant("int64", [1], [Math.ceil(x.channels / 2)]),
        b.constant("int64", [1], [1]),
      ]);
      return [{ ...x, channels: Math.ceil(x.channels / 2), name }];
    }
    case "pad": {
      const pads = b.constant("int64", [8], [0, 0, 1, 1, 0, 0, 1, 1]);
      return [{ ...x, size: x.size + 2, name: b.node("Pad", [x.name, pads, scalar(b, other % 2)]) }];
    }
    case "split": {
      if (x.channels < 2) return [];
      const parts = [1, x.channels - 1];
      const names = [`split_${seed}_0`, `split_${seed}_1`];
      b.add("Split", [x.name, b.constant("int64", [2], parts)], names, { attributes: { axis: 1 } });
      return names.map((name, i) => ({ ...x, name, channels: parts[i]! }));
    }
    case "deconv": {
      if (x.size > 12) return [];
      const dims = [x.channels, channels, 2 + (other % 2), 2];
      const attributes = { strides: [2, 2], pads: [other % 2, 0, 0, 0] };
      const name = b.node("ConvTranspose", [x.name, weights(b, dims, seed), vector([channels], 1)], { attributes });
      return [{ channels, size: 2 * x.size, name }];
    }
    case "resize": {
      if (x.size > 12) return [];
      const mode = other % 2 === 0 ? "linear" : "nearest";
      const scales = b.constant("float32", [4], [1, 1, 2, 2]);
      return [{ ...x, size: 2 * x.size, name: b.node("Resize", [x.name, "", scales], { attributes: { mode } }) }];
    }
    case "shrink": {
      const sizes = b.constant("int64", [4], [1, x.channels, 3, 3]);
      const name = b.node("Resize", [x.name, "", "", sizes], {
        attributes: { mode: "linear", coordinate_transformation_mode: "align_corners" },
      });
      return [{ ...x, size: 3, name }];
    }
    case "unpool": {
      const attributes = { kernel_shape: [2, 2], strides: [2, 2] };
      const [pooled, indices] = [`pooled_${seed}`, `indices_${seed}`];
      b.add("MaxPool", [x.name], [pooled, indices], { attributes });
      const shape = b.constant("int64", [4], [1, x.channels, x.size, x.size]);
      const changed = other % 2 === 0 ? pooled : b.node("Tanh", [pooled]);
      return [{ ...x, name: b.node("MaxUnpool", [changed, indices, shape], { attributes }) }];
    }
    case "depthtospace": {
      if (x.size % 2 !== 0 || x.channels > 4) return [];
      const attributes = { blocksize: 2 };
      const packed = b.node("SpaceToDepth", [x.name], { attributes });
      const mode = other % 2 === 0 ? "CRD" : "DCR";
      return [{ ...x, name: b.node("DepthToSpace", [packed], { attributes: { ...attributes, mode } }) }];
    }
    case "transpose":
      return one("Transpose", [], { perm: [0, 1, 3, 2] });
  }
}

test("random networks", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 2 }), async (list, outputs) => {
      const model = build(list, outputs);
      const { bytes, report } = await quantize(model, {
        method: "minmax",
        calibration: randomSamples("x", imageDims, 6),
        load,
      });
      expect(report.int8.sqnr).toBeGreaterThan(0);
      const { program, imported } = compile(bytes, coreTarget("cortex-m4"));
      const cases = generateCases(imported, 3);
      const result = await verifyProgram({
        program,
        imported,
        modelBytes: bytes,
        assets,
        engines: ["passes", "replay"],
        cases,
        layers: false,
      });
      expect(result.differences).toEqual([]);
    }),
    { numRuns: 60 },
  );
}, 120_000);
