/** Refuses input buffers that do not fit the graph. */
import { CompileError, type Diagnostic } from "../diagnostics.js";
import { type Graph, tensorOf } from "../ir/graph.js";
import { elementCount, formatShape } from "../ir/shape.js";

export function checkInputs(graph: Graph, inputs: readonly Int8Array[]): void {
  const diagnostics: Diagnostic[] = [];
  if (inputs.length !== graph.inputs.length) {
    diagnostics.push({
      code: "LWC2201",
      kind: "error",
      message: `expected ${graph.inputs.length} inputs (${graph.inputs.map((p) => p.name).join(", ")}), found ${inputs.length}`,
    });
  }
  graph.inputs.forEach((port, i) => {
    const shape = tensorOf(graph, port.tensor).shape;
    const found = inputs[i]?.length;
    if (found !== undefined && found !== elementCount(shape)) {
      diagnostics.push({
        code: "LWC2202",
        kind: "error",
        message: `input "${port.name}": expected ${elementCount(shape)} values ${formatShape(shape)}, found ${found}`,
        where: { tensor: port.name },
      });
    }
  });
  if (diagnostics.length > 0) throw new CompileError(diagnostics);
}
