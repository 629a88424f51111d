/** Checks of the whole node list: dependency order, missing values, cycles, and whether the model is quantized at all. */
import { CompileError, type Diagnostic, fail } from "../../diagnostics.js";
import { nodeName } from "./context.js";
import type { OnnxModel, OnnxNode } from "./onnx-model.js";

/** Nodes in dependency order (files need not have it). */
export function sortNodes(model: OnnxModel): readonly OnnxNode[] {
  const problems: Diagnostic[] = [];
  const producer = new Map<string, OnnxNode>();
  const known = new Set([...model.initializers.keys(), ...model.inputs.map((info) => info.name)]);
  for (const node of model.nodes) {
    for (const output of node.outputs) {
      if (output === "") continue;
      if (producer.has(output) || known.has(output)) {
        problems.push({
          code: "LWC1320",
          kind: "error",
          message: `${nodeName(node)}: value "${output}" is made twice`,
          where: { node: nodeName(node) },
        });
      }
      producer.set(output, node);
    }
  }
  for (const node of model.nodes) {
    for (const input of node.inputs) {
      if (input === "" || known.has(input) || producer.has(input)) continue;
      problems.push({
        code: "LWC1321",
        kind: "error",
        message: `${nodeName(node)}: input "${input}" is neither an initializer, nor a graph input, nor made by a node`,
        where: { node: nodeName(node) },
        hint: "the file is damaged, or its external data is missing",
      });
    }
  }
  for (const info of model.outputs) {
    if (known.has(info.name) || producer.has(info.name)) continue;
    problems.push({
      code: "LWC1322",
      kind: "error",
      message: `graph output "${info.name}" is never made`,
      where: { tensor: info.name },
    });
  }
  if (problems.length > 0) throw new CompileError(problems);
  return order(model.nodes, producer);
}

/** Depth-first, without recursion: a chain may be thousands of nodes long. */
function order(nodes: readonly OnnxNode[], producer: ReadonlyMap<string, OnnxNode>): readonly OnnxNode[] {
  const state = new Map<OnnxNode, "open" | "done">();
  const sorted: OnnxNode[] = [];
  for (const root of nodes) {
    const stack = [root];
    for (let node = stack.at(-1); node; node = stack.at(-1)) {
      if (state.get(node) === "done") {
        stack.pop();
        continue;
      }
      const waiting = node.inputs
        .flatMap((name) => producer.get(name) ?? [])
        .filter((other) => state.get(other) !== "done");
      if (waiting.length === 0) {
        state.set(node, "done");
        sorted.push(node);
        stack.pop();
        continue;
      }
      const open = waiting.find((other) => state.get(other) === "open");
      if (open)
        fail({
          code: "LWC1323",
          kind: "error",
          message: `${nodeName(open)} is part of a cycle`,
          where: { node: nodeName(open) },
          hint: "the file is damaged",
        });
      state.set(node, "open");
      for (const other of waiting) stack.push(other);
    }
  }
  return sorted;
}

/** A model without a single quantization is a float model: say so once, instead of once per node. */
export function checkForm(model: OnnxModel): void {
  const isQuantized = model.nodes.some((node) => /^(QLinear|QGemm|QuantizeLinear|DequantizeLinear)/.test(node.opType));
  if (isQuantized) return;
  if (model.nodes.some((node) => node.opType === "DynamicQuantizeLinear" || node.opType.endsWith("Integer"))) {
    fail({
      code: "LWC1331",
      kind: "unsupported",
      message: "the model is quantized dynamically: activations get their scales at run time",
      hint: "quantize statically, with calibration data (QDQ format)",
    });
  }
  fail({
    code: "LWC1330",
    kind: "error",
    message: "this is a float model: it has no QuantizeLinear, DequantizeLinear or QLinear operators",
    hint: "quantize it first: `lwc quantize model.onnx --calibration samples/`, or compile with --calibration samples/ (docs/quantizing.md)",
  });
}
