/** Input cases for a verify run: the corners of the range, then seeded random values; or the user's own. */
import { fail } from "../diagnostics.js";
import { type Graph, tensorOf } from "../ir/graph.js";
import { elementCount } from "../ir/shape.js";
import { type NpyArray, parseNpy } from "./npy.js";
import { toIr } from "./port-values.js";

export interface InputCase {
  readonly name: string;
  /** int8, NHWC, in the order of graph.inputs. */
  readonly inputs: readonly Int8Array[];
}

/** `count` cases: one random, then -128, 127, the zero point, a ramp, zeros, then random, of which every third has few distinct values. */
export function generateCases(graph: Graph, count: number, seed = 1): readonly InputCase[] {
  const fixed = ["random 0", "minimum", "maximum", "zero point", "ramp", "zeros"];
  return Array.from({ length: count }, (_, index) => {
    const name = fixed[index] ?? `random ${index}`;
    const random = makeRandom(seed + index * 7919);
    return { name, inputs: graph.inputs.map((port) => fill(name, graph, port.tensor, index, random)) };
  });
}

function fill(
  name: string,
  graph: Graph,
  id: Parameters<typeof tensorOf>[1],
  index: number,
  random: () => number,
): Int8Array {
  const tensor = tensorOf(graph, id);
  const values = new Int8Array(elementCount(tensor.shape));
  switch (name) {
    case "minimum":
      return values.fill(-128);
    case "maximum":
      return values.fill(127);
    case "zero point":
      return values.fill(tensor.quant?.zeroPoint ?? 0);
    case "zeros":
      return values;
    case "ramp":
      return values.map((_, i) => (i % 256) - 128);
    default: {
      const mask = index % 3 === 2 ? 0xc1 : 0xff;
      return values.map(() => (random() >>> 24) & mask);
    }
  }
}

/** mulberry32: 32 random bits per call from a 32-bit seed. */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** A user's file for one input. */
export interface InputFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Cases from files, one per graph input: `.npy` in the model's layout (NCHW) with the cases along an extra first axis or one
 * case without it, or raw bytes (`.bin`): int8 in the layout of the generated C (NHWC), case after case.
 */
export function casesFromFiles(graph: Graph, files: readonly InputFile[]): readonly InputCase[] {
  if (files.length !== graph.inputs.length) {
    return fail({
      code: "LWC6104",
      kind: "error",
      message: `expected ${graph.inputs.length} input files (${graph.inputs.map((port) => port.name).join(", ")}), found ${files.length}`,
    });
  }
  const perInput = files.map((file, i) => casesOfInput(graph, i, file));
  const count = Math.min(...perInput.map((cases) => cases.length));
  return Array.from({ length: count }, (_, index) => ({
    name: `file ${index}`,
    inputs: perInput.flatMap((cases) => cases.slice(index, index + 1)),
  }));
}

function casesOfInput(graph: Graph, index: number, file: InputFile): readonly Int8Array[] {
  const port = graph.inputs[index];
  if (port === undefined) return [];
  const elements = elementCount(tensorOf(graph, port.tensor).shape);
  if (!file.path.endsWith(".npy")) {
    const values = Int8Array.from(new Int8Array(file.bytes.buffer, file.bytes.byteOffset, file.bytes.length));
    checkCount(file.path, values.length, elements);
    return chunk(values.length, elements).map((start) => values.slice(start, start + elements));
  }
  const array = parseNpy(file.bytes, file.path);
  checkCount(file.path, array.data.length, elements);
  return chunk(array.data.length, elements).map((start) => toIr(graph, port, sliceOf(array, start, start + elements)));
}

export function sliceOf(array: NpyArray, start: number, end: number): NpyArray["data"] {
  return array.data.slice(start, end);
}

function chunk(total: number, size: number): readonly number[] {
  return Array.from({ length: total / size }, (_, i) => i * size);
}

function checkCount(path: string, found: number, elements: number): void {
  if (found === 0 || found % elements !== 0) {
    fail({
      code: "LWC6105",
      kind: "error",
      message: `${path}: expected a multiple of ${elements} values, found ${found}`,
      where: { file: path },
    });
  }
}
