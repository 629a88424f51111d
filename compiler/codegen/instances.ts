/**
 * Kernel instances: one C function per distinct (kernel, drive, parameters). Layers of equal geometry share one, and the C
 * compiler sees every parameter as a constant, the address of a table of results as well.
 */
import { must } from "../diagnostics.js";
import { type Graph, tensorOf } from "../ir/graph.js";
import {
  fillsPaddingRow,
  isList,
  type KernelCall,
  kernelScratchOffset,
  needsPaddingRow,
  rowsPerCall,
  totalScratchBytes,
  windowOfCall,
} from "../ops/kernel.js";
import { type Program, type Step, streamOf } from "../schedule/schedule.js";
import { callText, cTypeOf, type StructText, structLines } from "./c-literal.js";
import { makeNameScope, type NameScope, sanitize } from "./c-names.js";
import type { ConstantPool } from "./constants.js";
import { kernelInputs } from "./kernel-inputs.js";
import { windowRowText } from "./row-text.js";
import { stepShapes } from "./step-text.js";
import type { FlatView, InstanceView, RowsView, RunsView } from "./view.js";

export interface Instances {
  readonly views: readonly InstanceView[];
  nameOf(step: Step): string;
  /** What follows the pointers in a call: first row and step, where an instance runs in both directions. */
  orderOf(step: Step): readonly string[];
}

/** Order in which the steps of an instance make their rows. */
type RowOrder = "forward" | "backward" | "both";

/** What the generated function and its callers have to agree on. */
interface Signature {
  /** C type of each activation input: "int8_t" or "int32_t". */
  readonly inputs: readonly string[];
  readonly output: string;
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
  "params",
  "rows",
  "row",
  "padding",
  "y",
  "k",
];

/** The steps that share an instance. */
interface Group {
  /** Makes one row; streams call it. */
  readonly inStream: boolean;
  readonly first: Step;
  readonly call: KernelCall;
  readonly steps: Step[];
}

/** `shared`: names of instances that are defined elsewhere, by shareKey. */
export function collectInstances(
  program: Program,
  prefix: string,
  {
    scope,
    pool,
    shared,
  }: { readonly scope: NameScope; readonly pool: ConstantPool; readonly shared: ReadonlyMap<string, string> },
): Instances {
  const groups = groupSteps(program);
  const names = new Map<number, string>();
  const views = Array.from(groups).flatMap(([key, group]): readonly InstanceView[] => {
    const elsewhere = shared.get(shareKey(key, group));
    const name = elsewhere ?? scope(`${prefix}_${instanceName(group)}`);
    for (const step of group.steps) names.set(step.index, name);
    return elsewhere === undefined
      ? [viewOfGroup(program, group, pool, name, group.inStream ? "LWC_APART " : "static ", stepList(group.steps))]
      : [];
  });
  return {
    views,
    nameOf: (step) => must(names.get(step.index), `instance of step ${step.index}`),
    orderOf(step) {
      const { call } = step;
      const group = call ? groups.get(instanceKey(program.graph, step, call, false)) : undefined;
      if (!call || !group || rowOrder(group.steps) !== "both") return [];
      return step.backward === true ? [String(callsOf(call) - 1), "-1"] : ["0", "1"];
    },
  };
}

export interface SharedInstances {
  readonly views: readonly InstanceView[];
  /** Files of the kernels. */
  readonly headers: readonly string[];
  /** True where one of them has the address of a constant among its parameters. */
  readonly readsConstants: boolean;
  /** By shareKey. */
  readonly names: ReadonlyMap<string, string>;
}

/** The instances that more than one of the programs needs, with external linkage. */
export function shareInstances(
  programs: readonly Program[],
  prefix: string,
  { scope, pool }: { readonly scope: NameScope; readonly pool: ConstantPool },
): SharedInstances {
  const users = new Map<string, { readonly program: Program; readonly group: Group }[]>();
  for (const program of programs) {
    for (const [key, group] of groupSteps(program)) {
      const share = shareKey(key, group);
      users.set(share, [...(users.get(share) ?? []), { program, group }]);
    }
  }
  const names = new Map<string, string>();
  const headers = new Set<string>();
  let readsConstants = false;
  const views = Array.from(users).flatMap(([key, list]): readonly InstanceView[] => {
    const [first, second] = list;
    if (!first || !second) return [];
    const name = scope(`${prefix}_${instanceName(first.group)}`);
    names.set(key, name);
    headers.add(first.group.call.header);
    const uses = list.map(({ program, group }) => `${stepList(group.steps)} of ${program.name}`).join("; ");
    if (first.group.call.table) readsConstants = true;
    return [viewOfGroup(first.program, first.group, pool, name, "", uses)];
  });
  return { views, names, headers: [...headers].sort(), readsConstants };
}

function groupSteps(program: Program): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  for (const step of program.schedule.steps) {
    const { call } = step;
    if (!call) continue;
    const inStream = streamOf(program.schedule, step) !== undefined;
    const key = instanceKey(program.graph, step, call, inStream);
    const group = groups.get(key) ?? { inStream, first: step, call, steps: [] };
    group.steps.push(step);
    groups.set(key, group);
  }
  return groups;
}

/** Instances of different programs are one where they also make their rows in the same order. */
function shareKey(key: string, { steps }: Group): string {
  return `${rowOrder(steps)} ${key}`;
}

function instanceName({ call, inStream }: Group): string {
  return `${sanitize(call.geometry)}${!inStream ? "" : rowsPerCall(call) > 1 ? "_rows" : "_row"}`;
}

