/**
 * Functions of one activation that differ from place to place: element-wise operators with constant tensors, PRelu, and whatever
 * functions are applied before and after. Each distinct function is a table of its own.
 */
import { must } from "../../../diagnostics.js";
import { elementCount, type Shape } from "../../../ir/shape.js";
import { type Context, floatIsland, malformed, ofIntegers, unsupported } from "../context.js";
import { samePerm } from "../layout.js";
import type { OnnxTensor } from "../onnx-model.js";
import type { Places, TensorValue, UnaryValue, Value } from "../values.js";
import { broadcastDims, expandConstant } from "./fold.js";
import { expandActivation } from "./take.js";
import { joinLabels, limitChain } from "./unary.js";

export type Apply = (a: number, b: number) => number;

/** The index of tables is 16 bits wide. */
const maxFunctions = 32768;

/** A value as a function of an activation: its own if it is one. Undefined where it is none. */
function asUnary(context: Context, value: Value): UnaryValue | undefined {
  if (value.kind === "unary") return value;
  return value.kind === "tensor" && value.real
    ? {
        kind: "unary",
        source: value,
        results: context.assembler.realValues(value),
        nodes: [],
        label: "",
        integer: true,
      }
    : undefined;
}

/** A function of two functions of one activation is a function of it: x * HardSigmoid(x), x * Sigmoid(x). */
export function sameSource(context: Context, a: Value, b: Value, apply: Apply): UnaryValue | undefined {
  if (a.kind === "tensor" && b.kind === "tensor") return undefined;
  const left = asUnary(context, a);
  const right = asUnary(context, b);
  // A transposed view has the same source and pairs other elements.
  if (!left || !right || left.source.id !== right.source.id) return undefined;
  if (!samePerm(left.source.dims, right.source.dims) || !samePerm(left.source.perm, right.source.perm))
    return undefined;
  const { opType, name } = context.node;
  limitChain(context, left.nodes);
  limitChain(context, right.nodes);
  return {
    kind: "unary",
    source: left.source,
    ...combine(context, left, right, apply),
    nodes: [...new Set([...left.nodes, ...right.nodes, name])],
    label: joinLabels(left === right ? [left.label, opType] : [left.label, right.label, opType]),
    integer: false,
  };
}

/** apply(value, constant) element by element, where the constant broadcasts; a larger constant repeats the activation first. */
export function withConstant(context: Context, value: Value, constant: OnnxTensor, apply: Apply): UnaryValue {
  if (value.kind === "tensor" && !value.real) return ofIntegers(context);
  if (value.kind === "pending") return floatIsland(context, value);
  const left = asUnary(context, value);
  if (!left) return unsupported(context, "LWC1171", "its input is not quantized", "quantize in front of it");
  limitChain(context, left.nodes);
  const { opType, name } = context.node;
  const { dims } = left.source;
  const target =
    broadcastDims(dims, constant.dims) ??
    malformed(context, "LWC1182", `[${dims.join(",")}] and [${constant.dims.join(",")}] do not broadcast`);
  const source = expandActivation(context, left.source, target);
  const widened = { ...left, source, ...(left.places ? { places: widen(left.places, target.length) } : {}) };
  return {
    kind: "unary",
    source,
    ...combine(context, widened, constantFunctions(context, constant, target.length), apply),
    nodes: [...left.nodes, name],
    label: joinLabels([left.label, opType]),
    integer: false,
  };
}

type Functions = Pick<UnaryValue, "results" | "places">;

function widen({ dims, index }: Places, rank: number): Places {
  return { dims: [...new Array<number>(rank - dims.length).fill(1), ...dims], index };
}

/** A constant tensor as functions that do not depend on their argument, one per distinct value. */
function constantFunctions(context: Context, constant: OnnxTensor, rank: number): Functions {
  const numbers = new Map<number, number>();
  const index = Int32Array.from(constant.data, (value) => {
    const number = numbers.get(value) ?? numbers.size;
    numbers.set(value, number);
    return number;
  });
  limitFunctions(context, numbers.size);
  const results = new Float32Array(numbers.size * 256);
  for (const [value, number] of numbers) results.fill(value, number * 256, (number + 1) * 256);
  return { results, places: widen({ dims: constant.dims, index }, rank) };
}

