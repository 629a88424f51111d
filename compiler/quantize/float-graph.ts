/** Questions about a float model, and small edits. */
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor } from "../frontend/onnx/onnx-model.js";
import type { Shape } from "../ir/shape.js";

/** A model whose every value has a known shape, and no node that computes on constants alone. */
export interface PreparedModel extends OnnxModel {
  /** Of every float activation: graph inputs and results of nodes. */
  readonly shapes: ReadonlyMap<string, Shape>;
}

export interface Links {
  /** Node that computes a value. */
  readonly producer: ReadonlyMap<string, OnnxNode>;
  /** Nodes that read a value; once each. */
  readonly consumers: ReadonlyMap<string, readonly OnnxNode[]>;
  /** Names of the graph outputs. */
  readonly outputs: ReadonlySet<string>;
}

export function linksOf(model: OnnxModel): Links {
  const producer = new Map<string, OnnxNode>();
  const consumers = new Map<string, OnnxNode[]>();
  for (const node of model.nodes) {
    for (const name of node.outputs) if (name !== "") producer.set(name, node);
    for (const name of new Set(node.inputs)) {
      const list = consumers.get(name);
      if (list) list.push(node);
      else consumers.set(name, [node]);
    }
  }
  return { producer, consumers, outputs: new Set(model.outputs.map((info) => info.name)) };
}

/** The only reader of a value that is no graph output. */
export function soleConsumer(links: Links, name: string): OnnxNode | undefined {
  const readers = links.consumers.get(name) ?? [];
  return readers.length === 1 && !links.outputs.has(name) ? readers[0] : undefined;
}

/** "Conv \"features.3.conv\"". */
export function nodeLabel(node: OnnxNode): string {
  return `${node.opType} "${node.name}"`;
}

export function makeNode(
  name: string,
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, OnnxAttribute>> = {},
): OnnxNode {
  return { name, opType, domain: "", inputs, outputs, attributes: new Map(Object.entries(attributes)) };
}

export function floatConstant(name: string, dims: Shape, data: Float32Array): OnnxTensor {
  return { name, dtype: "float32", dims, data };
}

/** Without nodes and constants that no graph output needs. */
export function dropUnused<T extends OnnxModel>(model: T): T {
  const needed = new Set(model.outputs.map((info) => info.name));
  const kept = model.nodes
    .slice()
    .reverse()
    .filter((node) => {
      const isNeeded = node.outputs.some((name) => needed.has(name));
      if (isNeeded) for (const name of node.inputs) needed.add(name);
      return isNeeded;
    })
    .reverse();
  return {
    ...model,
    nodes: kept,
    initializers: new Map([...model.initializers].filter(([name]) => needed.has(name))),
  };
}
