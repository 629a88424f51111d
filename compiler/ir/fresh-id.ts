/** Names for the tensors that passes add. */
import { makeTensorId, type Tensor, type TensorId } from "./graph.js";

/** `wish`, or `wish_1`, `wish_2`, ... where that is taken. */
export function freshTensorId(tensors: ReadonlyMap<TensorId, Tensor>, wish: string): TensorId {
  let id = makeTensorId(wish);
  for (let i = 1; tensors.has(id); i++) id = makeTensorId(`${wish}_${i}`);
  return id;
}
