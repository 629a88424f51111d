/** Refuses to hand over rows of what has none. */
import { CompileError, type Diagnostic } from "../diagnostics.js";
import { type Graph, type Port, tensorOf } from "../ir/graph.js";
import { formatShape, rowCount } from "../ir/shape.js";
import type { PortOptions } from "./schedule.js";

/** Rows come from or go to one port, an int8 map of more than one row. */
export function checkPorts(graph: Graph, { input, output }: PortOptions): void {
  const diagnostics = [
    ...(input === "rows" ? checkRows(graph, graph.inputs, "input") : []),
    ...(output === "rows" ? checkRows(graph, graph.outputs, "output") : []),
  ];
  if (diagnostics.length > 0) throw new CompileError(diagnostics);
}

function checkRows(graph: Graph, ports: readonly Port[], what: "input" | "output"): readonly Diagnostic[] {
  if (ports.length !== 1) {
    return [
      {
        code: "LWC4003",
        kind: "error",
        message: `--rows ${what}: the model has ${ports.length} ${what}s (${ports.map(({ name }) => name).join(", ")}), rows can be those of one alone`,
        hint: `leave out --rows ${what}`,
      },
    ];
  }
  return ports.flatMap(({ tensor, name }): readonly Diagnostic[] => {
    const { shape, dtype } = tensorOf(graph, tensor);
    if (rowCount(shape) > 1 && dtype === "int8") return [];
    return [
      {
        code: "LWC4004",
        kind: "error",
        message: `--rows ${what}: expected int8 of a shape [1,H,W,C] with more than one row, "${name}" is ${dtype} ${formatShape(shape)}`,
        where: { tensor: name },
        hint: `leave out --rows ${what}`,
      },
    ];
  });
}
