/** Gives a node new constants under the names of the old ones, or under new names where others read those too. */
import { freshTensorId } from "../ir/fresh-id.js";
import { type Graph, type Node, type Tensor, type TensorId, tensorOf } from "../ir/graph.js";
import type { PrunedConstant } from "../ops/op.js";

/** `constants`: in the order of the node's constant inputs; one more than it had is a bias. Adds them to `tensors`. */
export function replaceConstants(
  graph: Graph,
  consumers: ReadonlyMap<TensorId, readonly Node[]>,
  tensors: Map<TensorId, Tensor>,
  node: Node,
  constants: readonly PrunedConstant[],
): Node {
  const activations = node.inputs.filter((id) => tensorOf(graph, id).data === undefined);
  const ids = constants.map((constant, i) => {
    const old = node.inputs[activations.length + i];
    const shared = old === undefined || (consumers.get(old)?.length ?? 0) > 1;
    const id = shared ? freshTensorId(tensors, `${node.id}_c${i}`) : old;
    const base = old === undefined ? { source: `bias of ${node.id}` } : { source: tensorOf(graph, old).source };
    const dtype = constant.data instanceof Int8Array ? ("int8" as const) : ("int32" as const);
    const quant = constant.quant ? { quant: constant.quant } : {};
    tensors.set(id, { id, dtype, shape: constant.shape, data: constant.data, ...base, ...quant });
    return id;
  });
  return { ...node, inputs: [...activations, ...ids] };
}
