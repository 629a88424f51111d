/**
 * The graph: the meaning of a network. Tensors with shape, quantization and constant data; nodes in topological order.
 * Says nothing of order in time beyond that, of memory, or of kernels. Readonly throughout: a pass returns a new graph
 * and shares what it did not change.
 *
 * A node is generic here (`kind` and `attrs`); what a kind means lives in compiler/ops/<kind>.ts.
 */
import { must } from "../diagnostics.js";
import type { Quant } from "./quant.js";
import { elementCount, type Shape } from "./shape.js";

declare const brand: unique symbol;
/** Unique within a graph and a legal `.lwir` name: [A-Za-z_][A-Za-z0-9_.]* */
export type TensorId = string & { readonly [brand]: "TensorId" };
/** Unique within a graph, same alphabet. */
export type NodeId = string & { readonly [brand]: "NodeId" };

export type DType = "int8" | "int32";

export interface Tensor {
  readonly id: TensorId;
  readonly dtype: DType;
  /** NHWC where the rank is 4. */
  readonly shape: Shape;
  /** Absent for int32 tensors: biases, and the indices that ArgMax yields. */
  readonly quant?: Quant;
  /** Present exactly when the tensor is constant. */
  readonly data?: Int8Array | Int32Array;
  /** Name in the model file, for reports; anything at all may stand in it. */
  readonly source: string;
}

export type AttrValue = number | string | boolean | readonly number[];
export type Attrs = Readonly<Record<string, AttrValue>>;

export interface Origin {
  /** ONNX node names that this node stands for; anything at all may stand in them. */
  readonly nodes: readonly string[];
  /** What they were, as "Conv + Relu". */
  readonly label: string;
  /** Set where ONNX Runtime computes this in float: the reason, for the report. */
  readonly island?: string;
}

export interface Node<A extends Attrs = Attrs> {
  readonly id: NodeId;
  readonly kind: string;
  /** Activations first, then constants, in the order that the op documents. */
  readonly inputs: readonly TensorId[];
  readonly output: TensorId;
  readonly attrs: A;
  readonly origin: Origin;
}

/** A graph input or output as the model's author knows it. */
export interface Port {
  readonly tensor: TensorId;
  /** Name in the model file. */
  readonly name: string;
  /** Element type at the model's boundary: float32 where a QuantizeLinear or DequantizeLinear stood there. */
  readonly dtype: "float32" | "int8" | "uint8" | "int32" | "int64";
  /** Shape in the model file (NCHW), batch 1. */
  readonly shape: Shape;
  /** `perm[i]` is the IR axis of ONNX axis i: [0,3,1,2] for NCHW stored as NHWC. */
  readonly perm: readonly number[];
}

export interface Graph {
  readonly name: string;
  readonly tensors: ReadonlyMap<TensorId, Tensor>;
  /** Topologically ordered: a node comes after the nodes that make its inputs. */
  readonly nodes: readonly Node[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

const legalId = /^[A-Za-z_][A-Za-z0-9_.]*$/;

export function makeTensorId(text: string): TensorId {
  must(legalId.exec(text), `legal tensor id instead of "${text}"`);
  return text as TensorId; // checked above
}

export function makeNodeId(text: string): NodeId {
  must(legalId.exec(text), `legal node id instead of "${text}"`);
  return text as NodeId; // checked above
}

export function tensorOf(graph: Graph, id: TensorId): Tensor {
  return must(graph.tensors.get(id), `tensor %${id}`);
}

/** Bytes of a tensor in C: int8 or int32. */
export function tensorBytes({ shape, dtype }: Pick<Tensor, "shape" | "dtype">): number {
  return elementCount(shape) * (dtype === "int8" ? 1 : 4);
}

/** Nodes that read each tensor, in order; a node that reads it twice appears twice. */
export function consumersOf(graph: Graph): ReadonlyMap<TensorId, readonly Node[]> {
  const consumers = new Map<TensorId, Node[]>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      const list = consumers.get(input);
      if (list) list.push(node);
      else consumers.set(input, [node]);
    }
  }
  return consumers;
}

export function producersOf(graph: Graph): ReadonlyMap<TensorId, Node> {
  return new Map(graph.nodes.map((node) => [node.output, node]));
}
