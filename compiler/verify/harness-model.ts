/**
 * What the harness has to know of generated code, and the C file that tells it (harness_model.c). Independent of Program so
 * that hand-written C can be run as well.
 */

import { arenaParts } from "../codegen/arena-names.js";
import { type Assets, emit, portAccessors } from "../codegen/emit.js";
import type { DType, Graph, Port } from "../ir/graph.js";
import { tensorOf } from "../ir/graph.js";
import { elementCount, rowCount } from "../ir/shape.js";
import { contextBytes } from "../schedule/program-sizes.js";
import type { PortOptions, Program, SourceFile } from "../schedule/schedule.js";

export interface HarnessPort {
  readonly dtype: DType;
  readonly elements: number;
  /** C function that yields the port's address in the context; absent where run() takes a pointer. */
  readonly accessor?: string;
  /** Set where the port is handed over row by row: how many rows. */
  readonly rows?: number;
}

export interface HarnessRegion {
  readonly cType: string;
  readonly bytes: number;
}

export interface HarnessModel {
  /** C identifier: the code defines lwc_<name>_ctx and lwc_<name>_run. */
  readonly name: string;
  /** What harness_model.c includes, relative to one of the include directories. */
  readonly header: string;
  readonly files: readonly SourceFile[];
  readonly inputs: readonly HarnessPort[];
  readonly outputs: readonly HarnessPort[];
  /** The parts of a divided arena, in the order of init(); empty where the arena is in the context. */
  readonly regions: readonly HarnessRegion[];
  /** Bytes of the context, of the parts of a divided arena and of constants in RAM: with ports and stack, what has to fit the RAM of a machine. */
  readonly contextBytes: number;
  /** Multiply-accumulates of an inference, for the time limit. */
  readonly macs: number;
  /** The data type of what each step writes, for traces; int8 where absent. */
  readonly int32Steps: ReadonlySet<number>;
  /** C that defines lwc_harness_run, where that is not one inference of a single model. */
  readonly runText?: readonly string[];
}

/** `trace`: the code calls lwc_trace after each step. */
export function harnessModel(program: Program, assets: Assets, trace: boolean): HarnessModel {
  const { graph } = program;
  const accessors = portAccessors(program, assets);
  const inputs = graph.inputs.length;
  return {
    name: program.name,
    header: `${program.name}.h`,
    files: emit(program, assets, { trace }),
    inputs: graph.inputs.map((port, i) => harnessPort(graph, port, accessors[i], program.options.input)),
    outputs: graph.outputs.map((port, i) => harnessPort(graph, port, accessors[inputs + i], program.options.output)),
    regions: arenaParts(program).flatMap(({ name, region }) =>
      region ? [{ cType: `lwc_${program.name}_${name}`, bytes: region.used }] : [],
    ),
    contextBytes: contextBytes(program) + (program.hot?.bytes ?? 0),
    macs: program.schedule.steps.reduce((sum, step) => sum + step.macs, 0),
    int32Steps: new Set(
      program.schedule.steps.filter((step) => tensorOf(graph, step.output).dtype === "int32").map((step) => step.index),
    ),
  };
}

/** The generated C file of the harness. Ports in the arena are copied in before run() and out after it. */
export function harnessModelSource(model: HarnessModel): string {
  const prefix = `lwc_${model.name}`;
  const ports = [...model.inputs, ...model.outputs];
  const usesMemcpy = copiesOf(model).flat().length > 0 || ports.some((port) => port.rows !== undefined);
  return [
    "/* harness_model.c - tells the harness of `lwc verify` about the model. Generated. */",
    '#include "lwc_harness.h"',
    "",
    ...(usesMemcpy ? ["#include <string.h>", ""] : []),
    `#include "${model.header}"`,
    "",
    `static const lwc_harness_port model_ports[${ports.length}] = {`,
    ...ports.map((port) => `    {${portBytes(port)}u, ${portWidth(port)}u},`),
    "};",
    "",
    ...(model.regions.length === 0
      ? []
      : [
          `static const lwc_harness_port model_regions[${model.regions.length}] = {`,
          ...model.regions.map(({ cType }) => `    {(uint32_t)sizeof(${cType}), (uint32_t)_Alignof(${cType})},`),
          "};",
          "",
        ]),
    "const lwc_harness_model lwc_harness = {",
    `    (uint32_t)sizeof(${prefix}_ctx), (uint32_t)_Alignof(${prefix}_ctx), ${model.inputs.length}u, ${model.outputs.length}u, model_ports,`,
    ...(model.regions.length > 0 ? [`    ${model.regions.length}u, model_regions,`] : ["    0u, NULL,"]),
    "};",
    "",
    ...initLines(model),
    ...(model.runText ?? runFunction(model, "int32_t lwc_harness_run(void *ctx, void *const *ports)")),
  ].join("\n");
}

