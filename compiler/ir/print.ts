/** Graph to `.lwir` text, one tensor, node or port per line; parse.ts reads it back to an equal graph. */
import type { Attrs, AttrValue, Graph, Node, Port, Tensor } from "./graph.js";
import type { Quant } from "./quant.js";
import { formatShape } from "./shape.js";

export function printGraph(graph: Graph): string {
  const made = new Map(graph.nodes.map((node) => [node.output, node]));
  const constants = [...graph.tensors.values()].filter((tensor) => tensor.data !== undefined);
  const loose = [...graph.tensors.values()].filter((tensor) => tensor.data === undefined && !made.has(tensor.id));
  const lines = [
    `graph ${graph.name} {`,
    ...loose.map((tensor) => `  tensor %${tensor.id} : ${typeOf(tensor)}`),
    ...constants.map((tensor) => `  const %${tensor.id} : ${typeOf(tensor)} = ${printData(tensor)}`),
    ...graph.inputs.map((port) => `  input ${printPort(port)}`),
    ...graph.nodes.map((node) => `  ${printNode(graph, node)}`),
    ...graph.outputs.map((port) => `  output ${printPort(port)}`),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

/** int8[1,96,96,3] scale 0.0039 zero -128 storage uint8 source "conv1" */
function typeOf(tensor: Tensor): string {
  const quant = tensor.quant ? ` ${printQuant(tensor.quant)}` : "";
  return `${tensor.dtype}${formatShape(tensor.shape)}${quant} source ${quote(tensor.source)}`;
}

function printQuant(quant: Quant): string {
  const scales = quant.scales.map(shortestFloat32);
  const scale = quant.axis === undefined ? (scales[0] ?? "1") : `[${scales.join(",")}] axis ${quant.axis}`;
  return `scale ${scale} zero ${quant.zeroPoint}${quant.storage === "uint8" ? " storage uint8" : ""}`;
}

/** The fewest digits that read back to the same float32. */
export function shortestFloat32(value: number): string {
  for (let digits = 1; digits <= 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(value);
}

/** Integers as a list while that is readable, hexadecimal bytes (little-endian) beyond. */
function printData(tensor: Tensor): string {
  const data = tensor.data ?? new Int8Array(0);
  if (data.length <= 16) return `[${Array.from(data).join(",")}]`;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return `hex "${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}"`;
}

function printNode(graph: Graph, node: Node): string {
  const output = graph.tensors.get(node.output);
  const id = String(node.id) === String(node.output) ? "" : `${node.id} @ `;
  const inputs = node.inputs.map((input) => `%${input}`).join(", ");
  const { nodes, label, island } = node.origin;
  const origin = `origin ${quote(label)} nodes [${nodes.map(quote).join(", ")}]${island === undefined ? "" : ` island ${quote(island)}`}`;
  return `${id}%${node.output} = ${node.kind}(${inputs}) ${printAttrs(node.attrs)} : ${output ? typeOf(output) : "?"} ${origin}`;
}

function printAttrs(attrs: Attrs): string {
  return `{${Object.entries(attrs)
    .map(([name, value]) => `${name} = ${printAttr(value)}`)
    .join(", ")}}`;
}

function printAttr(value: AttrValue): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "object") return `[${value.join(",")}]`;
  return String(value);
}

function printPort(port: Port): string {
  return `%${port.tensor} ${quote(port.name)} ${port.dtype}${formatShape(port.shape)} perm ${formatShape(port.perm)}`;
}

/** A JSON string with everything outside printable ASCII escaped, so that no name can break a line. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
