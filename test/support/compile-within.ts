/** Compiles within limits of RAM that may be too tight. */
import { type BackEndOptions, compileGraph } from "../../compiler/compile-graph.js";
import { CompileError } from "../../compiler/diagnostics.js";
import type { Graph } from "../../compiler/ir/graph.js";
import type { Program } from "../../compiler/schedule/schedule.js";
import type { Target } from "../../compiler/targets.js";

/** Where `ram` is refused, within the bytes that the refusal says are needed: these must do. */
export function compileWithin(graph: Graph, target: Target, options: BackEndOptions): Program {
  try {
    return compileGraph(graph, target, options);
  } catch (error) {
    const needed = neededBytes(error);
    if (needed === undefined) throw error;
    return compileGraph(graph, target, { ...options, ram: needed });
  }
}

/** What LWC4005 says that it takes. */
function neededBytes(error: unknown): number | undefined {
  if (!(error instanceof CompileError)) return undefined;
  const refusal = error.diagnostics.find(({ code }) => code === "LWC4005");
  const bytes = /needs (\d+) bytes/.exec(refusal?.message ?? "")?.[1];
  return bytes === undefined ? undefined : Number(bytes);
}
