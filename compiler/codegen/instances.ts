/**
 * Kernel instances: one C function per distinct (kernel, drive, parameters). Layers of equal geometry share one, and the C
 * compiler sees every parameter as a constant, the address of a table of results as well.
 */
import { must } from "../diagnostics.js";
import type { Graph } from "../ir/graph.js";
import { isList, type KernelCall, kernelScratchOffset, rowsPerCall } from "../ops/kernel.js";
import { type Program, type Step, streamOf } from "../schedule/schedule.js";
import { callText, cTypeOf, type StructText, structLines } from "./c-literal.js";
import { type NameScope, sanitize } from "./c-names.js";
import type { ConstantPool } from "./constants.js";
import {
  callsOf,
  type Group,
  instanceView,
  rowInstanceView,
  rowOrder,
  signatureOf,
  windowRows,
} from "./instance-view.js";
import type { InstanceView } from "./view.js";

export interface Instances {
  readonly views: readonly InstanceView[];
  nameOf(step: Step): string;
  /** What follows the pointers in a call: first row and step, where an instance runs in both directions. */
  orderOf(step: Step): readonly string[];
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
      ? [viewOfGroup(program, group, pool, name, "LWC_APART ", stepList(group.steps))]
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

function stepList(steps: readonly Step[]): string {
  return `${steps.length === 1 ? "step" : "steps"} ${steps.map((step) => step.index).join(", ")}`;
}
