/** `.lwir` text to Graph; the inverse of print.ts. */
import {
  type Attrs,
  type AttrValue,
  type DType,
  type Graph,
  makeNodeId,
  makeTensorId,
  type Node,
  type Origin,
  type Port,
  type Tensor,
  type TensorId,
  tensorBytes,
} from "./graph.js";
import { makeScale, makeZeroPoint, type Quant } from "./quant.js";
import type { Shape } from "./shape.js";
import { Tokens } from "./tokens.js";

/** Throws CompileError with line and column where the text is no graph. */
export function parseGraph(text: string): Graph {
  const tokens = new Tokens(text);
  tokens.expect("graph");
  const name = tokens.kind("name");
  tokens.expect("{");
  const tensors = new Map<TensorId, Tensor>();
  const nodes: Node[] = [];
  const inputs: Port[] = [];
  const outputs: Port[] = [];
  const add = (tensor: Tensor): void => {
    if (tensors.has(tensor.id)) tokens.fail(`%${tensor.id} is defined twice`);
    tensors.set(tensor.id, tensor);
  };
  while (!tokens.take("}")) {
    if (tokens.take("tensor")) add(parseTensor(tokens));
    else if (tokens.take("const")) add(parseConstant(tokens));
    else if (tokens.take("input")) inputs.push(parsePort(tokens));
    else if (tokens.take("output")) outputs.push(parsePort(tokens));
    else {
      const { node, tensor } = parseNode(tokens);
      add(tensor);
      nodes.push(node);
    }
  }
  if (tokens.peek().kind !== "end") tokens.fail("expected nothing behind the graph");
  return { name, tensors, nodes, inputs, outputs };
}

function parseId(tokens: Tokens): TensorId {
  return makeTensorId(tokens.kind("id").slice(1));
}

function parseTensor(tokens: Tokens): Tensor {
  const id = parseId(tokens);
  tokens.expect(":");
  return { id, ...parseType(tokens, id) };
}

function parseType(tokens: Tokens, id: string): { dtype: DType; shape: Shape; quant?: Quant; source: string } {
  const dtype = tokens.kind("name");
  if (dtype !== "int8" && dtype !== "int32") tokens.fail("expected int8 or int32 in front of this");
  const shape = tokens.numbers();
  const quant = tokens.take("scale") ? { quant: parseQuant(tokens, id) } : {};
  tokens.expect("source");
  return { dtype: dtype === "int8" ? "int8" : "int32", shape, ...quant, source: tokens.string() };
}

function parseQuant(tokens: Tokens, id: string): Quant {
  const isList = tokens.peek().text === "[";
  const scales = (isList ? tokens.numbers() : [tokens.number()]).map((scale) => makeScale(scale, id));
  const axis = tokens.take("axis") ? { axis: tokens.number() } : {};
  tokens.expect("zero");
  const zeroPoint = makeZeroPoint(tokens.number(), id);
  const storage = tokens.take("storage") ? tokens.kind("name") : "int8";
  return { scales, ...axis, zeroPoint, storage: storage === "uint8" ? "uint8" : "int8" };
}

function parseConstant(tokens: Tokens): Tensor {
  const tensor = parseTensor(tokens);
  tokens.expect("=");
  const make = tensor.dtype === "int8" ? Int8Array : Int32Array;
  if (!tokens.take("hex")) return { ...tensor, data: make.from(tokens.numbers()) };
  const bytes = tensorBytes(tensor);
  const digits = tokens.string();
  if (digits.length !== 2 * bytes || !/^[0-9a-f]*$/.test(digits))
    tokens.fail(`expected ${bytes} hexadecimal bytes in front of this`);
  const raw = Uint8Array.from({ length: bytes }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
  return { ...tensor, data: tensor.dtype === "int8" ? new Int8Array(raw.buffer) : new Int32Array(raw.buffer) };
}

function parseNode(tokens: Tokens): { node: Node; tensor: Tensor } {
  const given = tokens.peek().kind === "name" ? tokens.next().text : undefined;
  if (given !== undefined) tokens.expect("@");
  const output = parseId(tokens);
  tokens.expect("=");
  const kind = tokens.kind("name");
  tokens.expect("(");
  const inputs: TensorId[] = [];
  while (!tokens.take(")")) {
    inputs.push(parseId(tokens));
    tokens.take(",");
  }
  const attrs = parseAttrs(tokens);
  tokens.expect(":");
  const tensor: Tensor = { id: output, ...parseType(tokens, output) };
  return {
    node: { id: makeNodeId(given ?? output), kind, inputs, output, attrs, origin: parseOrigin(tokens) },
    tensor,
  };
}

function parseOrigin(tokens: Tokens): Origin {
  tokens.expect("origin");
  const label = tokens.string();
  tokens.expect("nodes");
  const nodes = tokens.list(() => tokens.string());
  return { nodes, label, ...(tokens.take("island") ? { island: tokens.string() } : {}) };
}

function parseAttrs(tokens: Tokens): Attrs {
  const attrs: Record<string, AttrValue> = {};
  tokens.expect("{");
  while (!tokens.take("}")) {
    const name = tokens.kind("name");
    tokens.expect("=");
    attrs[name] = parseAttr(tokens);
    tokens.take(",");
  }
  return attrs;
}

function parseAttr(tokens: Tokens): AttrValue {
  const { kind, text } = tokens.peek();
  if (text === "[") return tokens.numbers();
  if (kind === "string") return tokens.string();
  if (tokens.take("true")) return true;
  if (tokens.take("false")) return false;
  return tokens.number();
}

function parsePort(tokens: Tokens): Port {
  const tensor = parseId(tokens);
  const name = tokens.string();
  const dtype = tokens.kind("name");
  const known =
    (["float32", "int8", "uint8", "int32", "int64"] as const).find((other) => other === dtype) ??
    tokens.fail("expected an element type in front of this");
  const shape = tokens.numbers();
  tokens.expect("perm");
  return { tensor, name, dtype: known, shape, perm: tokens.numbers() };
}
