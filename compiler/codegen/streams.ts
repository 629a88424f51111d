/**
 * Streams as C: one function per stream, a loop in which the layer nearest the output that can make its next row makes it. Its
 * counters say how many rows of each layer there are; a ring is indexed by the row number modulo its length.
 */
import { invariant, must } from "../diagnostics.js";
import { type TensorId, tensorOf } from "../ir/graph.js";
import { rowLength } from "../ir/shape.js";
import {
  type Drive,
  fillsPaddingRow,
  keptRows,
  kernelScratchOffset,
  needsPaddingRow,
  passesCount,
  rowsPerCall,
  windowOfCall,
} from "../ops/kernel.js";
import { lastRow, windowOfRows } from "../ops/row-window.js";
import { type RowInput, type RowStep, streamSteps } from "../schedule/row-plan.js";
import type { Program, Step, Stream } from "../schedule/schedule.js";
import { partsUsed } from "./arena-names.js";
import type { Bindings, RowTable } from "./bindings.js";
import { commentText, wrapText } from "./c-comment.js";
import { callText, maxColumns } from "./c-literal.js";
import { passesRow } from "./instance-view.js";
import { kernelInputs } from "./kernel-inputs.js";
import { tableType } from "./row-address.js";
import { lastRowText, windowRowText } from "./row-text.js";
import { behind, partTrace, stepShapes, stepTitle } from "./step-text.js";
import type { RowTableView, StreamStepView, StreamView, WindowBranch, WindowView } from "./view.js";

export function streamName(bindings: Bindings, stream: Stream): string {
  return `${bindings.prefix}_rows_${stream.first}_to_${stream.last}`;
}

/** What a stream is given: the arena, what it remembers from row to row, the caller's buffers and functions that it uses. */
export function streamArguments(program: Program, bindings: Bindings, stream: Stream): readonly string[] {
  return parametersOf(program, bindings, stream).map(({ argument }) => argument);
}

interface Parameter {
  readonly declaration: string;
  readonly argument: string;
}

function parametersOf(program: Program, bindings: Bindings, stream: Stream): readonly Parameter[] {
  const ports = new Map(portsOf(program, bindings, stream).map((port) => [port.name, port]));
  return [
    ...partsUsed(program, stepsOf(program, stream)).map((name) => ({ declaration: `int8_t *${name}`, argument: name })),
    ...(stream.fed === undefined ? [] : [{ declaration: "int32_t *made", argument: "ctx->made" }]),
    ...Array.from(ports.values(), ({ name, cType, direction }) => ({
      declaration: `${direction === "input" ? "const " : ""}${cType} *${name}`,
      argument: name,
    })),
    ...(handsOver(program, stream)
      ? [
          { declaration: "lwc_row_sink sink", argument: "sink" },
          { declaration: "void *user", argument: "user" },
        ]
      : []),
  ];
}

/** True where the stream makes an output that the caller gets row by row. */
export function handsOver(program: Program, stream: Stream): boolean {
  return stepsOf(program, stream).some((step) => isHandedOver(program, step.output));
}

/** True for an output that the caller gets row by row. */
export function isHandedOver({ graph, options }: Program, id: TensorId): boolean {
  return options.output === "rows" && graph.outputs.some((port) => port.tensor === id);
}

export function streamView(program: Program, bindings: Bindings, stream: Stream, trace: boolean): StreamView {
  const rows = streamSteps(program.schedule, stream);
  const parameters = parametersOf(program, bindings, stream).map(({ declaration }) => declaration);
  const isFed = stream.fed !== undefined;
  return {
    range: `${stream.first} to ${stream.last}`,
    tables: Array.from(bindings.rowTables).flatMap(([id, table]) =>
      stream.pool.rows.has(id) ? [tableView(program, id, table)] : [],
    ),
    signature: callText("", `static void ${streamName(bindings, stream)}`, parameters, ""),
    counters: rows.flatMap((row, i) => [
      { declaration: `${row.step ? "" : "const "}int32_t ${counterOf(row)}`, start: isFed ? `made[${i}]` : "0" },
      ...(varies(row)
        ? [{ declaration: `int32_t ${endOf(row)}`, start: isFed ? firstEnd(row) : String(row.first) }]
        : []),
    ]),
    // The layer nearest the output comes first.
    steps: rows
      .flatMap((row) =>
        row.step ? [streamStep(program, bindings, stream, rows, { ...row, step: row.step }, trace)] : [],
      )
      .reverse(),
    saves: isFed ? rows.flatMap((row, i) => (row.step ? [`made[${i}] = ${counterOf(row)};`] : [])) : [],
  };
}

