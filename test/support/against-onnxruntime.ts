/** A small quantized model run by the reference interpreter and by ONNX Runtime. */
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { importGraph } from "../../compiler/frontend/onnx/import-graph.js";
import { decodeOnnx } from "../../compiler/frontend/onnx/onnx-model.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { prepareInterpreter } from "../../compiler/reference/interpret.js";
import { generateCases } from "../../compiler/verify/inputs.js";
import { runOnnxRuntime } from "../../compiler/verify/onnxruntime.js";
import { OnnxBuilder } from "./onnx-builder.js";

export type Build = (b: OnnxBuilder, ...inputs: readonly string[]) => string;

export interface ModelSpec {
  /** Shapes of the float inputs, each behind a QuantizeLinear/DequantizeLinear pair. */
  readonly inputs: readonly (readonly number[])[];
  readonly build: Build;
  readonly opset?: number;
  /** Scale and zero point of each input, then of the output; defaults that suit values around 1. */
  readonly quants?: readonly { readonly scale: number; readonly zero: number }[];
  readonly dtype?: "int8" | "uint8";
  /** False where `build` yields a quantized value or indices. */
  readonly close?: boolean;
}

const defaults = [
  { scale: 0.1, zero: 5 },
  { scale: 0.07, zero: -11 },
  { scale: 0.03, zero: 20 },
] as const;

export function modelBytes({ inputs, build, opset, quants = [], dtype = "int8", close = true }: ModelSpec): Uint8Array {
  const b = new OnnxBuilder(opset);
  const quantOf = (i: number): { readonly scale: number; readonly zero: number } => {
    const { scale, zero } = quants[i] ?? defaults[i % defaults.length]!;
    return { scale, zero: zero + (dtype === "uint8" && !quants[i] ? 128 : 0) };
  };
  const values = inputs.map((dims, i) => {
    const { scale, zero } = quantOf(i);
    return b.qdq(b.input(`x${i}`, "float32", dims), scale, zero, dtype);
  });
  const y = build(b, ...values);
  const last = quants[inputs.length] ?? { scale: 0.05, zero: dtype === "uint8" ? 131 : 3 };
  return b.output(close ? b.qdq(y, last.scale, last.zero, dtype) : y, close ? "float32" : "int64").build();
}

export interface Comparison {
  readonly graph: Graph;
  /** Largest distance of two values, in steps of the output. */
  readonly worst: number;
  /** Values that differ, and values in all. */
  readonly differing: number;
  readonly count: number;
  /** Different results that the reference gave: one would be no test. */
  readonly distinct: number;
}

/** Runs `runs` random inputs through both. */
export async function compareWithOnnxRuntime(spec: ModelSpec, runs = 12): Promise<Comparison> {
  const bytes = modelBytes(spec);
  const { graph } = importGraph(decodeOnnx(bytes));
  const cases = generateCases(graph, runs, 5);
  const run = prepareInterpreter(graph, makeNumerics("ort"));
  const expected = await runOnnxRuntime(bytes, graph, cases);
  const distances: number[] = [];
  const seen = new Set<number>();
  cases.forEach((one, i) => {
    const output = run(one.inputs).outputs[0] ?? new Int8Array(0);
    const wanted = expected[i]?.[0] ?? new Int32Array(0);
    if (output.length !== wanted.length) throw new Error(`${output.length} values, ONNX Runtime has ${wanted.length}`);
    output.forEach((value, k) => {
      seen.add(value);
      distances.push(Math.abs(value - (wanted[k] ?? Number.NaN)));
    });
  });
  return {
    graph,
    worst: distances.reduce((a, b) => Math.max(a, b), 0),
    differing: distances.filter((distance) => distance !== 0).length,
    count: distances.length,
    distinct: seen.size,
  };
}
