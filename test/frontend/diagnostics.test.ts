/** Every way in which a model can be wrong is a diagnostic with a code, a place and a hint; never a bare exception. */
import { describe, expect, test } from "vitest";
import { compileGraph } from "../../compiler/compile-graph.js";
import { CompileError, type Diagnostic } from "../../compiler/diagnostics.js";
import { type ImportOptions, importGraph } from "../../compiler/frontend/onnx/import-graph.js";
import { decodeOnnx } from "../../compiler/frontend/onnx/onnx-model.js";
import { OnnxBuilder } from "../support/onnx-builder.js";
import { coreTarget } from "../support/targets.js";

function importing(bytes: Uint8Array, options: ImportOptions = {}): readonly Diagnostic[] {
  try {
    return importGraph(decodeOnnx(bytes), options).warnings;
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.diagnostics;
  }
}

function expectCode(bytes: Uint8Array, code: string, message: RegExp, options: ImportOptions = {}): void {
  const diagnostics = importing(bytes, options);
  expect(diagnostics.map((d) => d.code)).toContain(code);
  const found = diagnostics.find((d) => d.code === code)!;
  expect(found.message).toMatch(message);
  expect(found.message).not.toContain("\n");
}

/** A sound model with a hook at its first quantized activation. */
function model(change: (b: OnnxBuilder, x: string) => string, opset = 13): Uint8Array {
  const b = new OnnxBuilder(opset);
  const x = b.qdq(b.input("x", "float32", [1, 2, 4, 4]), 0.1, 0);
  return b.output(change(b, x), "float32").build();
}

const conv = (
  b: OnnxBuilder,
  x: string,
  attributes: Record<string, number | string | readonly number[]> = {},
  dims = [3, 2, 1, 1],
): string =>
  b.node("Conv", [x, b.weights(dims, new Array(dims.reduce((p, d) => p * d, 1)).fill(1), [0.01])], {
    name: "conv1",
    attributes,
  });

describe("files", () => {
  const sound = model((b, x) => b.qdq(conv(b, x), 0.2, 0));

  test("a sound model has nothing to complain about", () => {
    expect(importing(sound)).toEqual([]);
  });

  test("empty, foreign, truncated at any length", () => {
    expectCode(new Uint8Array(0), "LWC1001", /empty/);
    expectCode(new TextEncoder().encode("%PDF-1.7 this is no model"), "LWC1002", /no ONNX model|truncated/);
    for (let length = 1; length < sound.length; length += 7) {
      const diagnostics = importing(sound.slice(0, length));
      expect(diagnostics.length, `truncated to ${length} bytes`).toBeGreaterThan(0);
    }
  });

  test("random damage never escapes as another exception", () => {
    let state = 12345;
    for (let round = 0; round < 400; round++) {
      const damaged = sound.slice();
      for (let i = 0; i < 3; i++) {
        state = (Math.imul(state, 1103515245) + 12345) >>> 0;
        damaged[state % damaged.length] = state >>> 24;
      }
      expect(() => importing(damaged)).not.toThrow();
    }
  });

  test("opsets", () => {
    expectCode(
      model((b, x) => b.qdq(conv(b, x), 0.2, 0), 8),
      "LWC1010",
      /opset 8/,
    );
    expectCode(
      model((b, x) => b.qdq(conv(b, x), 0.2, 0), 23),
      "LWC1011",
      /opset 23/,
    );
  });

  test("a float model, a dynamically quantized model", () => {
    const b = new OnnxBuilder();
    const y = b.node("Relu", [b.input("x", "float32", [1, 4])]);
    expectCode(b.output(y, "float32").build(), "LWC1330", /float model/);
    const d = new OnnxBuilder();
    const z = d.node("DynamicQuantizeLinear", [d.input("x", "float32", [1, 4])]);
    expectCode(d.output(z, "uint8").build(), "LWC1331", /dynamically/);
  });
});

describe("shapes", () => {
  test("a symbolic batch is 1, another symbolic dimension must be fixed", () => {
    const symbolic = (dims: readonly (number | string)[]): Uint8Array => {
      const b = new OnnxBuilder();
      return b.output(b.qdq(conv(b, b.qdq(b.input("x", "float32", dims), 0.1, 0)), 0.2, 0), "float32").build();
    };
    expect(importing(symbolic(["N", 2, 4, 4]))).toEqual([]);
    expectCode(symbolic(["N", 2, "H", 4]), "LWC1311", /dimension 2 \("H"\)/);
    expect(importing(symbolic(["N", 2, "H", "W"]), { inputShapes: new Map([["x", [1, 2, 6, 5]]]) })).toEqual([]);
    expectCode(symbolic(["N", 2, 4, 4]), "LWC1312", /contradicts/, { inputShapes: new Map([["x", [1, 2, 9, 9]]]) });
    expectCode(symbolic([2, 2, 4, 4]), "LWC1315", /batch 2/);
    expectCode(symbolic(new Array(300).fill(1)), "LWC1313", /300 dimensions/);
    expectCode(symbolic([1, 2, 0, 4]), "LWC1314", /positive integers/);
  });

  test("inconsistent shapes", () => {
    expectCode(
      model((b, x) => b.qdq(conv(b, x, {}, [3, 5, 1, 1]), 0.2, 0)),
      "LWC1141",
      /do not fit 2 input channels/,
    );
    expectCode(
      model((b, x) => b.qdq(conv(b, x, { kernel_shape: [3, 3] }), 0.2, 0)),
      "LWC1150",
      /kernel_shape/,
    );
    expectCode(
      model((b, x) => b.qdq(conv(b, x, {}, [3, 2, 7, 7]), 0.2, 0)),
      "LWC1152",
      /7x7 window does not fit/,
    );
    expectCode(
      model((b, x) => b.node("Reshape", [x, b.constant("int64", [2], [1, 31])])),
      "LWC1160",
      /cannot reshape/,
    );
    expectCode(
      model((b, x) => b.node("Transpose", [x], { attributes: { perm: [0, 0, 1, 2] } })),
      "LWC1163",
      /no permutation/,
    );
  });
});

