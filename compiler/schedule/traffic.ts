/**
 * How many bytes an inference reads and writes in each block of the arena: what a slower memory for the block would cost. Rows
 * that a window needs again are read again; how often a kernel reads a row for one row of its output is its own affair, and
 * caches are not modelled. Scratch memory is filled and read once for each row.
 */
import { type Graph, type TensorId, tensorBytes, tensorOf } from "../ir/graph.js";
import { rowCount } from "../ir/shape.js";
import { opOf } from "../ops/index.js";
import { stateBytes, totalScratchBytes } from "../ops/kernel.js";
import { type RowUse, viewOf } from "../ops/op.js";
import { firstRow } from "../ops/row-window.js";
import type { Block } from "./liveness.js";
import type { PortOptions, Schedule, Step } from "./schedule.js";

/** Bytes by block, in the order of `blocks`. */
export function trafficOf(schedule: Schedule, ports: PortOptions, blocks: readonly Block[]): readonly number[] {
  const { graph, steps } = schedule;
  const ofTensor = new Map<TensorId, number>();
  const ofStep = new Map<number, number>();
  const add = (id: TensorId, bytes: number): void => {
    ofTensor.set(id, (ofTensor.get(id) ?? 0) + bytes);
  };
  for (const step of steps) {
    if (!step.call) continue;
    add(step.output, tensorBytes(tensorOf(graph, step.output)));
    for (const [id, bytes] of readsOf(graph, step)) add(id, bytes);
    const rows = rowCount(tensorOf(graph, step.output).shape);
    const again = step.node.inputs[0] === undefined ? 1 : rowCount(tensorOf(graph, step.node.inputs[0]).shape);
    ofStep.set(step.index, 2 * (rows * totalScratchBytes(step.call) + again * stateBytes(step.call)));
  }
  // The caller fills and reads the ports, or hands over their rows.
  const isInside = { input: ports.io === "arena" || ports.input === "rows", output: ports.io === "arena" };
  if (isInside.input) for (const { tensor } of graph.inputs) add(tensor, tensorBytes(tensorOf(graph, tensor)));
  if (isInside.output) for (const { tensor } of graph.outputs) add(tensor, tensorBytes(tensorOf(graph, tensor)));
  return blocks.map(({ tensors, scratchOf, pool }) => {
    const work =
      scratchOf === undefined ? [...(pool?.scratch.keys() ?? []), ...(pool?.state.keys() ?? [])] : [scratchOf];
    return (
      tensors.reduce((sum, id) => sum + (ofTensor.get(id) ?? 0), 0) +
      [...new Set(work)].reduce((sum, step) => sum + (ofStep.get(step) ?? 0), 0)
    );
  });
}

/** Bytes that a step reads of each of its inputs. */
function readsOf(graph: Graph, { node }: Step): readonly (readonly [TensorId, number])[] {
  const view = viewOf(graph, node);
  return node.inputs.flatMap((id, i): readonly (readonly [TensorId, number])[] => {
    const tensor = tensorOf(graph, id);
    if (tensor.data) return [];
    const use = opOf(node).rows(view, i);
    if (use.kind !== "window") return [[id, tensorBytes(tensor)]];
    const rows = rowCount(tensor.shape);
    return [[id, (tensorBytes(tensor) / rows) * rowsRead(use, rows, rowCount(view.output.shape))]];
  });
}

/** Rows that all windows together read; none for those outside the input, unless another row stands in. */
function rowsRead(use: Extract<RowUse, { kind: "window" }>, inRows: number, outRows: number): number {
  let rows = 0;
  for (let y = 0; y < outRows; y++) {
    for (let k = 0; k < use.size; k++) {
      const row = firstRow(use, y) + k * use.dilation;
      if (use.clamped || (row >= 0 && row < inRows)) rows++;
    }
  }
  return rows;
}
