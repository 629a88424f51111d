/**
 * The first oracle: the graph run by plain loops, every tensor in memory of its own. What it says is right by definition
 * (docs/numerics.md); replay, the host build and QEMU must equal it byte for byte.
 */
import type { Numerics } from "../arith/numerics.js";
import { must } from "../diagnostics.js";
import type { Graph, Tensor, TensorId } from "../ir/graph.js";
import { tensorOf } from "../ir/graph.js";
import { elementCount } from "../ir/shape.js";
import { checkInputs } from "./check-inputs.js";
import { prepareNode, type Values } from "./run-node.js";

export interface Interpretation {
  /** In the order of graph.outputs. */
  readonly outputs: readonly Values[];
  /** Every activation of the graph, inputs included. */
  readonly values: ReadonlyMap<TensorId, Values>;
}

/** Runs one inference. `inputs` are int8, NHWC, in the order of graph.inputs. */
export function interpret(graph: Graph, numerics: Numerics, inputs: readonly Int8Array[]): Interpretation {
  return prepareInterpreter(graph, numerics)(inputs);
}

/** Does the set-up work once for many inferences. */
export function prepareInterpreter(graph: Graph, numerics: Numerics): (inputs: readonly Int8Array[]) => Interpretation {
  const steps = graph.nodes.map((node) => ({ node, run: prepareNode(graph, node, numerics) }));
  return (inputs) => {
    checkInputs(graph, inputs);
    const values = new Map<TensorId, Values>();
    graph.inputs.forEach((port, i) => {
      values.set(port.tensor, must(inputs[i], `input ${i}`));
    });
    const valueFor = (id: TensorId): Values => values.get(id) ?? must(tensorOf(graph, id).data, `value of %${id}`);
    for (const { node, run } of steps) {
      const output = allocate(tensorOf(graph, node.output));
      run(node.inputs.map(valueFor), output);
      values.set(node.output, output);
    }
    return { outputs: graph.outputs.map((port) => valueFor(port.tensor)), values };
  };
}

function allocate(tensor: Tensor): Values {
  const count = elementCount(tensor.shape);
  return tensor.dtype === "int8" ? new Int8Array(count) : new Int32Array(count);
}
