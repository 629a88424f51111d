/** Turns ordered nodes into steps: asks each op for its kernel on this target, and puts tables into the kernels before them. */
import { CompileError, type Diagnostic, must } from "../diagnostics.js";
import { consumersOf, type Graph, type Node, producersOf, type Tensor, type TensorId } from "../ir/graph.js";
import { rowCount, rowLength } from "../ir/shape.js";
import { priceOf } from "../ops/choose-kernel.js";
import { opOf } from "../ops/index.js";
import { isOverInput, type KernelCall, type KernelContext, needsPaddingRow, rowsPerCall } from "../ops/kernel.js";
import { lookup, tableOfLookup } from "../ops/lookup.js";
import { type NodeView, viewOf } from "../ops/op.js";
import { runsOfRows } from "../ops/runs-of-rows.js";
import type { Order } from "./order-nodes.js";
import type { Schedule, SlotOverlap, Step } from "./schedule.js";

/** Collects the diagnostics of every node before it stops. */
export function chooseKernels(graph: Graph, order: Order, context: KernelContext): Schedule {
  const diagnostics: Diagnostic[] = [];
  const steps: Step[] = [];
  const copied = copiedViews(graph);
  const tables = tablesBehind(graph);
  const done = new Set<Node>();
  for (const node of order.nodes) {
    if (done.has(node)) continue;
    try {
      const step = stepOf(graph, node, steps.length, context, copied.has(node));
      const tabled = withTable(graph, step, tables.get(node), context);
      if (tabled.epilogue) done.add(tabled.epilogue);
      steps.push(tabled);
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      diagnostics.push(...error.diagnostics);
    }
  }
  if (diagnostics.length > 0) throw new CompileError(diagnostics);
  return { graph, steps: context.optimize === "size" ? steps : keepPadding(steps), streams: [], parts: new Map() };
}

/**
 * Rows of padding as constants: one for each value, as long as the longest row that it stands for. They cost a row of flash
 * and neither RAM nor the time to fill them; where flash is the goal, scratch memory holds them.
 */
function keepPadding(steps: readonly Step[]): readonly Step[] {
  const rows = new Map<number, Int8Array>();
  for (const { drive } of steps.flatMap(({ call, byRows }) => [call, byRows]).filter(isPadded)) {
    if (drive.kind !== "rows") continue;
    const { padValue, inRowBytes } = drive;
    if (inRowBytes > (rows.get(padValue)?.length ?? 0)) rows.set(padValue, new Int8Array(inRowBytes).fill(padValue));
  }
  const withPadding = (call: KernelCall): KernelCall => {
    if (!isPadded(call) || call.drive.kind !== "rows") return call;
    const data = must(rows.get(call.drive.padValue), "padding row");
    const comment = `a row of ${call.drive.padValue}, which stands for rows outside the input`;
    return { ...call, padding: { name: "padding", data, align: 4, comment, role: "table" } };
  };
  return steps.map(
    (step): Step => ({
      ...step,
      ...(step.call ? { call: withPadding(step.call) } : {}),
      ...(step.byRows ? { byRows: withPadding(step.byRows) } : {}),
    }),
  );
}

function isPadded(call: KernelCall | undefined): call is KernelCall {
  return call?.drive.kind === "rows" && needsPaddingRow(call);
}

function stepOf(graph: Graph, node: Node, index: number, context: KernelContext, copies: boolean): Step {
  const view = viewOf(graph, node);
  const op = opOf(node);
  const macs = op.macs(view);
  if (op.isView?.(view) === true && !copies) {
    const why = "the same bytes in the same order: nothing to do";
    return { index, node, output: node.output, macs, why };
  }
  const call = op.lower(view, context);
  const byRows = rowForm(view, call, context, op.lower);
  return { index, node, output: node.output, call, macs, why: call.why, ...(byRows ? { byRows } : {}) };
}

