/** The C of an instance: its parameters, and how it drives the kernel. */
import { type Graph, tensorOf } from "../ir/graph.js";
import {
  fillsPaddingRow,
  isOverInput,
  type KernelCall,
  keptRows,
  kernelScratchOffset,
  needsPaddingRow,
  passesCount,
  rowsPerCall,
  totalScratchBytes,
  windowOfCall,
} from "../ops/kernel.js";
import type { Step } from "../schedule/schedule.js";
import { callText, cTypeOf } from "./c-literal.js";
import { makeNameScope, sanitize } from "./c-names.js";
import { kernelInputs } from "./kernel-inputs.js";
import { windowRowText } from "./row-text.js";
import { stepShapes } from "./step-text.js";
import type { FlatView, InstanceView, RowsView, RunsView } from "./view.js";

/** Order in which the steps of an instance make their rows. */
type RowOrder = "forward" | "backward" | "both";

/** What the generated function and its callers have to agree on. */
interface Signature {
  /** C type of each activation input: "int8_t" or "int32_t". */
  readonly inputs: readonly string[];
  readonly output: string;
}

/** The steps that share an instance. */
export interface Group {
  /** Makes one row; streams call it. */
  readonly inStream: boolean;
  readonly first: Step;
  readonly call: KernelCall;
  readonly steps: Step[];
}

/** Names of the locals of an instance, so that no constant's parameter collides with one. */
const locals = [
  "first",
  "step",
  "in",
  "inputs",
  "out",
  "scratch",
  "state",
  "kept",
  "params",
  "rows",
  "count",
  "row",
  "padding",
  "y",
  "k",
];

/** What the names do not change. */
type Unnamed = Omit<InstanceView, "signature" | "uses" | "paramsType" | "params"> & {
  readonly parameters: readonly string[];
};

export function rowOrder(steps: readonly Step[]): RowOrder {
  const backward = steps.filter((step) => step.backward === true).length;
  if (backward === 0) return "forward";
  return backward === steps.length ? "backward" : "both";
}

/** Calls that the drive loops over. */
export function callsOf(call: KernelCall): number {
  const { drive } = call;
  if (drive.kind === "flat") return 1;
  return drive.kind === "rows" ? Math.ceil(drive.outRows / rowsPerCall(call)) : drive.rows;
}

export function signatureOf(graph: Graph, step: Step): Signature {
  const typeOf = (id: Step["node"]["output"]): string => (tensorOf(graph, id).dtype === "int8" ? "int8_t" : "int32_t");
  return { inputs: kernelInputs(graph, step).map(typeOf), output: typeOf(step.output) };
}

/** True where the kernel of a row wants the number of that row. */
export function passesRow({ drive }: KernelCall): boolean {
  return drive.kind === "accumulate" || (drive.kind === "rows" && drive.passesRow === true);
}

/** Input rows that the kernel gets pointers to; 0 where it reads its inputs themselves. */
export function windowRows(call: KernelCall): number {
  return call.drive.kind === "rows" ? windowOfCall(call, call.drive).size : 0;
}

/** One row of a layer, or a block of them; the stream that calls it picks the rows. */
export function rowInstanceView(graph: Graph, { first, call }: Group): Unnamed {
  const signature = signatureOf(graph, first);
  const inputs = signature.inputs.length === 1 ? ["in"] : signature.inputs.map((_, i) => `in${i}`);
  const fresh = makeNameScope([...locals, ...inputs]);
  const constants = call.constants.map((constant) => fresh(sanitize(constant.name).replace(/^(?=\d)/, "table_")));
  const hasWindow = windowRows(call) > 0;
  const scratch = call.scratchBytes > 0;
  const array = call.inputArray === true;
  const row = passesRow(call) ? ["y"] : [];
  const count = passesCount(call) && rowsPerCall(call) > 1 ? ["count"] : [];
  const state = call.drive.kind === "accumulate" ? ["state"] : [];
  const kept = keptRows(call.drive) > 0 ? ["kept"] : [];
  const parameters = [
    ...(hasWindow ? ["const int8_t *const *rows"] : inputs.map((input, i) => `const ${signature.inputs[i]} *${input}`)),
    ...[...row, ...count].map((name) => `int32_t ${name}`),
    ...call.constants.map((constant, i) => `const ${cTypeOf(constant.data)} *${constants[i]}`),
    `${signature.output} *out`,
    ...state.map((name) => `int32_t *${name}`),
    ...kept.map((name) => `int8_t *${name}`),
    ...(scratch ? ["void *scratch"] : []),
  ];
  const from = hasWindow ? ["rows"] : array ? ["inputs"] : inputs;
  const told = passesCount(call) && count.length === 0 ? ["1"] : count;
  const args = [
    "&params",
    ...from,
    ...row,
    ...told,
    ...constants,
    "out",
    ...state,
    ...kept,
    ...(scratch ? ["scratch"] : []),
  ];
  return {
    comment: `${call.kernel}, ${rowsText(call)}: ${stepShapes(graph, first)}`,
    parameters,
    rows: undefined,
    runs: undefined,
    flat: {
      inputArray: array ? `const int8_t *const inputs[${inputs.length}] = {${inputs.join(", ")}};` : "",
      call: callText("    ", call.kernel, args, ";"),
    },
  };
}

