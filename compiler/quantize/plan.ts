/**
 * Which values of a float model get QuantizeLinear and DequantizeLinear, and which of them share parameters.
 *
 * All operators are quantized on both sides, with two exceptions that cost accuracy and time otherwise: a Relu or Clip behind
 * an operator that has bounds (the value between them is never rounded), and chains of element-wise functions of one value,
 * such as the parts of a hard swish, which become one exact table.
 */
import { CompileError, type Diagnostic } from "../diagnostics.js";
import { missingOperators } from "../frontend/onnx/missing-operators.js";
import type { OnnxNode } from "../frontend/onnx/onnx-model.js";
import { elementCount } from "../ir/shape.js";
import { type Links, linksOf, nodeLabel, type PreparedModel, soleConsumer } from "./float-graph.js";
import { classOf, combines, elementwise, takesClamp } from "./operators.js";

export interface QuantPlan {
  /** Quantized values, in order of computation, with the value whose parameters they have: their own, or one that they move. */
  readonly owners: ReadonlyMap<string, string>;
  /** Owners that a Concat joins, the result first: equal parameters make it a copy. */
  readonly joins: readonly (readonly string[])[];
  /** Owners with a Relu or Clip in front, and its bounds. */
  readonly clamps: ReadonlyMap<string, { readonly low: number; readonly high: number }>;
}

/** Throws CompileError with every operator that cannot be quantized. */
export function planQuantization(model: PreparedModel): QuantPlan {
  const links = linksOf(model);
  const problems: Diagnostic[] = [];
  const isRead = (name: string): boolean => links.consumers.has(name) || links.outputs.has(name);
  const inputs = model.inputs.map((info) => info.name).filter(isRead);
  const owners = new Map(inputs.map((name) => [name, name]));
  const joins: string[][] = [];
  const clamps = new Map<string, { readonly low: number; readonly high: number }>();
  const families = sourceFamilies(model, links);
  const ownerOf = (name: string): string => owners.get(name) ?? name;
  for (const node of model.nodes) {
    const kind = node.domain === "" ? classOf(node.opType) : undefined;
    const activations = node.inputs.filter((name) => model.shapes.has(name) && !model.initializers.has(name));
    if (!kind) problems.push(cannot(node));
    if (!kind || kind === "index") continue;
    if (kind === "product" && !model.initializers.has(node.inputs[1] ?? "")) problems.push(cannot(node));
    const isPair = elementwise.has(node.opType) && !families.has(node.outputs[0] ?? "");
    if (isPair && !combines.has(node.opType)) problems.push(cannot(node));
    const isMove = kind === "move" && !padsWithNumber(node, model);
    for (const output of node.outputs) {
      if (!isRead(output) || !model.shapes.has(output)) continue;
      if (isInside(output, model, links, families)) continue;
      owners.set(output, isMove ? ownerOf(activations[0] ?? output) : output);
    }
    const output = node.outputs[0] ?? "";
    if (kind === "join") joins.push([output, ...activations.map(ownerOf)]);
    if (kind === "clamp" && isFoldedClamp(node, model, links)) clamps.set(output, boundsOf(node, model));
  }
  if (problems.length > 0) throw new CompileError(problems);
  return { owners, joins, clamps };
}

function cannot(node: OnnxNode): Diagnostic {
  const operator = node.domain === "" ? node.opType : `${node.domain}.${node.opType}`;
  const isPair = elementwise.has(node.opType) || classOf(node.opType) === "product";
  const missing = Object.hasOwn(missingOperators, node.opType) ? missingOperators[node.opType] : undefined;
  return {
    code: "LWC8010",
    kind: "unsupported",
    message: `${nodeLabel(node)}: ${isPair ? `${operator} of two activations` : `operator ${operator}`} cannot be quantized`,
    where: { node: nodeLabel(node) },
    hint: isPair
      ? "lwc runs Add, Sub, Mul, Div, Min, Max and Mean of activations, the others with a constant beside one, and products with constant weights"
      : (missing?.hint ??
        "`lwc ops` lists what lwc runs; replace the operator in the model, or cut the model in front of it"),
  };
}

/** Values that are functions of one value, element by element, with that value: its source. */
type Families = ReadonlyMap<string, string>;