/** apply(a, b) place by place; equal pairs of functions stay one. */
function combine(context: Context, a: Functions, b: Functions, apply: Apply): Functions {
  const join = (i: number, k: number): Float32Array =>
    Float32Array.from({ length: 256 }, (_, x) =>
      apply(must(a.results[256 * i + x], "result"), must(b.results[256 * k + x], "result")),
    );
  if (!a.places && !b.places) return { results: join(0, 0) };
  const dims = placeDims(a.places, b.places);
  const [left, right] = [spread(a.places, dims), spread(b.places, dims)];
  const pairs = new Map<number, number>();
  const parts: Float32Array[] = [];
  const index = left.map((i, at) => {
    const k = must(right[at], "place");
    const pair = i * maxFunctions + k;
    const known = pairs.get(pair);
    if (known !== undefined) return known;
    limitFunctions(context, pairs.size + 1);
    pairs.set(pair, parts.length);
    return parts.push(join(i, k)) - 1;
  });
  const results = new Float32Array(parts.length * 256);
  parts.forEach((part, i) => {
    results.set(part, i * 256);
  });
  return { results, places: { dims, index } };
}

function placeDims(a: Places | undefined, b: Places | undefined): Shape {
  return must(broadcastDims(a?.dims ?? [], b?.dims ?? []), "places of one activation broadcast");
}

/** Numbers of the functions over wider dims. */
function spread(places: Places | undefined, dims: Shape): Int32Array {
  if (!places) return new Int32Array(elementCount(dims));
  const tensor: OnnxTensor = { name: "", dtype: "int32", dims: places.dims, data: places.index };
  return Int32Array.from(expandConstant(tensor, dims).data);
}

function limitFunctions(context: Context, count: number): void {
  if (count > maxFunctions)
    unsupported(
      context,
      "LWC1186",
      `its constant makes more than ${maxFunctions} different functions of its input`,
      "use a constant of fewer different values, or leave the operator to the code around the network",
    );
}

/** The index of tables as the activation lies in memory: one per channel or per pixel where that says it, else one per element. */
export function indexInMemory(
  source: TensorValue,
  { dims, index }: Places,
  shape: Shape,
): { readonly shape: Shape; readonly index: Int32Array } {
  const rank = shape.length;
  const last = source.perm.indexOf(rank - 1);
  const isLast = (axis: number): boolean => axis === last;
  const isPerChannel = dims.every((dim, axis) => isLast(axis) || dim === 1);
  const isPerPixel = dims.every((dim, axis) => (isLast(axis) ? dim === 1 : dim === source.dims[axis]));
  const kept = isPerChannel || isPerPixel ? dims : source.dims;
  const spreadOut = spread({ dims, index }, kept);
  // Strides of the ONNX order, walked through in memory order.
  const memory = new Array<number>(rank).fill(1);
  const steps = new Array<number>(rank).fill(0);
  let stride = 1;
  for (let axis = rank - 1; axis >= 0; axis--) {
    memory[must(source.perm[axis], "axis")] = kept[axis] ?? 1;
    steps[must(source.perm[axis], "axis")] = stride;
    stride *= kept[axis] ?? 1;
  }
  const inMemory = new Int32Array(spreadOut.length);
  for (let i = 0; i < inMemory.length; i++) {
    let [rest, from] = [i, 0];
    for (let axis = rank - 1; axis >= 0; axis--) {
      const dim = memory[axis] ?? 1;
      from += (rest % dim) * (steps[axis] ?? 0);
      rest = Math.floor(rest / dim);
    }
    inMemory[i] = spreadOut[from] ?? 0;
  }
  return { shape: memory, index: inMemory };
}
