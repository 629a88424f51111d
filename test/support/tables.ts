/** Tables behind layers for property tests: h-swish and the like are monotone, these are anything at all. */
import fc from "fast-check";
import type { TensorId } from "../../compiler/ir/graph.js";
import { type GraphBuilder, randomInts } from "./graph-builder.js";

type Instance = (b: GraphBuilder) => TensorId;

/** The layers, two of three with a lookup behind them. */
export function maybeTabled(layers: fc.Arbitrary<Instance>): fc.Arbitrary<Instance> {
  return fc
    .tuple(layers, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 1 << 20 }))
    .map(([layer, plain, seed]) => (b) => {
      const y = layer(b);
      return plain === 0 ? y : b.node("lookup", [y, b.weights([256], randomInts(256, seed))], {}, { scale: 0.1 });
    });
}