describe("quantization", () => {
  test.each([
    [0, "LWC2001"],
    [Number.NaN, "LWC2001"],
    [-1, "LWC2001"],
    [1e-40, "LWC2001"],
    [Number.POSITIVE_INFINITY, "LWC2001"],
  ])("a scale of %d", (scale, code) => {
    expectCode(
      model((b, x) => b.qdq(conv(b, x), scale, 0)),
      code,
      /expected a finite, positive, normal float32/,
    );
  });

  test("per-channel activations", () => {
    const bytes = model((b, x) =>
      b.node("QuantizeLinear", [conv(b, x), b.constant("float32", [3], [1, 2, 3]), b.constant("int8", [3], [0, 0, 0])]),
    );
    expectCode(bytes, "LWC1109", /3 scales/);
  });

  test("float weights, foreign bias scale", () => {
    expectCode(
      model((b, x) => b.qdq(b.node("Conv", [x, b.constant("float32", [1, 2, 1, 1], [1, 2])], { name: "c" }), 1, 0)),
      "LWC1131",
      /weights are float/,
    );
    const biased = model((b, x) =>
      b.qdq(b.node("Conv", [x, b.weights([1, 2, 1, 1], [1, 2], [0.01]), b.bias([5], [0.5])], { name: "c" }), 1, 0),
    );
    expectCode(biased, "LWC1135", /another scale/);
  });

  test("constants of other types are named", () => {
    const b = new OnnxBuilder();
    const x = b.qdq(b.input("x", "float32", [1, 2]), 0.1, 0);
    const bytes = b.output(x, "float32").build();
    // Element type 22 is INT4.
    const patched = bytes.slice();
    const at = patched.findIndex((byte, i) => byte === 0x10 && patched[i + 1] === 1 && patched[i + 2] === 0x42);
    patched[at + 1] = 22;
    expectCode(patched, "LWC1020", /INT4/);
  });
});

describe("operators", () => {
  test("an unknown operator is named with its node", () => {
    expectCode(
      model((b, x) => b.qdq(b.node("LRN", [x], { name: "norm1" }), 1, 0)),
      "LWC1300",
      /LRN "norm1": operator LRN is not supported/,
    );
    expectCode(
      model((b, x) => b.qdq(b.node("Conv", [x], { domain: "my.domain", name: "n" }), 1, 0)),
      "LWC1300",
      /my\.domain\.Conv/,
    );
  });

  test("float islands name the producer and the cure", () => {
    expectCode(
      model((b, x) => b.node("HardSwish", [conv(b, x)])),
      "LWC1108",
      /float island/,
    );
    expectCode(
      model((b, x) => conv(b, x)),
      "LWC1108",
      /conv1/,
    );
  });

  test("unknown attributes warn", () => {
    expectCode(
      model((b, x) => b.qdq(conv(b, x, { colour: 3 }), 1, 0)),
      "LWC1303",
      /attribute "colour" is unknown/,
    );
  });

  test("missing values, values made twice, cycles, missing outputs", () => {
    const missing = new OnnxBuilder();
    missing.input("x", "float32", [1, 2, 2, 2]);
    missing.output(missing.qdq(missing.node("Add", ["x", "ghost"]), 1, 0), "float32");
    expectCode(missing.build(), "LWC1321", /"ghost"/);
    const twice = new OnnxBuilder();
    const x = twice.qdq(twice.input("x", "float32", [1, 2]), 1, 0);
    twice.add("Relu", [x], ["y"]);
    twice.add("Abs", [x], ["y"]);
    expectCode(twice.output("y", "float32").build(), "LWC1320", /made twice/);
    const cycle = new OnnxBuilder();
    const c = cycle.qdq(cycle.input("x", "float32", [1, 2]), 1, 0);
    cycle.add("Add", [c, "b"], ["a"]);
    cycle.add("Relu", ["a"], ["b"]);
    expectCode(cycle.output("b", "float32").build(), "LWC1323", /cycle/);
    const silent = new OnnxBuilder();
    silent.qdq(silent.input("x", "float32", [1, 2]), 1, 0);
    expectCode(silent.output("nothing", "float32").build(), "LWC1322", /never made/);
  });

  test.each([
    ["Conv", "LWC1154", (b: OnnxBuilder, x: string) => b.qdq(conv(b, x, { auto_pad: "SAME_SIDEWAYS" }), 1, 0)],
    [
      "Gemm",
      "LWC1143",
      (b: OnnxBuilder, x: string) =>
        b.qdq(
          b.node("Gemm", [b.node("Flatten", [x]), b.weights([3, 32], new Array(96).fill(1), [0.1])], {
            attributes: { transA: 1, transB: 1 },
          }),
          1,
          0,
        ),
    ],
    [
      "Pad",
      "LWC1205",
      (b: OnnxBuilder, x: string) =>
        b.qdq(
          b.node("Pad", [x, b.constant("int64", [8], [0, 0, 1, 1, 0, 0, 1, 1])], { attributes: { mode: "reflect" } }),
          1,
          0,
        ),
    ],
    ["AveragePool", "LWC1190", (b: OnnxBuilder, x: string) => b.qdq(b.node("AveragePool", [x]), 1, 0)],
    [
      "Slice",
      "LWC1202",
      (b: OnnxBuilder, x: string) =>
        b.node("Slice", [
          x,
          b.constant("int64", [1], [3]),
          b.constant("int64", [1], [2]),
          b.constant("int64", [1], [2]),
        ]),
    ],
  ] as const)("%s asks for what lwc does not do: %s", (_, code, change) => {
    expectCode(model(change), code, /./);
  });
});