function rowsText(call: KernelCall): string {
  if (call.drive.kind === "accumulate") return "one input row after the other";
  const block = rowsPerCall(call);
  return block === 1
    ? "one row"
    : `${passesCount(call) ? "up to " : ""}${block} rows${isOverInput(call) ? ", over their input" : ""}`;
}

export function instanceView(graph: Graph, { first: step, call, steps }: Group): Unnamed {
  const signature = signatureOf(graph, step);
  const order = rowOrder(steps);
  const inputs = signature.inputs.length === 1 ? ["in"] : signature.inputs.map((_, i) => `in${i}`);
  const fresh = makeNameScope([...locals, ...inputs]);
  const constants = call.constants.map((constant) => fresh(sanitize(constant.name).replace(/^(?=\d)/, "table_")));
  const parameters = [
    ...inputs.map((input, i) => `const ${signature.inputs[i]} *${input}`),
    ...call.constants.map((constant, i) => `const ${cTypeOf(constant.data)} *${constants[i]}`),
    ...(call.padding ? ["const int8_t *padding"] : []),
    `${signature.output} *out`,
    ...(totalScratchBytes(call) > 0 ? ["void *scratch"] : []),
    ...(order === "both" ? ["int32_t first", "int32_t step"] : []),
  ];
  return {
    comment: `${call.kernel}, ${drivenHow(call, order)}: ${stepShapes(graph, step)}`,
    parameters,
    rows: rowsView(call, constants, order),
    runs: runsView(call, inputs, constants, order),
    flat: flatView(call, inputs, constants, signature),
  };
}

function drivenHow(call: KernelCall, order: RowOrder): string {
  if (call.drive.kind === "flat") return "whole tensor in one call";
  const how = { forward: "", backward: ", last row first", both: ", either way" };
  const block = rowsPerCall(call);
  return `${block === 1 ? "one output row" : `${block} output rows`} at a time${how[order]}`;
}

function scratchArgument(call: KernelCall): readonly string[] {
  if (call.scratchBytes === 0) return [];
  const offset = kernelScratchOffset(call);
  return [offset === 0 ? "scratch" : `(int8_t *)scratch + ${offset}`];
}

function flatView(
  call: KernelCall,
  inputs: readonly string[],
  constants: readonly string[],
  signature: Signature,
): FlatView | undefined {
  if (call.drive.kind !== "flat") return undefined;
  const array = call.inputArray === true;
  const args = ["&params", ...(array ? ["inputs"] : inputs), ...constants, "out", ...scratchArgument(call)];
  const type = signature.inputs[0] ?? "int8_t";
  return {
    inputArray: array ? `const ${type} *const inputs[${inputs.length}] = {${inputs.join(", ")}};` : "",
    call: callText("    ", call.kernel, args, ";"),
  };
}

function rowsView(call: KernelCall, constants: readonly string[], order: RowOrder): RowsView | undefined {
  const { drive } = call;
  if (drive.kind !== "rows") return undefined;
  const { inRows, inRowBytes, padValue } = drive;
  const perRow = windowOfCall(call, drive);
  const block = rowsPerCall(call);
  // y counts calls.
  const window = { ...perRow, stride: perRow.stride * block };
  const calls = callsOf(call);
  const out = calls > 1 ? `out + (y * ${drive.outRowBytes * block})` : "out";
  const rest = drive.outRows - (calls - 1) * block;
  const unlessLast = (each: number, last: number): string =>
    each === last ? String(each) : `((y < ${calls - 1}) ? ${each} : ${last})`;
  const told = [...(passesRow(call) ? ["y"] : []), ...(passesCount(call) ? [unlessLast(block, rest)] : [])];
  const args = ["&params", "rows", ...told, ...constants, out, ...scratchArgument(call)];
  return {
    size: String(window.size),
    filled: unlessLast(window.size, window.size - (block - rest) * drive.window.stride),
    loop: rowLoop(calls, order),
    inRows: String(inRows),
    inRowBytes: String(inRowBytes),
    rowExpression: windowRowText(window, "y", inRows, calls),
    rowIndex: window.size > 1 ? "k" : "0",
    hasWindow: window.size > 1,
    hasPadding: needsPaddingRow(call),
    fillsPadding: fillsPaddingRow(call),
    padValue: String(padValue),
    call: callText("        ", call.kernel, args, ";"),
  };
}

function runsView(
  call: KernelCall,
  inputs: readonly string[],
  constants: readonly string[],
  order: RowOrder,
): RunsView | undefined {
  const { drive } = call;
  if (drive.kind !== "runs") return undefined;
  const from = inputs.map((input, i) =>
    drive.inRowBytes[i] === 0 ? input : `${input} + (y * ${drive.inRowBytes[i]})`,
  );
  const to = `out + (y * ${drive.outRowBytes})`;
  const array = call.inputArray === true;
  const args = ["&params", ...(array ? ["inputs"] : from), ...constants, to, ...scratchArgument(call)];
  return {
    loop: rowLoop(drive.rows, order),
    inputArray: array ? `const int8_t *const inputs[${inputs.length}] = {${from.join(", ")}};` : "",
    call: callText("        ", call.kernel, args, ";"),
  };
}

/** Head of the loop over `rows` output rows. */
function rowLoop(rows: number, order: RowOrder): string {
  switch (order) {
    case "forward":
      return `int32_t y = 0; y < ${rows}; ++y`;
    case "backward":
      return `int32_t y = ${rows - 1}; y >= 0; --y`;
    case "both":
      return `int32_t y = first; (y >= 0) && (y < ${rows}); y += step`;
  }
}