/** The lookup behind each node whose output it alone reads. */
function tablesBehind(graph: Graph): ReadonlyMap<Node, Node> {
  const producers = producersOf(graph);
  const consumers = consumersOf(graph);
  const outputs = new Set(graph.outputs.map((port) => port.tensor));
  return new Map(
    graph.nodes.flatMap((node): readonly (readonly [Node, Node])[] => {
      if (!lookup.is(node)) return [];
      const source = must(node.inputs[0], "input");
      const before = producers.get(source);
      if (!before || outputs.has(source) || consumers.get(source)?.length !== 1) return [];
      return [[before, node]];
    }),
  );
}

/** The step with the table of the lookup behind it in its kernel, where that is cheaper than a step of its own. */
function withTable(graph: Graph, step: Step, node: Node | undefined, context: KernelContext): Step {
  const { call, byRows } = step;
  const { lowerTabled } = opOf(step.node);
  if (node === undefined || call === undefined || lowerTabled === undefined) return step;
  const view = viewOf(graph, step.node);
  const behind = viewOf(graph, node);
  const lower: Lower = (one, how) => lowerTabled(one, tableOfLookup(behind), how);
  const tabled = lower(view, context);
  const tabledRows = tabled && rowForm(view, tabled, context, lower);
  if (tabled === undefined || (byRows !== undefined && tabledRows === undefined)) return step;
  const { optimize } = context;
  const apart = opOf(node).lower(behind, context);
  const [together, separate] = [priceOf(tabled, optimize), priceOf(call, optimize) + priceOf(apart, optimize)];
  const unit = optimize === "size" ? "bytes of flash" : "modelled cycles, code included,";
  const costs = `${Math.round(together)} ${unit} against ${Math.round(separate)} with ${apart.kernel} behind ${call.kernel}`;
  if (together > separate) return { ...step, why: `${step.why}; a table of the results would take ${costs}` };
  const explained = (one: KernelCall): KernelCall => ({
    ...one,
    why: `${one.why}; each result goes through the table of what is behind: ${costs}`,
  });
  const { index, macs } = step;
  const kernel = explained(tabled);
  const rows = tabledRows ? { byRows: explained(tabledRows) } : {};
  return { index, node: step.node, epilogue: node, output: node.output, call: kernel, macs, why: kernel.why, ...rows };
}

type Lower = (view: NodeView, context: KernelContext) => KernelCall | undefined;

/** The same work row by row, where the call itself is not driven so and the operator can be. */
function rowForm(view: NodeView, call: KernelCall, context: KernelContext, lower: Lower): KernelCall | undefined {
  const { accumulation } = opOf(view.node);
  if (accumulation?.fits(view) === true) return accumulation.lower(view, context);
  return rowsPerCall(call) > 1 ? lower(view, { ...context, mostRows: 1 }) : cutIntoRows(view, call, context, lower);
}

/**
 * The work of a step several rows at a time, no more than `mostRows`, or `rowsOverInput` (see KernelContext), where some kernel does so
 * and is the best choice.
 */
export function callOfBlocks(graph: Graph, step: Step, context: KernelContext): KernelCall | undefined {
  if (context.rowsOverInput !== undefined) return callOverInput(graph, step, context);
  const { byRows } = step;
  // What makes several rows has a form that makes one (rowForm).
  if (byRows?.drive.kind !== "rows") return undefined;
  const call = lowerStep(graph, step, viewOf(graph, step.node), context);
  if (call === undefined || rowsPerCall(call) === 1) return undefined;
  return { ...call, ...(byRows.padding ? { padding: byRows.padding } : {}) };
}

/** The kernel of a step for a view of its node, through the table of its epilogue where it has one. */
function lowerStep(
  graph: Graph,
  { node, epilogue }: Step,
  view: NodeView,
  context: KernelContext,
): KernelCall | undefined {
  const op = opOf(node);
  if (epilogue === undefined) return op.lower(view, context);
  return op.lowerTabled?.(view, tableOfLookup(viewOf(graph, epilogue)), context);
}

