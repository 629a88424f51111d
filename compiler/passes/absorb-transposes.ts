/**
 * Gets rid of transposes: one that only moves axes of length 1 is a reshape; one that undoes another cancels; one that is
 * flattened into a fully connected layer becomes an order of the layer's weights.
 */
import { must } from "../diagnostics.js";
import { freshTensorId } from "../ir/fresh-id.js";
import { consumersOf, type Graph, type Node, producersOf, type Tensor, type TensorId, tensorOf } from "../ir/graph.js";
import { elementCount, type Shape, stridesOf } from "../ir/shape.js";
import { fullyConnected } from "../ops/fully_connected.js";
import { reshape } from "../ops/reshape.js";
import { transpose } from "../ops/transpose.js";
import { dropUnusedTensors } from "./drop-unused-tensors.js";
import type { Pass } from "./pass.js";

export const absorbTransposes: Pass = {
  name: "absorb-transposes",
  why: "NHWC inside means no transpose inside; what an exporter left becomes weight order where it can",
  run(graph) {
    const notes: string[] = [];
    let current = graph;
    for (;;) {
      const next = step(current, notes);
      if (next === current) break;
      current = next;
    }
    return { graph: current, notes };
  },
};

function step(graph: Graph, notes: string[]): Graph {
  const producers = producersOf(graph);
  for (const node of graph.nodes) {
    if (transpose.is(node)) {
      const source = tensorOf(graph, must(node.inputs[0], "transpose input"));
      if (movesOnlyOnes(source.shape, node.attrs.perm)) {
        notes.push(`%${node.id} moves axes of length 1 only: reshape`);
        return replaceNode(graph, node, {
          ...node,
          kind: reshape.kind,
          attrs: { shape: tensorOf(graph, node.output).shape },
        });
      }
      const inner = producers.get(source.id);
      if (inner && transpose.is(inner)) {
        const innerPerm = inner.attrs.perm;
        notes.push(`%${inner.id} and %${node.id} are one transpose`);
        const perm = node.attrs.perm.map((axis) => must(innerPerm[axis], "axis"));
        return replaceNode(graph, node, { ...node, inputs: inner.inputs, attrs: { perm } });
      }
    }
    if (fullyConnected.is(node)) {
      const absorbed = absorbIntoWeights(graph, node, producers);
      if (absorbed) {
        notes.push(`%${node.id} takes its input in memory order: its weights are reordered`);
        return absorbed;
      }
    }
  }
  return graph;
}

/** True when the axes longer than 1 keep their order. */
function movesOnlyOnes(shape: Shape, perm: readonly number[]): boolean {
  const moved = perm.filter((axis) => (shape[axis] ?? 1) > 1);
  return moved.every((axis, i) => i === 0 || axis > (moved[i - 1] ?? -1));
}

function replaceNode(graph: Graph, old: Node, node: Node): Graph {
  return dropUnusedTensors({ ...graph, nodes: graph.nodes.map((other) => (other === old ? node : other)) });
}

/** fully_connected(reshape(transpose(x))) -> fully_connected(reshape(x)) with permuted weight columns. */
function absorbIntoWeights(graph: Graph, node: Node, producers: ReadonlyMap<TensorId, Node>): Graph | undefined {
  const flat = must(node.inputs[0], "input of a fully connected layer");
  const flatten = producers.get(flat);
  if (!flatten || !reshape.is(flatten)) return undefined;
  const source = must(flatten.inputs[0], "reshape input");
  const mover = producers.get(source);
  if (!mover || !transpose.is(mover)) return undefined;
  const weightsId = must(node.inputs[1], "weights");
  const weights = tensorOf(graph, weightsId);
  const moved = tensorOf(graph, must(mover.inputs[0], "transpose input"));
  if (!(weights.data instanceof Int8Array) || elementCount(moved.shape) !== weights.shape[1]) return undefined;

  const order = memoryOrder(moved.shape, mover.attrs.perm);
  const columns = order.length;
  const data = new Int8Array(weights.data.length);
  for (let row = 0; row < data.length; row += columns) {
    for (let i = 0; i < columns; i++) data[row + must(order[i], "column")] = must(weights.data[row + i], "weight");
  }
  const tensors = new Map(graph.tensors);
  const shared = (consumersOf(graph).get(weightsId)?.length ?? 0) > 1;
  const reordered: Tensor = { ...weights, id: shared ? freshTensorId(tensors, `${weightsId}_nhwc`) : weightsId, data };
  const input: Tensor = { ...tensorOf(graph, flat), id: freshTensorId(tensors, `${flat}_nhwc`) };
  tensors.set(reordered.id, reordered).set(input.id, input);
  const view: Node = { ...flatten, id: flatten.id, inputs: [moved.id], output: input.id };
  const isOnlyReader =
    consumersOf(graph).get(flat)?.length === 1 && !graph.outputs.some((port) => port.tensor === flat);
  const nodes = graph.nodes.flatMap((other): readonly Node[] => {
    if (other === flatten && isOnlyReader) return [view];
    if (other === node && isOnlyReader) return [{ ...node, inputs: [input.id, reordered.id, ...node.inputs.slice(2)] }];
    return [other];
  });
  return isOnlyReader ? dropUnusedTensors({ ...graph, nodes, tensors }) : undefined;
}

/** For each element in transposed order, its index in memory order. */
function memoryOrder(shape: Shape, perm: readonly number[]): readonly number[] {
  const strides = stridesOf(shape);
  const outShape = perm.map((axis) => must(shape[axis], "dim"));
  const outStrides = perm.map((axis) => must(strides[axis], "stride"));
  const order: number[] = [];
  const walk = (axis: number, index: number): void => {
    if (axis === outShape.length) {
      order.push(index);
      return;
    }
    for (let i = 0; i < (outShape[axis] ?? 1); i++) walk(axis + 1, index + i * (outStrides[axis] ?? 0));
  };
  walk(0, 0);
  return order;
}
