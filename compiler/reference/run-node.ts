/** Runs one node row by row over given tensors: the shared inner step of `interpret` and `replay`. */
import type { Numerics } from "../arith/numerics.js";
import { invariant, must } from "../diagnostics.js";
import type { Graph, Node } from "../ir/graph.js";
import { rowCount, rowLength } from "../ir/shape.js";
import { opOf } from "../ops/index.js";
import { type RowKernel, viewOf } from "../ops/op.js";

export type Values = Int8Array | Int32Array;

export interface RowOrder {
  /** From the last row to the first. */
  readonly backward: boolean;
  /** Rows that a call of the kernel makes, the last of the tensor aside, which may be fewer. */
  readonly block: number;
  /** Sees each block of output rows before it is computed. */
  readonly beforeRows?: (rows: Values) => void;
}

/** The row kernel of a node, and of the one that works in place on the rows that it makes, where there is an epilogue. */
export function prepareRow(graph: Graph, node: Node, numerics: Numerics, epilogue?: Node): RowKernel {
  const kernel = opOf(node).reference(viewOf(graph, node), numerics);
  if (epilogue === undefined) return kernel;
  const change = prepareRow(graph, epilogue, numerics);
  return (read, out, y) => {
    kernel(read, out, y);
    change(() => out, out, y);
  };
}

/** Compiles a node, and its epilogue, into a function over whole tensors: inputs in node order, then the output. */
export function prepareNode(
  graph: Graph,
  node: Node,
  numerics: Numerics,
  epilogue?: Node,
): (inputs: readonly Values[], output: Values, order?: RowOrder) => void {
  const view = viewOf(graph, node);
  const kernel = prepareRow(graph, node, numerics, epilogue);
  const inLengths = view.inputs.map((tensor) => rowLength(tensor.shape));
  const inRows = view.inputs.map((tensor) => rowCount(tensor.shape));
  const outLength = rowLength(view.output.shape);
  const outRows = rowCount(view.output.shape);
  return (inputs, output, order) => {
    const read = (input: number, y: number): Values => {
      invariant(y >= 0 && y < (inRows[input] ?? 0), `node %${node.id} reads row ${y} of input ${input}`);
      const length = inLengths[input] ?? 0;
      return must(inputs[input], `input ${input} of %${node.id}`).subarray(y * length, (y + 1) * length);
    };
    const { block = 1, backward = false, beforeRows } = order ?? {};
    const calls = Math.ceil(outRows / block);
    for (let i = 0; i < calls; i++) {
      const first = block * (backward ? calls - 1 - i : i);
      const end = Math.min(first + block, outRows);
      beforeRows?.(output.subarray(first * outLength, end * outLength));
      for (let y = first; y < end; y++) kernel(read, output.subarray(y * outLength, (y + 1) * outLength), y);
    }
  };
}
