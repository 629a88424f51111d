/** Builds IR graphs in tests: activations and constants get ids of their own, shapes come from the ops. */
import type { Attrs, Graph, Node, Port, Tensor, TensorId } from "../../compiler/ir/graph.js";
import { makeNodeId, makeTensorId } from "../../compiler/ir/graph.js";
import { makeScale, makeZeroPoint, type Quant, type Storage } from "../../compiler/ir/quant.js";
import { elementCount, type Shape } from "../../compiler/ir/shape.js";
import { opOf } from "../../compiler/ops/index.js";

export interface QuantSpec {
  readonly scale?: number;
  readonly zero?: number;
  readonly storage?: Storage;
}

export function quant(spec: QuantSpec = {}): Quant {
  return {
    scales: [makeScale(spec.scale ?? 0.05, "test")],
    zeroPoint: makeZeroPoint(spec.zero ?? 0, "test"),
    storage: spec.storage ?? "int8",
  };
}

export class GraphBuilder {
  private readonly tensors = new Map<TensorId, Tensor>();
  private readonly nodes: Node[] = [];
  private readonly inputs: Port[] = [];
  private readonly outputs: Port[] = [];

  constructor(private readonly name = "net") {}

  input(shape: Shape, spec?: QuantSpec): TensorId {
    const id = makeTensorId(`in${this.inputs.length}`);
    this.tensors.set(id, { id, dtype: "int8", shape, quant: quant(spec), source: id });
    this.inputs.push(this.port(id, shape));
    return id;
  }

  weights(shape: Shape, data: ArrayLike<number>, scales: readonly number[] = [0.01], zero = 0): TensorId {
    const id = this.fresh("w");
    const all = scales.map((scale) => makeScale(scale, id));
    const q: Quant = {
      scales: all,
      ...(all.length > 1 ? { axis: 0 } : {}),
      zeroPoint: makeZeroPoint(zero, id),
      storage: "int8",
    };
    this.tensors.set(id, { id, dtype: "int8", shape, quant: q, data: Int8Array.from(data), source: id });
    return id;
  }

  bias(data: ArrayLike<number>): TensorId {
    const id = this.fresh("b");
    this.tensors.set(id, { id, dtype: "int32", shape: [data.length], data: Int32Array.from(data), source: id });
    return id;
  }

  /** An int32 constant of any shape. */
  indices(shape: Shape, data: ArrayLike<number>): TensorId {
    const id = this.fresh("i");
    this.tensors.set(id, { id, dtype: "int32", shape, data: Int32Array.from(data), source: id });
    return id;
  }

  node(kind: string, inputs: readonly TensorId[], attrs: Attrs, spec?: QuantSpec): TensorId {
    const id = this.fresh(kind);
    const base = { id: makeNodeId(id), kind, inputs, output: id, attrs, origin: { nodes: [id], label: kind } };
    const op = opOf(base);
    const shape = op.inferShape(
      attrs,
      inputs.map((input) => this.tensor(input)),
    );
    const like = this.tensor(inputs[0]!).quant;
    const tensor: Tensor =
      kind === "argmax"
        ? { id, dtype: "int32", shape, source: id }
        : { id, dtype: "int8", shape, quant: spec ? quant(spec) : like!, source: id };
    this.tensors.set(id, tensor);
    this.nodes.push(base);
    return id;
  }

  output(id: TensorId): this {
    this.outputs.push(this.port(id, this.tensor(id).shape));
    return this;
  }

  build(): Graph {
    return { name: this.name, tensors: this.tensors, nodes: this.nodes, inputs: this.inputs, outputs: this.outputs };
  }

  shapeOf(id: TensorId): Shape {
    return this.tensor(id).shape;
  }

  private tensor(id: TensorId): Tensor {
    const tensor = this.tensors.get(id);
    if (!tensor) throw new Error(`no tensor %${id}`);
    return tensor;
  }

  private fresh(stem: string): TensorId {
    return makeTensorId(`${stem}${this.tensors.size}`);
  }

  private port(id: TensorId, shape: Shape): Port {
    // ONNX order is NCHW for rank 4.
    const perm = shape.length === 4 ? [0, 3, 1, 2] : shape.map((_, axis) => axis);
    const onnx = perm.map((axis) => shape[axis]!);
    return { tensor: id, name: id, dtype: this.tensors.get(id)?.dtype ?? "int8", shape: onnx, perm };
  }
}

/** Deterministic test data: xorshift32 from a seed, values in [min, max]. */
export function randomInts(count: number, seed: number, min = -128, max = 127): number[] {
  let state = (seed * 2654435761) | 1;
  return Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return min + ((state >>> 0) % (max - min + 1));
  });
}

export function randomInputs(graph: Graph, seed: number): Int8Array[] {
  return graph.inputs.map((port, i) => Int8Array.from(randomInts(elementCount(port.shape), seed * 31 + i + 1)));
}