/** The same over the input, `rowsOverInput` rows at a time (see KernelContext); undefined where no kernel does that. */
function callOverInput(graph: Graph, step: Step, context: KernelContext): KernelCall | undefined {
  const { call, byRows } = step;
  const rows = context.rowsOverInput ?? 1;
  const view = viewOf(graph, step.node);
  const rowKernel = byRows ?? call;
  if (rowKernel?.drive.kind === "rows") {
    const found = lowerStep(graph, step, view, context);
    if (found === undefined || !isOverInput(found)) return undefined;
    return { ...found, ...(rowKernel.padding ? { padding: rowKernel.padding } : {}) };
  }
  const [source, ...others] = view.inputs;
  if (byRows?.drive.kind !== "runs" || source === undefined || others.some(({ data }) => !data)) return undefined;
  const { output } = view;
  const all = rowCount(output.shape);
  const image = { ...view, inputs: [ofRows(source, rows), ...others], output: ofRows(output, rows) };
  const many = lowerStep(graph, step, image, { ...context, repeats: all / rows });
  const [inRowBytes, outRowBytes] = [rowLength(source.shape), rowLength(output.shape)];
  return many && runsOfRows(many, { rows, inRowBytes, outRowBytes, all });
}

/** The kernel of a node that moves values, row by row; undefined where it cannot be cut into rows. */
export function lowerByRow(view: NodeView, context: KernelContext): KernelCall | undefined {
  const { lower } = opOf(view.node);
  return cutIntoRows(view, lower(view, context), context, lower);
}

/** A flat kernel over one row at a time: the operator lowered for an image of one row, called for each. */
function cutIntoRows(view: NodeView, call: KernelCall, context: KernelContext, lower: Lower): KernelCall | undefined {
  const { output } = view;
  const rows = rowCount(output.shape);
  if (call.drive.kind !== "flat" || rows === 1) return undefined;
  const op = opOf(view.node);
  const uses = view.inputs.map((tensor, i) => (tensor.data ? undefined : op.rows(view, i).kind));
  if (uses.includes("window") || !uses.includes("same")) return undefined;
  const inputs = view.inputs.map((tensor, i) => (uses[i] === "same" ? ofRows(tensor, 1) : tensor));
  const row = lower({ ...view, inputs, output: ofRows(output, 1) }, { ...context, repeats: rows });
  if (row?.drive.kind !== "flat") return undefined;
  const inRowBytes = view.inputs.flatMap((tensor, i) =>
    uses[i] === undefined ? [] : [uses[i] === "same" ? rowLength(tensor.shape) : 0],
  );
  return { ...row, drive: { kind: "runs", rows, inRowBytes, outRowBytes: rowLength(output.shape) } };
}

function ofRows(tensor: Tensor, rows: number): Tensor {
  return { ...tensor, shape: tensor.shape.map((dim, axis) => (axis === 1 ? rows : dim)) };
}

/** The steps as the plan of the arena has them run: backward where an output lies behind its input. */
export function orderRows(schedule: Schedule, overlaps: readonly SlotOverlap[]): Schedule {
  const backward = new Set(overlaps.flatMap((overlap) => (overlap.backward ? [overlap.step] : [])));
  const steps = schedule.steps.map((step): Step => {
    if (!backward.has(step.index)) return step;
    // A block of rows runs backward as it is, a flat kernel row by row.
    const call = step.call?.drive.kind === "flat" ? step.byRows : step.call;
    const why = `${step.why}; rows from the last to the first, over the input`;
    return { ...step, why, backward: true, ...(call ? { call } : {}) };
  });
  return { ...schedule, steps };
}

/** Views that have to copy: they join two tensors which the caller has buffers for, directly or through other views. */
function copiedViews(graph: Graph): ReadonlySet<Node> {
  const parent = new Map<TensorId, TensorId>();
  const root = (start: TensorId): TensorId => {
    let id = start;
    for (let up = parent.get(id); up !== undefined; up = parent.get(id)) id = up;
    return id;
  };
  // Of each root, whether an end of the graph is among the tensors that share its bytes.
  const ends = new Set([...graph.inputs, ...graph.outputs].map((port) => port.tensor));
  const copied = new Set<Node>();
  for (const node of graph.nodes) {
    const source = node.inputs[0];
    if (source === undefined || opOf(node).isView?.(viewOf(graph, node)) !== true) continue;
    const [from, to] = [root(source), root(node.output)];
    if (ends.has(from) && ends.has(to)) copied.add(node);
    else {
      parent.set(to, from);
      if (ends.has(to)) ends.add(from);
    }
  }
  return copied;
}