/** A value that others read too is quantized, and so the source of what follows: repeated until nothing changes. */
function sourceFamilies(model: PreparedModel, links: Links): Families {
  const ends = new Set<string>();
  for (;;) {
    const families = familiesUpTo(ends, model, links);
    const found = [...families.keys()].filter((name) => !ends.has(name) && !isInside(name, model, links, families));
    if (found.length === 0) return families;
    for (const name of found) ends.add(name);
  }
}

/** Families when the values `ends` are sources themselves. */
function familiesUpTo(ends: ReadonlySet<string>, model: PreparedModel, links: Links): Families {
  const families = new Map<string, string>();
  const open = new Map<string, string>();
  for (const node of model.nodes) {
    const source = unarySource(node, model, open);
    if (source === undefined || isFoldedClamp(node, model, links)) continue;
    const output = node.outputs[0] ?? "";
    families.set(output, source);
    if (!ends.has(output)) open.set(output, source);
  }
  return families;
}

/** The value that a node computes a function of, if it reads no other. */
function unarySource(node: OnnxNode, model: PreparedModel, families: Families): string | undefined {
  if (node.domain !== "") return undefined;
  const kind = classOf(node.opType);
  const sourceOf = (name: string): string => families.get(name) ?? name;
  const [first = "", second = ""] = node.inputs;
  if (kind === "unary" || kind === "clamp") return sourceOf(first);
  if (!elementwise.has(node.opType) || node.inputs.length !== 2) return undefined;
  const isConstant = (name: string): boolean => model.initializers.has(name);
  if (isConstant(first) || isConstant(second)) {
    const value = isConstant(second) ? first : second;
    // A constant with more elements repeats the value, which is then another source than the value itself.
    return sizeOf(node.outputs[0] ?? "", model) === sizeOf(value, model) ? sourceOf(value) : value;
  }
  // x + x is a sum of two activations, which happen to be one; x + f(x) is a function of x.
  const isOfFunctions = families.has(first) || families.has(second);
  return isOfFunctions && sourceOf(first) === sourceOf(second) ? sourceOf(first) : undefined;
}

function sizeOf(name: string, model: PreparedModel): number | undefined {
  const shape = model.shapes.get(name);
  return shape && elementCount(shape);
}

/** A value that stays float: between an operator and its clamp, or inside a chain of functions of one source. */
function isInside(name: string, model: PreparedModel, links: Links, families: Families): boolean {
  const only = soleConsumer(links, name);
  if (only && isFoldedClamp(only, model, links)) return true;
  const source = families.get(name);
  const readers = links.consumers.get(name) ?? [];
  if (source === undefined || links.outputs.has(name) || readers.length === 0) return false;
  return readers.every((reader) => families.get(reader.outputs[0] ?? "") === source);
}

/** A clamp directly behind an operator that bounds its result, and whose result nobody else reads. */
function isFoldedClamp(node: OnnxNode, model: PreparedModel, links: Links): boolean {
  if (classOf(node.opType) !== "clamp" || node.domain !== "") return false;
  const input = node.inputs[0] ?? "";
  const producer = links.producer.get(input);
  if (!producer || !takesClamp.has(producer.opType) || soleConsumer(links, input) !== node) return false;
  if (!elementwise.has(producer.opType)) return true;
  return !readsOneSource(producer) && !producer.inputs.some((name) => model.initializers.has(name));
}

/** x + x, x * x: a function of x. */
function readsOneSource(node: OnnxNode): boolean {
  return elementwise.has(node.opType) && node.inputs[0] === node.inputs[1];
}

function boundsOf(node: OnnxNode, model: PreparedModel): { readonly low: number; readonly high: number } {
  if (node.opType === "Relu") return { low: 0, high: Number.POSITIVE_INFINITY };
  const bound = (i: number): number | undefined => model.initializers.get(node.inputs[i] ?? "")?.data[0];
  return { low: bound(1) ?? Number.NEGATIVE_INFINITY, high: bound(2) ?? Number.POSITIVE_INFINITY };
}

/** Padding with zero keeps any parameters, since zero is always in range; another number may not be. */
function padsWithNumber(node: OnnxNode, model: PreparedModel): boolean {
  if (node.opType !== "Pad") return false;
  const value = node.inputs[2] ?? "";
  return value !== "" && model.initializers.get(value)?.data[0] !== 0;
}
