/**
 * OnnxModel to Graph: walks the nodes in dependency order, each through its importer, with lazy floats (values.ts) and lazy
 * layouts (layout.ts). Quantized groups become integer operators; what stays float is a diagnostic that names the node.
 */
import { CompileError, type Diagnostic, fail, must } from "../../diagnostics.js";
import { type Graph, makeTensorId, type Port, type TensorId } from "../../ir/graph.js";
import { type Quant, sameQuant } from "../../ir/quant.js";
import type { Shape } from "../../ir/shape.js";
import { Assembler } from "./assembler.js";
import { activationQuant, type Context, floatIsland, nodeName, quantParameters } from "./context.js";
import { findImporter } from "./importers/index.js";
import { inputShape } from "./input-shape.js";
import { identity, memoryShape, nhwc } from "./layout.js";
import { missingOperators } from "./missing-operators.js";
import type { OnnxModel, OnnxNode, OnnxValueInfo } from "./onnx-model.js";
import { checkForm, sortNodes } from "./sort-nodes.js";
import type { TensorValue, Value } from "./values.js";

export interface ImportOptions {
  /** Name of the graph; default: the model's, made safe. */
  readonly name?: string;
  /** Shapes for inputs with symbolic dimensions, in ONNX order. */
  readonly inputShapes?: ReadonlyMap<string, Shape>;
}

export interface ImportResult {
  readonly graph: Graph;
  readonly warnings: readonly Diagnostic[];
}

/** Throws CompileError with the diagnostics of every node that could be looked at. */
export function importGraph(model: OnnxModel, options: ImportOptions = {}): ImportResult {
  checkForm(model);
  const nodes = sortNodes(model);
  const warnings: Diagnostic[] = [...model.warnings];
  const problems: Diagnostic[] = [];
  const assembler = new Assembler();
  const values = new Map<string, Value>();
  const failed = new Set<string>();
  for (const [name, tensor] of model.initializers) values.set(name, { kind: "constant", tensor });
  const consumers = consumersByName(nodes);
  const inputs = model.inputs.flatMap((info) => {
    try {
      const dtype = inputType(info);
      return [{ info, dtype, dims: inputShape(info, options.inputShapes) }];
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      problems.push(...error.diagnostics);
      failed.add(info.name);
      return [];
    }
  });
  const ports = new Map<number, Port>();

  const contextOf = (node: OnnxNode): Context => ({
    node,
    opset: model.opsets.get("") ?? 0,
    assembler,
    warnings,
    seen: new Set(),
    input: (i) => values.get(node.inputs[i] ?? ""),
    quantizeInput: (index, quant) => openInput(index, quant, "float32"),
  });

  const openInput = (index: number, quant: Quant, dtype: Port["dtype"]): TensorValue => {
    const input = inputs[index];
    if (!input) return fail({ code: "LWC9101", kind: "bug", message: `no graph input ${index}` });
    const { info, dims } = input;
    const open = ports.get(index);
    if (open) {
      if (!sameQuant(must(assembler.tensor(open.tensor).quant, "quantization"), quant)) {
        fail({
          code: "LWC1306",
          kind: "unsupported",
          message: `graph input "${info.name}" is quantized twice, with different scales or zero points`,
          where: { tensor: info.name },
          hint: "quantize the input once, and rescale behind it where a branch needs other parameters",
        });
      }
      const value: TensorValue = { kind: "tensor", id: open.tensor, dims, perm: open.perm, real: false };
      return value;
    }
    const perm = inputLayout(consumers, info.name, dims);
    const id = assembler.activation(info.name, memoryShape(dims, perm), quant);
    ports.set(index, { tensor: id, name: info.name, dtype, shape: dims, perm });
    return { kind: "tensor", id, dims, perm, real: false };
  };

  inputs.forEach(({ info, dims, dtype }, index) => {
    if (dtype === "float32") values.set(info.name, { kind: "floatInput", index, dims });
    else values.set(info.name, openInput(index, integerInputQuant(model, info, consumers, contextOf), dtype));
  });

  for (const node of nodes) {
    if (node.inputs.some((name) => failed.has(name))) {
      // What follows from a problem is not reported again.
      for (const name of node.outputs) failed.add(name);
      continue;
    }
    try {
      const context = contextOf(node);
      const importer = findImporter(node.domain, node.opType) ?? unknownOperator(node);
      const results = importer(context);
      node.outputs.forEach((name, i) => {
        const value = results[i];
        if (name !== "" && value) values.set(name, value);
      });
      warnUnseen(node, context.seen, warnings);
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      problems.push(...error.diagnostics);
      for (const name of node.outputs) failed.add(name);
    }
  }

  const outputs = model.outputs.flatMap((info): readonly Port[] => {
    if (failed.has(info.name)) return [];
    try {
      return [outputPort(info, values.get(info.name), contextOf(producerOf(nodes, info.name)))];
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      problems.push(...error.diagnostics);
      return [];
    }
  });
  inputs.forEach(({ info }, index) => {
    if (!ports.has(index) && problems.length === 0) {
      problems.push({
        code: "LWC1302",
        kind: "error",
        message: `graph input "${info.name}" reaches no quantized operator`,
        where: { tensor: info.name },
        hint: "remove unused inputs when exporting",
      });
    }
  });
  if (problems.length > 0) throw new CompileError(problems);

  const name = safeName(options.name ?? model.name);
  const used = usedTensors(assembler, outputs, [...ports.values()]);
  return {
    graph: {
      name,
      tensors: new Map([...assembler.tensors].filter(([id]) => used.tensors.has(id))),
      nodes: assembler.nodes.filter((node) => used.tensors.has(node.output)),
      inputs: [...ports].sort(([a], [b]) => a - b).map(([, port]) => port),
      outputs,
    },
    warnings,
  };
}

