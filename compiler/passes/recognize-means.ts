/**
 * An average pool whose one window holds the whole map is a mean over height and width, the operator of GlobalAveragePool and
 * ReduceMean, wherever it has the same result. ONNX Runtime adds the one in float32 and the other in integers, so that has to
 * be proven for the scales at hand, over all sums: where float32 rounding can decide a tie, the pool stays.
 */
import { averagesLikeMean } from "../arith/avg-pool.js";
import type { Numerics } from "../arith/numerics.js";
import { makeRequantize, meanScale } from "../arith/requant.js";
import { must } from "../diagnostics.js";
import type { Graph, Node } from "../ir/graph.js";
import { scaleOf } from "../ir/quant.js";
import { type AvgPool2dAttrs, avgPool2d, avgQuantOf } from "../ops/avg_pool2d.js";
import { mean } from "../ops/mean.js";
import { quantOf, viewOf } from "../ops/op.js";
import type { Pass } from "./pass.js";

export const recognizeMeans: Pass = {
  name: "recognize-means",
  why: "an average over the whole map is a sum of integers where float32 sums are proven to round alike",
  run(graph, { numerics }) {
    const notes: string[] = [];
    const nodes = graph.nodes.map((node): Node => {
      const count = avgPool2d.is(node) ? wholeMap(graph, node) : undefined;
      if (count === undefined || !avgPool2d.is(node)) return node;
      if (!isProven(graph, node, count, numerics)) {
        notes.push(`%${node.id}: an average over the whole map that stays a pool: float32 sums may round another way`);
        return node;
      }
      notes.push(`%${node.id}: the mean of ${count} values, proven equal`);
      const { clampMin, clampMax } = node.attrs;
      return { ...node, kind: mean.kind, attrs: { axes: [1, 2], keepDims: true, clampMin, clampMax } };
    });
    return nodes.every((node, i) => node === graph.nodes[i]) ? { graph, notes } : { graph: { ...graph, nodes }, notes };
  },
};

/** The number of values in the only window of a pool, where that holds the whole map and divides by as many. */
function wholeMap(graph: Graph, node: Node<AvgPool2dAttrs>): number | undefined {
  const { inputs, output } = viewOf(graph, node);
  const { kernel, pads, countIncludePad } = node.attrs;
  const size = must(inputs[0], "input").shape.slice(1, 3);
  const isWhole = size.every(
    (dim, axis) => output.shape[axis + 1] === 1 && must(kernel[axis], "kernel") - must(pads[axis], "pad") >= dim,
  );
  const [height = 1, width = 1] = size;
  const area = kernel.reduce((product, k) => product * k, 1);
  return isWhole && (!countIncludePad || area === height * width) ? height * width : undefined;
}

function isProven(graph: Graph, node: Node<AvgPool2dAttrs>, count: number, numerics: Numerics): boolean {
  const view = viewOf(graph, node);
  const [x, y] = [quantOf(must(view.inputs[0], "input")), quantOf(view.output)];
  const { clampMin: min, clampMax: max } = node.attrs;
  const scale = meanScale(scaleOf(x), scaleOf(y), count);
  return averagesLikeMean(
    avgQuantOf(view),
    count,
    makeRequantize(numerics, { scale, zeroPoint: y.zeroPoint, min, max }),
  );
}