describe("hostile names", () => {
  test.each(["*/ int main(){}", 'quote"quote', "line\nbreak", "int", "ü\u0000\u202e", "x".repeat(10_000), ""])(
    "%j becomes a legal id",
    (name) => {
      const b = new OnnxBuilder();
      const x = b.qdq(b.input(name === "" ? "x" : name, "float32", [1, 2, 4, 4]), 0.1, 0);
      const y = b.node("Conv", [x, b.weights([3, 2, 1, 1], new Array(6).fill(1), [0.01])], { name });
      const { graph } = importGraph(decodeOnnx(b.output(b.qdq(y, 1, 0), "float32").build()));
      for (const id of graph.tensors.keys()) expect(id).toMatch(/^[A-Za-z_][A-Za-z0-9_.]{0,63}$/);
    },
  );
});

describe("constants", () => {
  /** A model whose weights lie in another file, described by `entries`. */
  function external(entries: Readonly<Record<string, string>>, dims: readonly number[] = [2, 2]): Uint8Array {
    const b = new OnnxBuilder();
    const x = b.qdq(b.input("x", "float32", [1, 2]), 0.1, 0);
    const w = b.external("int8", dims, entries);
    const dq = b.node("DequantizeLinear", [w, b.constant("float32", [], [0.5]), b.constant("int8", [], [0])]);
    return b.output(b.qdq(b.node("Gemm", [x, dq], { attributes: { transB: 1 } }), 0.1, 0), "float32").build();
  }
  const file = (location: string): Uint8Array => {
    expect(location).toBe("weights.bin");
    return Uint8Array.from([9, 9, 1, 2, 3, 4]);
  };

  test("external data is read by offset and length", () => {
    const { graph } = importGraph(decodeOnnx(external({ location: "weights.bin", offset: "2", length: "4" }), file));
    const weights = [...graph.tensors.values()].find((tensor) => tensor.data?.length === 4);
    expect(Array.from(weights!.data!)).toEqual([1, 2, 3, 4]);
  });

  test("external data that is absent, too short, or not allowed", () => {
    expectCode(external({ location: "weights.bin" }), "LWC1025", /external file "weights.bin"/);
    const outside = (): unknown => decodeOnnx(external({ location: "weights.bin", offset: "4", length: "4" }), file);
    expect(outside).toThrow(/LWC1026/);
  });

  test("two gigabytes declared in a small file", () => {
    const b = new OnnxBuilder();
    const x = b.qdq(b.input("x", "float32", [1, 2]), 0.1, 0);
    b.declare("int8", [2, 1 << 30]);
    expectCode(b.output(x, "float32").build(), "LWC1023", /declares \[2,1073741824\].*found data for 0/);
  });

  test("an accumulator beyond int32 is refused", () => {
    const b = new OnnxBuilder();
    const x = b.qdq(b.input("x", "float32", [1, 2]), 0.1, 0);
    const w = b.weights([1, 2], [100, 100], [0.5]);
    const y = b.node("Gemm", [x, w, b.bias([2 ** 31 - 5], [Math.fround(0.05)])], { attributes: { transB: 1 } });
    const { graph } = importGraph(decodeOnnx(b.output(b.qdq(y, 0.1, 0), "float32").build()));
    expect(() => compileGraph(graph, coreTarget("cortex-m4"))).toThrow(/LWC2101/);
  });
});