function inputType(info: OnnxValueInfo): "float32" | "int8" | "uint8" {
  const { dtype } = info;
  if (dtype === "float32" || dtype === "int8" || dtype === "uint8") return dtype;
  return fail({
    code: "LWC1301",
    kind: "unsupported",
    message: `graph input "${info.name}" has element type ${info.dtypeName}`,
    where: { tensor: info.name },
    hint: "lwc takes int8, uint8 or float32 inputs",
  });
}

/** Whatever the outputs need; what the model computes for nobody is left out. */
function usedTensors(
  assembler: Assembler,
  outputs: readonly Port[],
  inputs: readonly Port[],
): { readonly tensors: ReadonlySet<TensorId> } {
  const tensors = new Set<TensorId>([...outputs, ...inputs].map((port) => port.tensor));
  for (const node of assembler.nodes.slice().reverse()) {
    if (tensors.has(node.output)) for (const id of node.inputs) tensors.add(id);
  }
  return { tensors };
}

function unknownOperator(node: OnnxNode): never {
  const domain = node.domain === "" ? "" : `${node.domain}.`;
  return fail({
    code: "LWC1300",
    kind: "unsupported",
    message: `${nodeName(node)}: operator ${domain}${node.opType} is not supported`,
    where: { node: nodeName(node) },
    hint:
      (Object.hasOwn(missingOperators, node.opType) ? missingOperators[node.opType]?.hint : undefined) ??
      "`lwc ops` lists what is; replace the operator in the model, or leave it to the code around the network",
  });
}

function warnUnseen(node: OnnxNode, seen: ReadonlySet<string>, warnings: Diagnostic[]): void {
  for (const name of node.attributes.keys()) {
    if (seen.has(name)) continue;
    warnings.push({
      code: "LWC1303",
      kind: "warning",
      message: `${nodeName(node)}: attribute "${name}" is unknown and ignored`,
      where: { node: nodeName(node) },
    });
  }
}

/** Nodes that read each value. */
function consumersByName(nodes: readonly OnnxNode[]): ReadonlyMap<string, readonly OnnxNode[]> {
  const consumers = new Map<string, OnnxNode[]>();
  for (const node of nodes) {
    for (const name of new Set(node.inputs)) {
      const list = consumers.get(name);
      if (list) list.push(node);
      else consumers.set(name, [node]);
    }
  }
  return consumers;
}

/** Channels come last: of a 2-D map, unless the model expects them so already, and of a 1-D map that a window runs over. */
function inputLayout(
  consumers: ReadonlyMap<string, readonly OnnxNode[]>,
  name: string,
  dims: Shape,
): readonly number[] {
  if (dims.length === 4 && !isTransposedFirst(consumers, name)) return nhwc;
  if (dims.length === 3 && firstReaders(consumers, name).some(({ opType }) => overMaps.has(opType))) return [0, 2, 1];
  return identity(dims.length);
}