/** Tells the context where the parts of its arena are. */
function initLines({ name, regions }: HarnessModel): readonly string[] {
  const args = regions.map(({ cType }, i) => `(${cType} *)regions[${i}]`);
  return [
    "int32_t lwc_harness_init(void *ctx, void *const *regions)",
    "{",
    ...(args.length === 0
      ? ["    (void)ctx;", "    (void)regions;", "    return 0;"]
      : [`    return (int32_t)lwc_${name}_init(${[`(lwc_${name}_ctx *)ctx`, ...args].join(", ")});`]),
    "}",
    "",
  ];
}

/** One inference of a model, by port: inputs, then outputs. */
export function runFunction(model: HarnessModel, signature: string): readonly string[] {
  const ports = [...model.inputs, ...model.outputs];
  const isInput = (i: number): boolean => i < model.inputs.length;
  const args = ports.flatMap((port, i) => {
    if (port.accessor !== undefined || port.rows !== undefined) return [];
    const type = port.dtype === "int8" ? "int8_t" : "int32_t";
    return [isInput(i) ? `(const ${type} *)ports[${i}]` : `(${type} *)ports[${i}]`];
  });
  const copies = copiesOf(model);
  const byRows = ports.some((port) => port.rows !== undefined);
  return [
    ...keepRow(model),
    signature,
    "{",
    ...(args.length === 0 && copies.flat().length === 0 && !byRows ? ["    (void)ports;"] : []),
    ...copies.slice(0, model.inputs.length).flat(),
    ...callLines(model, args),
    ...copies.slice(model.inputs.length).flat(),
    "    return status;",
    "}",
    "",
  ];
}

/** By port: what carries it into the arena or out of it. */
function copiesOf(model: HarnessModel): readonly (readonly string[])[] {
  return [...model.inputs, ...model.outputs].map((port, i) => {
    if (port.accessor === undefined) return [];
    const place = `${port.accessor}((lwc_${model.name}_ctx *)ctx)`;
    const [to, from] = i < model.inputs.length ? [place, `ports[${i}]`] : [`ports[${i}]`, place];
    return [`    memcpy(${to}, ${from}, ${portBytes(port)}u);`];
  });
}

/** The function that gets rows of the output: puts each to its place in the port. */
function keepRow({ name, outputs }: HarnessModel): readonly string[] {
  const bytes = outputs.flatMap((port) => (port.rows === undefined ? [] : [portBytes(port) / port.rows]));
  if (bytes.length === 0) return [];
  return [
    `static void keep_${name}_row(void *user, int32_t y, const int8_t *row)`,
    "{",
    `    memcpy((int8_t *)user + (y * ${bytes[0]}), row, ${bytes[0]}u);`,
    "}",
    "",
  ];
}

/** The inference: run(), or begin(), push_row() for each row and finish(). */
function callLines({ name, inputs, outputs }: HarnessModel, args: readonly string[]): readonly string[] {
  const prefix = `lwc_${name}`;
  const context = `(${prefix}_ctx *)ctx`;
  const sink = outputs.some((port) => port.rows !== undefined) ? [`keep_${name}_row`, `ports[${inputs.length}]`] : [];
  const call = (what: string, ...rest: readonly string[]): string =>
    `(int32_t)${prefix}_${what}(${[context, ...rest].join(", ")})`;
  const fed = inputs.find((port) => port.rows !== undefined);
  if (fed?.rows === undefined) return [`    const int32_t status = ${call("run", ...args, ...sink)};`];
  const row = `(const int8_t *)ports[0] + (y * ${portBytes(fed) / fed.rows})`;
  return [
    `    int32_t status = ${call("begin", ...sink)};`,
    `    for (int32_t y = 0; (status == 0) && (y < ${fed.rows}); ++y) {`,
    `        status = ${call("push_row", row)};`,
    "    }",
    "    if (status == 0) {",
    `        status = ${call("finish", ...args)};`,
    "    }",
  ];
}

/** RAM that the harness allocates for a case, in bytes; see targets/harness/harness_main.c. */
export function caseBytes(model: HarnessModel): number {
  const ports = [...model.inputs, ...model.outputs];
  const canaries = model.regions.length > 0 ? (model.regions.length + 1) * 64 : 0;
  return model.contextBytes + canaries + ports.reduce((sum, port) => sum + portBytes(port) + 8, 64);
}

export function portWidth(port: HarnessPort): number {
  return port.dtype === "int8" ? 1 : 4;
}

export function portBytes(port: HarnessPort): number {
  return port.elements * portWidth(port);
}

function harnessPort(graph: Graph, port: Port, accessor: string | undefined, how: PortOptions["input"]): HarnessPort {
  const { dtype, shape } = tensorOf(graph, port.tensor);
  return {
    dtype,
    elements: elementCount(shape),
    ...(accessor === undefined ? {} : { accessor }),
    ...(how === "rows" ? { rows: rowCount(shape) } : {}),
  };
}