function viewOfGroup(
  program: Program,
  group: Group,
  pool: ConstantPool,
  name: string,
  linkage: string,
  uses: string,
): InstanceView {
  const view = group.inStream ? rowInstanceView(program.graph, group) : instanceView(program.graph, group);
  const { parameters, ...rest } = view;
  const { params, table } = group.call;
  const address = table && `${pool.intern(table.constant, group.first, program)} + ${table.constant.data.length / 2}`;
  const fields = table && address ? withAddress(params.fields, [...table.member, "table"], address) : params.fields;
  return {
    ...rest,
    uses,
    signature: callText("", `${linkage}void ${name}`, parameters, ""),
    paramsType: params.type,
    params: structLines(fields, "        "),
  };
}

/** The parameters with an address in the member that the way leads to. */
function withAddress(fields: StructText, [first, ...rest]: readonly string[], address: string): StructText {
  const name = must(first, "member");
  const inner = fields[name];
  if (typeof inner !== "object" || isList(inner)) return { ...fields, [name]: address };
  return { ...fields, [name]: withAddress(inner, rest, address) };
}

/** What the names do not change. */
type Unnamed = Omit<InstanceView, "signature" | "uses" | "paramsType" | "params"> & {
  readonly parameters: readonly string[];
};

function rowOrder(steps: readonly Step[]): RowOrder {
  const backward = steps.filter((step) => step.backward === true).length;
  if (backward === 0) return "forward";
  return backward === steps.length ? "backward" : "both";
}

/** Calls that the drive loops over. */
function callsOf(call: KernelCall): number {
  const { drive } = call;
  if (drive.kind === "flat") return 1;
  return drive.kind === "rows" ? drive.outRows / rowsPerCall(call) : drive.rows;
}

function instanceKey(graph: Graph, step: Step, call: KernelCall, inStream: boolean): string {
  const { kernel, header, params, drive, inputArray, constants, table } = call;
  const layout = [call.scratchBytes > 0, ...(inStream ? [] : [kernelScratchOffset(call), call.padding !== undefined])];
  return JSON.stringify([
    kernel,
    header,
    params,
    inStream ? windowRows(call) : drive,
    inputArray,
    constants.map((c) => [c.name, cTypeOf(c.data)]),
    table === undefined ? [] : [...table.constant.data],
    signatureOf(graph, step),
    layout,
  ]);
}

function signatureOf(graph: Graph, step: Step): Signature {
  const typeOf = (id: Step["node"]["output"]): string => (tensorOf(graph, id).dtype === "int8" ? "int8_t" : "int32_t");
  return { inputs: kernelInputs(graph, step).map(typeOf), output: typeOf(step.output) };
}

/** True where the kernel of a row wants the number of that row. */
export function passesRow({ drive }: KernelCall): boolean {
  return drive.kind === "accumulate" || (drive.kind === "rows" && drive.passesRow === true);
}

/** Input rows that the kernel gets pointers to; 0 where it reads its inputs themselves. */
function windowRows(call: KernelCall): number {
  return call.drive.kind === "rows" ? windowOfCall(call, call.drive).size : 0;
}

/** One row of a layer, or a block of them; the stream that calls it picks the rows. */
function rowInstanceView(graph: Graph, { first, call }: Group): Unnamed {
  const signature = signatureOf(graph, first);
  const inputs = signature.inputs.length === 1 ? ["in"] : signature.inputs.map((_, i) => `in${i}`);
  const fresh = makeNameScope([...locals, ...inputs]);
  const constants = call.constants.map((constant) => fresh(sanitize(constant.name).replace(/^(?=\d)/, "table_")));
  const hasWindow = windowRows(call) > 0;
  const scratch = call.scratchBytes > 0;
  const array = call.inputArray === true;
  const row = passesRow(call) ? ["y"] : [];
  const state = call.drive.kind === "accumulate" ? ["state"] : [];
  const parameters = [
    ...(hasWindow ? ["const int8_t *const *rows"] : inputs.map((input, i) => `const ${signature.inputs[i]} *${input}`)),
    ...row.map((name) => `int32_t ${name}`),
    ...call.constants.map((constant, i) => `const ${cTypeOf(constant.data)} *${constants[i]}`),
    `${signature.output} *out`,
    ...state.map((name) => `int32_t *${name}`),
    ...(scratch ? ["void *scratch"] : []),
  ];
  const from = hasWindow ? ["rows"] : array ? ["inputs"] : inputs;
  const args = ["&params", ...from, ...row, ...constants, "out", ...state, ...(scratch ? ["scratch"] : [])];
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
  return block === 1 ? "one row" : `${block} rows`;
}

function instanceView(graph: Graph, { first: step, call, steps }: Group): Unnamed {
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

function stepList(steps: readonly Step[]): string {
  return `${steps.length === 1 ? "step" : "steps"} ${steps.map((step) => step.index).join(", ")}`;
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
  // y counts calls.
  const window = { ...perRow, stride: perRow.stride * rowsPerCall(call) };
  const outRows = callsOf(call);
  const out = outRows > 1 ? `out + (y * ${drive.outRowBytes * rowsPerCall(call)})` : "out";
  const args = ["&params", "rows", ...(passesRow(call) ? ["y"] : []), ...constants, out, ...scratchArgument(call)];
  return {
    size: String(window.size),
    loop: rowLoop(outRows, order),
    inRows: String(inRows),
    inRowBytes: String(inRowBytes),
    rowExpression: windowRowText(window, "y", inRows, outRows),
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