/** Operators whose kernels want channels last. */
const overMaps: ReadonlySet<string> = new Set([
  "AveragePool",
  "Conv",
  "ConvTranspose",
  "MaxPool",
  "QLinearAveragePool",
  "QLinearConv",
]);

/** Nodes that read a value, in front of and behind each QuantizeLinear and DequantizeLinear that does. */
function firstReaders(consumers: ReadonlyMap<string, readonly OnnxNode[]>, name: string): readonly OnnxNode[] {
  const names = new Set([name]);
  const found: OnnxNode[] = [];
  for (const value of names) {
    for (const node of consumers.get(value) ?? []) {
      if (node.opType === "QuantizeLinear" || node.opType === "DequantizeLinear") names.add(node.outputs[0] ?? "");
      else found.push(node);
    }
  }
  return found;
}

/** An NHWC input that the model transposes to NCHW at once: its memory order is right as it is. */
function isTransposedFirst(consumers: ReadonlyMap<string, readonly OnnxNode[]>, name: string): boolean {
  return firstReaders(consumers, name).some(
    (node) => node.opType === "Transpose" && String(node.attributes.get("perm")) === "0,3,1,2",
  );
}

/** Quantization of an integer graph input: what its first reader says it means. */
function integerInputQuant(
  model: OnnxModel,
  info: OnnxValueInfo,
  consumers: ReadonlyMap<string, readonly OnnxNode[]>,
  contextOf: (node: OnnxNode) => Context,
): Quant {
  const names = new Set([info.name]);
  for (const name of names) {
    for (const node of consumers.get(name) ?? []) {
      const at = node.inputs.indexOf(name);
      const triple = node.opType === "DequantizeLinear" || node.opType.startsWith("QLinear") || node.opType === "QGemm";
      if (triple && model.initializers.has(node.inputs[at + 1] ?? "")) {
        const context = contextOf(node);
        return activationQuant(context, quantParameters(context, at + 1, at + 2, info.dtype), info.name);
      }
      for (const output of node.outputs) names.add(output);
    }
  }
  return fail({
    code: "LWC1304",
    kind: "error",
    message: `graph input "${info.name}" is ${info.dtypeName}, and nothing says its scale and zero point`,
    where: { tensor: info.name },
    hint: "put a DequantizeLinear behind it",
  });
}

function producerOf(nodes: readonly OnnxNode[], name: string): OnnxNode {
  const found = nodes.find((node) => node.outputs.includes(name));
  return found ?? { name, opType: "Output", domain: "", inputs: [name], outputs: [], attributes: new Map() };
}

function outputPort(info: OnnxValueInfo, value: Value | undefined, context: Context): Port {
  const base = { name: info.name };
  switch (value?.kind) {
    case "tensor": {
      const storage = context.assembler.quantOf(value).storage;
      return {
        ...base,
        tensor: value.id,
        dtype: value.real ? "float32" : storage,
        shape: value.dims,
        perm: value.perm,
      };
    }
    case "index":
      return { ...base, tensor: value.id, dtype: value.dtype, shape: value.dims, perm: value.perm };
    case "poolIndices":
      return fail({
        code: "LWC1307",
        kind: "unsupported",
        message: `graph output "${info.name}" is the indices of a MaxPool`,
        where: { tensor: info.name },
        hint: "only MaxUnpool reads them: remove the output when exporting",
      });
    case "pending":
    case "unary":
      return floatIsland({ ...context, node: { ...context.node, opType: "graph output", name: info.name } }, value);
    default:
      return fail({
        code: "LWC1305",
        kind: "error",
        message: `graph output "${info.name}" is ${value ? "constant or an input handed through in float" : "never computed"}`,
        where: { tensor: info.name },
        hint: "remove the output when exporting",
      });
  }
}

/** A C identifier. */
function safeName(wish: string): string {
  const safe = wish
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 40);
  return makeTensorId(/^[a-z]/.test(safe) ? safe : `model${safe === "" ? "" : `_${safe}`}`);
}
