/**
 * What the harness has to know of generated code, and the C file that tells it (harness_model.c). Independent of Program so
 * that hand-written C can be run as well.
 */
import type { DType, Graph, Port } from "../ir/graph.js";
import { tensorOf } from "../ir/graph.js";
import { elementCount } from "../ir/shape.js";
import { programSizes } from "../schedule/program-sizes.js";
import type { Program, SourceFile } from "../schedule/schedule.js";

export interface HarnessPort {
  readonly dtype: DType;
  readonly elements: number;
}

export interface HarnessModel {
  /** C identifier: the code defines lwc_<name>_ctx and lwc_<name>_run. */
  readonly name: string;
  /** What harness_model.c includes, relative to one of the include directories. */
  readonly header: string;
  readonly files: readonly SourceFile[];
  readonly inputs: readonly HarnessPort[];
  readonly outputs: readonly HarnessPort[];
  /** Bytes of the context: with ports and stack, what has to fit the RAM of a machine. */
  readonly contextBytes: number;
  /** Multiply-accumulates of an inference, for the time limit. */
  readonly macs: number;
  /** The data type of what each step writes, for traces; int8 where absent. */
  readonly int32Steps: ReadonlySet<number>;
}

export function harnessModel(program: Program, files: readonly SourceFile[]): HarnessModel {
  const { graph } = program;
  const sizes = programSizes(program);
  return {
    name: program.name,
    header: `${program.name}.h`,
    files,
    inputs: graph.inputs.map((port) => harnessPort(graph, port)),
    outputs: graph.outputs.map((port) => harnessPort(graph, port)),
    contextBytes: sizes.arenaBytes,
    macs: sizes.macs,
    int32Steps: new Set(
      program.schedule.steps
        .filter((step) => tensorOf(graph, step.node.output).dtype === "int32")
        .map((step) => step.index),
    ),
  };
}

/** The generated C file of the harness. */
export function harnessModelSource(model: HarnessModel): string {
  const prefix = `lwc_${model.name}`;
  const ports = [...model.inputs, ...model.outputs];
  const args = ports.map((port, i) => {
    const type = port.dtype === "int8" ? "int8_t" : "int32_t";
    return i < model.inputs.length ? `(const ${type} *)ports[${i}]` : `(${type} *)ports[${i}]`;
  });
  return [
    "/* harness_model.c - tells the harness of `lwc verify` about the model. Generated. */",
    '#include "lwc_harness.h"',
    "",
    `#include "${model.header}"`,
    "",
    `static const lwc_harness_port model_ports[${ports.length}] = {`,
    ...ports.map((port) => `    {${portBytes(port)}u, ${portWidth(port)}u},`),
    "};",
    "",
    "const lwc_harness_model lwc_harness = {",
    `    (uint32_t)sizeof(${prefix}_ctx), (uint32_t)_Alignof(${prefix}_ctx), ${model.inputs.length}u, ${model.outputs.length}u, model_ports,`,
    "};",
    "",
    "int32_t lwc_harness_run(void *ctx, void *const *ports)",
    "{",
    `    return (int32_t)${prefix}_run((${prefix}_ctx *)ctx, ${args.join(", ")});`,
    "}",
    "",
  ].join("\n");
}

/** RAM that the harness allocates for a case, in bytes; see targets/harness/harness_main.c. */
export function caseBytes(model: HarnessModel): number {
  const ports = [...model.inputs, ...model.outputs];
  return model.contextBytes + ports.reduce((sum, port) => sum + portBytes(port) + 8, 64);
}

export function portWidth(port: HarnessPort): number {
  return port.dtype === "int8" ? 1 : 4;
}

export function portBytes(port: HarnessPort): number {
  return port.elements * portWidth(port);
}

function harnessPort(graph: Graph, port: Port): HarnessPort {
  const tensor = tensorOf(graph, port.tensor);
  return { dtype: tensor.dtype, elements: elementCount(tensor.shape) };
}
