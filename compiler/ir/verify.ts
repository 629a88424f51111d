/** Structural verifier: what holds for every graph, whatever its operators mean. */
import type { Diagnostic } from "../diagnostics.js";
import type { Graph, Port, Tensor, TensorId } from "./graph.js";
import { elementCount, formatShape } from "./shape.js";

/** What is wrong with the graph's structure; empty when nothing is. */
export function verifyStructure(graph: Graph): readonly Diagnostic[] {
  const problems: Diagnostic[] = [];
  const report = (message: string, tensor?: string): void => {
    problems.push({ code: "LWC2010", kind: "error", message, ...(tensor === undefined ? {} : { where: { tensor } }) });
  };
  for (const [id, tensor] of graph.tensors) {
    if (id !== tensor.id) report(`tensor %${tensor.id} is filed under %${id}`, id);
    for (const problem of verifyTensor(tensor)) report(`tensor %${id}: ${problem}`, tensor.source);
  }
  verifyOrder(graph, report);
  if (graph.outputs.length === 0) report("the graph has no outputs");
  for (const port of [...graph.inputs, ...graph.outputs]) {
    const problem = verifyPort(graph, port);
    if (problem !== undefined) report(`port "${port.name}": ${problem}`, port.name);
  }
  return problems;
}

function verifyTensor(tensor: Tensor): readonly string[] {
  const problems: string[] = [];
  const { shape, data, dtype, quant } = tensor;
  if (shape.some((dim) => !Number.isInteger(dim) || dim < 1))
    problems.push(`shape ${formatShape(shape)} has a dimension that is no positive integer`);
  if (data && data.length !== elementCount(shape))
    problems.push(`${data.length} values for shape ${formatShape(shape)}`);
  if (data && data instanceof Int8Array !== (dtype === "int8")) problems.push(`data is not ${dtype}`);
  if (dtype === "int8" && !quant) problems.push("int8 without scale and zero point");
  if (quant && quant.scales.length !== 1) {
    const axis = quant.axis ?? -1;
    if (!data) problems.push("an activation with more than one scale");
    if (shape[axis] !== quant.scales.length)
      problems.push(`${quant.scales.length} scales along axis ${axis} of ${formatShape(shape)}`);
  }
  return problems;
}

/** Each node reads what exists when it runs, and every tensor has one producer. */
function verifyOrder(graph: Graph, report: (message: string) => void): void {
  const made = new Set<TensorId>(graph.inputs.map((port) => port.tensor));
  const nodeIds = new Set<string>();
  for (const node of graph.nodes) {
    if (nodeIds.has(node.id)) report(`node id %${node.id} occurs twice`);
    nodeIds.add(node.id);
    for (const input of node.inputs) {
      const tensor = graph.tensors.get(input);
      if (!tensor) report(`node %${node.id} reads %${input}, which does not exist`);
      else if (!tensor.data && !made.has(input))
        report(`node %${node.id} reads %${input} before it is made: the order is wrong or there is a cycle`);
    }
    const output = graph.tensors.get(node.output);
    if (!output) report(`node %${node.id} writes %${node.output}, which does not exist`);
    else if (output.data) report(`node %${node.id} writes the constant %${node.output}`);
    if (made.has(node.output)) report(`%${node.output} is written twice`);
    made.add(node.output);
  }
  for (const port of graph.outputs) {
    if (graph.tensors.has(port.tensor) && !made.has(port.tensor))
      report(`output "${port.name}" (%${port.tensor}) is never made`);
  }
}

function verifyPort(graph: Graph, port: Port): string | undefined {
  const tensor = graph.tensors.get(port.tensor);
  if (!tensor) return `refers to %${port.tensor}, which does not exist`;
  const axes = port.perm.slice().sort((a, b) => a - b);
  if (axes.length !== tensor.shape.length || !axes.every((axis, i) => axis === i))
    return `perm ${formatShape(port.perm)} is no permutation of ${tensor.shape.length} axes`;
  const agrees =
    port.perm.length === port.shape.length && port.perm.every((axis, i) => tensor.shape[axis] === port.shape[i]);
  return agrees
    ? undefined
    : `shape ${formatShape(port.shape)} is not ${formatShape(tensor.shape)} under perm ${formatShape(port.perm)}`;
}
