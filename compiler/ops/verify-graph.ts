/** The verifier that runs after import and after every pass: structure, then each node against its operator. */
import { CompileError, type Diagnostic } from "../diagnostics.js";
import type { Attrs, AttrValue, Graph, Node } from "../ir/graph.js";
import { formatShape, sameShape } from "../ir/shape.js";
import { verifyStructure } from "../ir/verify.js";
import { findOp } from "./index.js";
import { type AttrSpec, type NodeView, type Op, viewOf } from "./op.js";

/** What is wrong with the graph; empty when nothing is. */
export function verifyGraph(graph: Graph): readonly Diagnostic[] {
  const structure = verifyStructure(graph);
  return structure.length > 0 ? structure : graph.nodes.flatMap((node) => verifyNode(graph, node));
}

function verifyNode(graph: Graph, node: Node): readonly Diagnostic[] {
  const op = findOp(node.kind);
  const name = node.origin.nodes[0] ?? node.id;
  const report = (message: string): Diagnostic => ({
    code: "LWC2011",
    kind: "error",
    message: `node %${node.id} (${node.kind}): ${message}`,
    where: { node: name },
  });
  if (!op) return [{ ...report("unknown operator"), code: "LWC2003" }];
  const view = viewOf(graph, node);
  const basic = [...verifyAttrs(op, node.attrs), ...verifyArity(op, view)];
  if (basic.length > 0) return basic.map(report);
  const problems = op.verify(view);
  if (problems.length > 0) return problems.map(report);
  try {
    const shape = op.inferShape(node.attrs, view.inputs);
    return sameShape(shape, view.output.shape)
      ? []
      : [report(`its output would be ${formatShape(shape)}, found ${formatShape(view.output.shape)}`)];
  } catch (error) {
    if (error instanceof CompileError) return error.diagnostics;
    throw error;
  }
}

function verifyArity(op: Op, view: NodeView): readonly string[] {
  const { activations, constants } = op.arity;
  const isConstant = view.inputs.map((tensor) => tensor.data !== undefined);
  const count = isConstant.filter((constant) => !constant).length;
  const problems: string[] = [];
  if (activations === "many" ? count < 1 : count !== activations)
    problems.push(`expected ${activations} activation inputs, found ${count}`);
  if (isConstant.slice(0, count).includes(true)) problems.push("activation inputs come first");
  const given = view.inputs.slice(count);
  const required = constants.filter((constant) => constant.optional !== true).length;
  if (given.length < required || given.length > constants.length)
    problems.push(`expected ${required} to ${constants.length} constants, found ${given.length}`);
  given.forEach((tensor, i) => {
    const expected = constants[i];
    if (expected && tensor.dtype !== expected.dtype)
      problems.push(`${expected.name}: expected ${expected.dtype}, found ${tensor.dtype}`);
  });
  return problems;
}

function verifyAttrs(op: Op, attrs: Attrs): readonly string[] {
  const problems: string[] = [];
  const specs = new Map(Object.entries(op.attrs));
  for (const [name, spec] of specs) {
    const value = attrs[name];
    if (value === undefined) problems.push(`attribute ${name} is missing`);
    else if (!fits(spec, value))
      problems.push(`attribute ${name}: expected ${spec.type}, found ${JSON.stringify(value)}`);
  }
  for (const name of Object.keys(attrs)) {
    if (!specs.has(name)) problems.push(`unknown attribute ${name}`);
  }
  return problems;
}

function fits(spec: AttrSpec, value: AttrValue): boolean {
  switch (spec.type) {
    case "int":
      return Number.isInteger(value);
    case "float":
      return typeof value === "number";
    case "bool":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string" && spec.values.includes(value);
    case "ints":
      return (
        typeof value === "object" &&
        value.every((v) => Number.isInteger(v)) &&
        (spec.length === undefined || value.length === spec.length)
      );
  }
}