function tableView({ graph }: Program, id: TensorId, { name, offsets }: RowTable): RowTableView {
  const source = commentText(tensorOf(graph, id).source || id, 60);
  return {
    comment: `Where in the arena the rows of ${source} lie.`,
    declaration: `static const ${tableType(offsets)} ${name}[${offsets.length}]`,
    body: wrapText(`${offsets.join(", ")},`, maxColumns - 4)
      .map((line) => `    ${line}`)
      .join("\n"),
  };
}

function counterOf({ step }: RowStep): string {
  return step ? `y${step.index}` : "fed";
}

/** True where not all blocks of rows have one length: a variable then says where the next one ends. */
function varies({ rows, block, first }: RowStep): boolean {
  return first !== block || rows % block !== 0;
}

function endOf({ step }: RowStep): string {
  return `end${must(step, "step").index}`;
}

/** The end of a block of rows that starts at `from`, no first one. */
function nextEnd({ rows, block }: RowStep, from: string): string {
  return `(${from} > ${rows - block}) ? ${rows} : (${from} + ${block})`;
}

function firstEnd(row: RowStep): string {
  const counter = counterOf(row);
  return `(${counter} == 0) ? ${row.first} : (${nextEnd(row, counter)})`;
}

function stepsOf(program: Program, stream: Stream): readonly Step[] {
  return program.schedule.steps.slice(stream.first, stream.last + 1);
}

/** Activations that the steps of a stream read and write. */
function tensorsOf(program: Program, stream: Stream): readonly TensorId[] {
  return stepsOf(program, stream).flatMap((step) => [...kernelInputs(program.graph, step), step.output]);
}

function portsOf(program: Program, bindings: Bindings, stream: Stream): Bindings["ports"] {
  const outside = tensorsOf(program, stream).filter((id) => program.arena.places.get(id)?.kind !== "arena");
  const names = new Set(outside.map((id) => bindings.pointer(id)));
  return bindings.ports.filter((port) => !port.inArena && names.has(port.name));
}

function streamStep(
  program: Program,
  bindings: Bindings,
  stream: Stream,
  rows: readonly RowStep[],
  row: RowStep & { readonly step: Step },
  trace: boolean,
): StreamStepView {
  const { graph } = program;
  const { step, inputs, rows: count, block } = row;
  const { call } = step;
  const counter = counterOf(row);
  const rowBytes = rowLength(tensorOf(graph, step.output).shape);
  const common = {
    head: step.index === stream.last ? "if" : "} else if",
    title: `---- step ${step.index}: ${stepTitle(step)}  ${stepShapes(graph, step)} ----`,
    ready: readyText(rows, row),
  };
  if (call === undefined) {
    // Every part of the row was written to its place.
    const args = [String(step.index), bindings.rowPointer(step.output, counter), `${rowBytes}u`];
    return {
      ...common,
      counts: [`${counter} += 1;`],
      window: undefined,
      call: "",
      trace: trace ? traceText(args, "") : "",
      handOver: "",
    };
  }
  invariant(block === 1 || !isHandedOver(program, step.output), "rows that are handed over are made one by one");
  const end = varies(row) ? endOf(row) : undefined;
  const told = passesCount(call) && block > 1 ? [end === undefined ? String(block) : `${end} - ${counter}`] : [];
  const isSum = call.drive.kind === "accumulate";
  const out = isSum ? bindings.pointer(step.output) : bindings.rowPointer(step.output, counter);
  const state = isSum
    ? [`(int32_t *)(void *)${bindings.state(step.index)}`]
    : keptRows(call.drive) > 0
      ? [bindings.state(step.index)]
      : [];
  const scratch = call.scratchBytes > 0 ? [scratchPointer(bindings, step, kernelScratchOffset(call))] : [];
  const { drive } = call;
  const sources =
    drive.kind === "rows"
      ? ["rows"]
      : inputs
          .filter(({ tensor }) => step.rest?.inputs.includes(tensor) ?? true)
          .map(({ tensor, use }) =>
            use.kind === "all" ? bindings.pointer(tensor) : bindings.rowPointer(tensor, counter),
          );
  const bytes = end === undefined ? `${block * rowBytes}u` : `(uint32_t)((${end} - ${counter}) * ${rowBytes})`;
  const part = program.schedule.parts.get(step.output);
  return {
    ...common,
    counts:
      end === undefined ? [`${counter} += ${block};`] : [`${counter} = ${end};`, `${end} = ${nextEnd(row, end)};`],
    window: drive.kind === "rows" ? windowView(bindings, must(inputs[0], "input"), row, drive) : undefined,
    call: callText(
      "            ",
      bindings.instances.nameOf(step),
      [
        ...sources,
        ...(passesRow(call) ? [counter] : []),
        ...told,
        ...bindings.constants.namesOf(step),
        behind(out, step.rest?.start ?? 0),
        ...state,
        ...scratch,
      ],
      ";",
    ),
    trace: !trace
      ? ""
      : part
        ? partTrace(" ".repeat(12), step, part, { pointer: out, bytes: rowBytes })
        : traceText([String(step.index), out, bytes], isSum ? `${counter} == ${count - 1}` : ""),
    handOver: isHandedOver(program, step.output) ? `            sink(user, ${counter}, ${out});` : "",
  };
}

