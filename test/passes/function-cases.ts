/** Graphs for the pass that makes tables of what is a function of one tensor. */
import type { Graph, TensorId } from "../../compiler/ir/graph.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";
import type { PassCase } from "./channel-cases.js";

const bounds = { clampMin: -128, clampMax: 127 };

function table(b: GraphBuilder, x: TensorId, seed: number): TensorId {
  return b.node("lookup", [x, b.weights([256], randomInts(256, seed))], {}, { scale: 0.004, zero: -128 });
}

/** 21 x 13 x 3 values: nearly all 256 of them. */
function graph(make: (b: GraphBuilder, x: TensorId) => readonly TensorId[]): () => Graph {
  return () => {
    const b = new GraphBuilder();
    for (const y of make(b, b.input([1, 21, 13, 3], { scale: 0.05, zero: -11 }))) b.output(y);
    return b.build();
  };
}

const product = (b: GraphBuilder, x: TensorId, y: TensorId): TensorId =>
  b.node("mul", [x, y], bounds, { scale: 0.03, zero: -100 });
const sum = (b: GraphBuilder, x: TensorId, y: TensorId): TensorId =>
  b.node("add", [x, y], { ...bounds, clampMin: -90, spanScalar: "none" }, { scale: 0.07, zero: 5 });

const passes = ["tabulate-functions"] as const;

export const functionCases: readonly PassCase[] = [
  {
    name: "a tensor times a function of it is a table",
    passes,
    build: graph((b, x) => [product(b, x, table(b, x, 5))]),
    left: ["lookup"],
  },
  {
    name: "a square is a table",
    passes,
    build: graph((b, x) => [product(b, x, x)]),
    left: ["lookup"],
  },
  {
    name: "a chain of functions of one tensor is a table each, and then one",
    passes: [...passes, "merge-lookups"],
    build: graph((b, x) => [table(b, sum(b, table(b, table(b, x, 1), 2), product(b, table(b, x, 3), x)), 4)]),
    left: ["lookup"],
  },
  {
    name: "a function that is read elsewhere too stays beside the table",
    passes,
    build: graph((b, x) => {
      const gate = table(b, x, 5);
      return [product(b, gate, x), gate];
    }),
    left: ["lookup", "lookup"],
  },
  {
    name: "functions of two tensors, and a value for each channel, are no table",
    passes,
    build: graph((b, x) => {
      const mean = b.node("mean", [x], { axes: [1, 2], keepDims: true, ...bounds }, { scale: 0.05, zero: -11 });
      return [product(b, x, table(b, mean, 5)), sum(b, x, b.input([1, 21, 13, 3]))];
    }),
    left: ["mean", "lookup", "mul", "add"],
  },
];
