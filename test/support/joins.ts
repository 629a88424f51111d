/** Layers whose output is a part of a joined tensor, for property tests: kernels that write pixels at a pitch. */
import fc from "fast-check";
import type { TensorId } from "../../compiler/ir/graph.js";
import { type GraphBuilder, randomInts } from "./graph-builder.js";

type Instance = (b: GraphBuilder) => TensorId;

/** So much that no join stays a copy for want of room. */
export const roomForJoins = 1 << 24;

/** The layers, two of three beside channels of the caller, on either side, in a tensor that a layer reads. */
export function maybeJoined(layers: fc.Arbitrary<Instance>): fc.Arbitrary<Instance> {
  const sides = fc.constantFrom("none", "before", "behind");
  return fc.tuple(layers, sides, fc.integer({ min: 1, max: 9 })).map(([layer, side, channels]) => (b) => {
    const y = layer(b);
    const { shape, quant } = b.build().tensors.get(y)!;
    // Joins are over maps of one picture.
    const isBatch = shape.length === 4 && shape[0] !== 1;
    if (side === "none" || quant === undefined || isBatch) return y;
    const other = b.input([...shape.slice(0, -1), channels], { scale: quant.scales[0]!, zero: quant.zeroPoint });
    const joined = b.node("concat", side === "before" ? [other, y] : [y, other], { axis: shape.length - 1 });
    return b.node("lookup", [joined, b.weights([256], randomInts(256, channels))], {}, { scale: 0.1 });
  });
}