/** The trace of a row that was made, or, where there is a condition, of what is whole when that holds. */
function traceText(args: readonly string[], condition: string): string {
  const indent = " ".repeat(12);
  if (condition === "") return callText(indent, "lwc_trace", args, ";");
  return `${indent}if (${condition}) {\n${callText(`${indent}    `, "lwc_trace", args, ";")}\n${indent}}`;
}

/** "(y2 < 24) && ((y1 == 48) || (y1 >= ((y2 * 2) + 2)))" */
function readyText(rows: readonly RowStep[], row: RowStep): string {
  const { inputs, rows: count, block } = row;
  const counter = counterOf(row);
  const last = varies(row) ? `(${endOf(row)} - 1)` : block === 1 ? counter : `(${counter} + ${block - 1})`;
  const conditions = inputs.flatMap(({ use, producer, rows: available }): readonly string[] => {
    if (producer === undefined) return [];
    const made = counterOf(must(rows[producer], "producer"));
    if (use.kind === "same") return [`(${made} > ${last})`];
    if (use.kind === "all") return [`(${made} == ${available})`];
    const reach = varies(row) ? lastRowText(use, last) : lastRowText(windowOfRows(use, block), counter);
    const ready = `((${made} == ${available}) || (${made} > ${reach}))`;
    // The first row stands in for those in front of it.
    return use.clamped && lastRow(use, row.first - 1) < 0 ? [`(${made} > 0)`, ready] : [ready];
  });
  const more = `${counter} < ${count}`;
  if (conditions.length === 0) return more;
  return [`(${more})`, ...new Set(conditions)].join(" &&\n            ");
}

/** The loop that fills the pointers to the rows of a window. */
function windowView(
  bindings: Bindings,
  input: RowInput,
  row: RowStep & { readonly step: Step },
  drive: Extract<Drive, { kind: "rows" }>,
): WindowView {
  const { step } = row;
  const call = must(step.call, "kernel");
  const { inRows, outRows, inRowBytes, padValue } = drive;
  const window = windowOfCall(call, drive);
  const { stride, size } = drive.window;
  const more = size === stride ? "" : size > stride ? ` + ${size - stride}` : ` - ${stride - size}`;
  const count = `${endOf(row)} - ${counterOf(row)}`;
  const hasPadding = needsPaddingRow(call);
  const padding = hasPadding ? (bindings.constants.paddingOf(step) ?? scratchPointer(bindings, step, 0)) : "";
  return {
    size: String(window.size),
    filled: varies(row) ? `${stride === 1 ? `(${count})` : `((${count}) * ${stride})`}${more}` : String(window.size),
    usesRow: hasPadding || bindings.rowPointer(input.tensor, "row") !== bindings.rowPointer(input.tensor, "0"),
    // The last window starts so many rows in front of the last row.
    row: windowRowText(window, counterOf(row), inRows, outRows - rowsPerCall(call) + 1),
    pointer: bindings.rowPointer(input.tensor, "row"),
    branches: [
      ...keptBranch(bindings, row, drive),
      ...(hasPadding ? [{ condition: `(row < 0) || (row >= ${inRows})`, pointer: padding }] : []),
    ].map((branch, i) => ({ head: i === 0 ? "if" : "} else if", ...branch })),
    fillsPadding: fillsPaddingRow(call),
    padding,
    padValue: String(padValue),
    rowBytes: String(inRowBytes),
  };
}

/** Rows that the step has kept: in all calls but the first. */
function keptBranch(
  bindings: Bindings,
  row: RowStep & { readonly step: Step },
  drive: Extract<Drive, { kind: "rows" }>,
): readonly Omit<WindowBranch, "head">[] {
  const kept = keptRows(drive);
  if (kept === 0) return [];
  const state = bindings.state(row.step.index);
  const [which, pointer] = kept === 1 ? ["k == 0", state] : [`k < ${kept}`, `${state} + (k * ${drive.inRowBytes})`];
  return [{ condition: `(${which}) && (${counterOf(row)} > 0)`, pointer }];
}

function scratchPointer(bindings: Bindings, { index }: Step, offset: number): string {
  return behind(bindings.scratch(index), offset);
}
