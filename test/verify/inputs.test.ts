import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { casesFromFiles, generateCases } from "../../compiler/verify/inputs.js";
import { parseNpy } from "../../compiler/verify/npy.js";
import { fromIr, toIr, toIrUnclamped } from "../../compiler/verify/port-values.js";
import { portsOnly } from "./graphs.js";

function npy(descr: string, shape: string, payload: Uint8Array): Uint8Array {
  const header = `${`{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`.padEnd(117)}\n`;
  const bytes = new Uint8Array(10 + header.length + payload.length);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, header.length, 0]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(payload, 10 + header.length);
  return bytes;
}

const image = { name: "x", shape: [1, 2, 2, 3], scale: 0.5, zeroPoint: -3 } as const;

describe("npy", () => {
  it("reads shape and data", () => {
    const array = parseNpy(npy("<f4", "2, 1", new Uint8Array(Float32Array.of(1.5, -2).buffer)), "x.npy");
    expect(array.shape).toEqual([2, 1]);
    expect(array.data).toEqual(Float32Array.of(1.5, -2));
  });

  it("reads a vector and a scalar", () => {
    expect(parseNpy(npy("|i1", "2,", Uint8Array.of(1, 255)), "x.npy").data).toEqual(Int8Array.of(1, -1));
    expect(parseNpy(npy("|u1", "", Uint8Array.of(7)), "x.npy").shape).toEqual([]);
  });

  it.each([
    ["no npy at all", Uint8Array.of(1, 2, 3)],
    ["doubles", npy("<f8", "1,", new Uint8Array(8))],
    ["too little data", npy("|i1", "3,", new Uint8Array(2))],
  ])("refuses %s", (_, bytes) => {
    expect(() => parseNpy(bytes, "x.npy")).toThrow("LWC6101");
  });
});

describe("values at the boundary", () => {
  it("goes from NCHW to NHWC", () => {
    const graph = portsOnly([{ ...image, dtype: "int8" }], []);
    const nchw = Int8Array.from([0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32]); // c0: h0 w0..2, h1 w0..2; c1: ...
    expect(toIr(graph, graph.inputs[0]!, nchw)).toEqual(Int8Array.of(0, 20, 1, 21, 2, 22, 10, 30, 11, 31, 12, 32));
  });

  it("quantizes float32: nearest, ties to even, clamped", () => {
    const graph = portsOnly([{ name: "x", dtype: "float32", shape: [1, 6], scale: 0.5, zeroPoint: -3 }], []);
    expect(toIr(graph, graph.inputs[0]!, Float32Array.of(0, 0.25, 0.75, -0.25, 1000, -1000))).toEqual(
      Int8Array.of(-3, -3, -1, -3, 127, -128),
    );
  });

  it("shifts uint8", () => {
    const graph = portsOnly([{ name: "x", dtype: "uint8", shape: [1, 2], storage: "uint8" }], []);
    expect(toIr(graph, graph.inputs[0]!, Uint8Array.of(0, 255))).toEqual(Int8Array.of(-128, 127));
  });

  it.each(["float32", "int8", "uint8", "int32", "int64"] as const)(
    "%s: from the IR and back is the identity",
    (dtype) => {
      const graph = portsOnly([{ ...image, dtype, scale: 0.003_921_5 }], []);
      const port = graph.inputs[0]!;
      fc.assert(
        fc.property(fc.int8Array({ minLength: 12, maxLength: 12 }), (values) => {
          const outside = fromIr(graph, port, values);
          expect(toIrUnclamped(graph, port, outside)).toEqual(Int32Array.from(values));
          if (dtype !== "int32" && dtype !== "int64") expect(toIr(graph, port, outside)).toEqual(values);
        }),
        { numRuns: 50 },
      );
    },
  );
});

describe("cases", () => {
  const graph = portsOnly([{ ...image, dtype: "int8" }], []);

  it("are reproducible, and cover the corners", () => {
    const cases = generateCases(graph, 9);
    expect(generateCases(graph, 9)).toEqual(cases);
    expect(cases[1]?.inputs[0]).toEqual(new Int8Array(12).fill(-128));
    expect(cases[2]?.inputs[0]).toEqual(new Int8Array(12).fill(127));
    expect(cases[3]?.inputs[0]).toEqual(new Int8Array(12).fill(-3));
    expect(new Set(cases.map((one) => one.inputs[0]?.join())).size).toBe(9);
  });

  it("come from a file, several along the first axis", () => {
    const data = Uint8Array.from({ length: 24 }, (_, i) => i);
    const cases = casesFromFiles(graph, [{ path: "x.npy", bytes: npy("|i1", "2, 1, 2, 2, 3", data) }]);
    expect(cases.map((one) => one.inputs[0]?.[1])).toEqual([6, 18]);
    expect(casesFromFiles(graph, [{ path: "x.bin", bytes: data }]).map((one) => one.inputs[0]?.[1])).toEqual([1, 13]);
  });

  it("refuse a file of the wrong size", () => {
    expect(() => casesFromFiles(graph, [{ path: "x.bin", bytes: new Uint8Array(13) }])).toThrow("LWC6105");
    expect(() => casesFromFiles(graph, [])).toThrow("LWC6104");
  });
});
