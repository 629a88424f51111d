/** Turns ordered nodes into steps: asks each op for its kernel on this target. */
import { CompileError, type Diagnostic } from "../diagnostics.js";
import type { Graph, Node, TensorId } from "../ir/graph.js";
import { opOf } from "../ops/index.js";
import type { KernelContext } from "../ops/kernel.js";
import { viewOf } from "../ops/op.js";
import type { Order } from "./order-nodes.js";
import type { Schedule, Step } from "./schedule.js";

/** Collects the diagnostics of every node before it stops. */
export function chooseKernels(graph: Graph, order: Order, context: KernelContext): Schedule {
  const diagnostics: Diagnostic[] = [];
  const steps: Step[] = [];
  const owned = callerOwned(graph);
  order.nodes.forEach((node, index) => {
    try {
      steps.push(stepOf(graph, node, index, context, owned));
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      diagnostics.push(...error.diagnostics);
    }
  });
  if (diagnostics.length > 0) throw new CompileError(diagnostics);
  return { graph, steps };
}

function stepOf(graph: Graph, node: Node, index: number, context: KernelContext, owned: ReadonlySet<TensorId>): Step {
  const view = viewOf(graph, node);
  const op = opOf(node);
  const macs = op.macs(view);
  const source = node.inputs[0];
  if (op.isView?.(view) === true && source !== undefined && !(owned.has(source) && owned.has(node.output))) {
    return { index, node, macs, why: "the same bytes in the same order: nothing to do" };
  }
  const call = op.lower(view, context);
  return { index, node, call, macs, why: call.why };
}

/** Tensors that live in the caller's buffers: a view cannot join two of them, it must copy. */
function callerOwned(graph: Graph): ReadonlySet<TensorId> {
  const ends = new Set([...graph.inputs, ...graph.outputs].map((port) => port.tensor));
  // Through chains of views a tensor may share bytes with an end of the graph without being one itself.
  for (const node of [...graph.nodes, ...graph.nodes.slice().reverse()]) {
    const source = node.inputs[0];
    if (source === undefined || opOf(node).isView?.(viewOf(graph, node)) !== true) continue;
    if (ends.has(source) !== ends.has(node.output)) {
      ends.add(source);
      ends.add(node.output);
    }
  }
  return ends;
}
