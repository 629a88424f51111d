/**
 * Shifts in both spellings. A depthwise convolution whose kernels hold one weight each reads one place per channel: a `shift`,
 * and what the weight does to the value, a depthwise 1x1 - or nothing, where every value comes out as it went in. Pad, Slice
 * and Concat of one tensor, group by group, is a `shift` as it stands.
 */
import type { Numerics } from "../arith/numerics.js";
import { makeRequantize } from "../arith/requant.js";
import { must } from "../diagnostics.js";
import { freshTensorId } from "../ir/fresh-id.js";
import { type Graph, makeNodeId, type Node, producersOf, type Tensor, type TensorId, tensorOf } from "../ir/graph.js";
import { channelCount, sameShape } from "../ir/shape.js";
import { channelRequantScale } from "../ops/accumulator.js";
import { weightBlock } from "../ops/channel-pruning.js";
import { concat } from "../ops/concat.js";
import { type Conv2dAttrs, conv2d, convGeometry, isPlainDepthwise } from "../ops/conv2d.js";
import { type NodeView, quantOf, viewOf } from "../ops/op.js";
import { pad } from "../ops/pad.js";
import { type ShiftAttrs, shift } from "../ops/shift.js";
import { slice } from "../ops/slice.js";
import { dropUnusedTensors } from "./drop-unused-tensors.js";
import { joinOrigins } from "./join-origins.js";
import type { Pass } from "./pass.js";

export const recognizeShifts: Pass = {
  name: "recognize-shifts",
  why: "a depthwise kernel with one weight, or Pad, Slice, Concat, moves channels: no multiply-accumulates over a window",
  run(graph, { numerics }) {
    const notes: string[] = [];
    const tensors = new Map(graph.tensors);
    const producers = producersOf(graph);
    const nodes = graph.nodes.flatMap((node): readonly Node[] => {
      const parts = concat.is(node) ? fromParts(graph, producers, node) : undefined;
      if (parts) {
        notes.push(`%${node.id}: ${node.inputs.length} shifted parts of %${parts.inputs[0]}`);
        return [parts];
      }
      const split = conv2d.is(node) ? fromKernels(graph, tensors, node, numerics) : undefined;
      if (!split) return [node];
      notes.push(`%${node.id}: one weight per channel: ${split.map(({ kind }) => kind).join(" and ")}`);
      return split;
    });
    return notes.length === 0 ? { graph, notes } : { graph: dropUnusedTensors({ ...graph, tensors, nodes }), notes };
  },
};

// ---- depthwise convolutions with one weight per channel ----

interface OneHot {
  /** Distance and weight of each channel; distance 0 where the kernel is zero. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly weights: Int8Array;
}

function fromKernels(
  graph: Graph,
  tensors: Map<TensorId, Tensor>,
  node: Node<Conv2dAttrs>,
  numerics: Numerics,
): readonly Node[] | undefined {
  const view = viewOf(graph, node);
  const found = readKernels(view);
  if (!found) return undefined;
  const input = must(view.inputs[0], "input");
  const value = quantOf(input).zeroPoint;
  const attrs = { rows: found.rows, columns: found.columns, value };
  if (isCopy(view, found.weights, numerics)) return [{ ...node, kind: shift.kind, inputs: [input.id], attrs }];

  const weights = must(view.inputs[1], "weights");
  const kernel: Tensor = {
    ...weights,
    id: freshTensorId(tensors, `${weights.id}_1x1`),
    shape: [found.weights.length, 1, 1, 1],
    data: found.weights,
  };
  tensors.set(kernel.id, kernel);
  const pointwise = { ...node.attrs, dilations: [1, 1], pads: [0, 0, 0, 0] };
  const isMoved = [...found.rows, ...found.columns].some((distance) => distance !== 0);
  const rest = node.inputs.slice(2);
  if (!isMoved) return [{ ...node, inputs: [input.id, kernel.id, ...rest], attrs: pointwise }];
  const moved: Tensor = { ...input, id: freshTensorId(tensors, `${node.output}_shifted`) };
  tensors.set(moved.id, moved);
  const origin = { ...node.origin, label: `${node.origin.label} (shift)` };
  return [
    { id: makeNodeId(moved.id), kind: shift.kind, inputs: [input.id], output: moved.id, attrs, origin },
    { ...node, inputs: [moved.id, kernel.id, ...rest], attrs: pointwise },
  ];
}

function readKernels(view: NodeView<Conv2dAttrs>): OneHot | undefined {
  const g = convGeometry(view);
  const isSame = g.inH === g.outH && g.inW === g.outW && g.strideH === 1 && g.strideW === 1;
  if (!isPlainDepthwise(g) || !isSame || g.kernelH * g.kernelW === 1) return undefined;
  const { data, taps, outputs, zeroPoint } = weightBlock(must(view.inputs[1], "weights"));
  const rows: number[] = [];
  const columns: number[] = [];
  const weights = new Int8Array(outputs).fill(zeroPoint);
  for (let c = 0; c < outputs; c++) {
    let at: number | undefined;
    for (let tap = 0; tap < taps; tap++) {
      if (data[c * taps + tap] === zeroPoint) continue;
      if (at !== undefined) return undefined;
      at = tap;
    }
    rows.push(at === undefined ? 0 : Math.floor(at / g.kernelW) * g.dilationH - g.padTop);
    columns.push(at === undefined ? 0 : (at % g.kernelW) * g.dilationW - g.padLeft);
    if (at !== undefined) weights[c] = data[c * taps + at] ?? 0;
  }
  return { rows, columns, weights };
}

/** True where every channel's weight, bias and requantization give each of the 256 values back. */
function isCopy(view: NodeView<Conv2dAttrs>, weights: Int8Array, numerics: Numerics): boolean {
  const { clampMin: min, clampMax: max } = view.attrs;
  const zx = quantOf(must(view.inputs[0], "input")).zeroPoint;
  const zw = quantOf(must(view.inputs[1], "weights")).zeroPoint;
  const { zeroPoint } = quantOf(view.output);
  const known = new Map<string, boolean>();
  return weights.every((w, c) => {
    const bias = view.inputs[2]?.data?.[c] ?? 0;
    const scale = channelRequantScale(view, 1, c);
    const key = `${w} ${bias} ${scale}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const requantize = makeRequantize(numerics, { scale, zeroPoint, min, max });
    let same = true;
    for (let x = -128; same && x <= 127; x++) same = requantize((x - zx) * (w - zw) + bias) === x;
    known.set(key, same);
    return same;
  });
}

// ---- Pad, Slice, Concat ----

/** Channels [first, first + count) of `source`, moved. */
interface Part {
  readonly source: TensorId;
  readonly rows: number;
  readonly columns: number;
  readonly first: number;
  readonly count: number;
  /** Of a border, where there is one. */
  readonly value: number | undefined;
  readonly path: readonly Node[];
}

function fromParts(graph: Graph, producers: ReadonlyMap<TensorId, Node>, node: Node): Node | undefined {
  const { shape } = tensorOf(graph, node.output);
  if (shape.length !== 4 || node.attrs["axis"] !== 3) return undefined;
  const ways = node.inputs.map((id) => followPart(graph, producers, id));
  for (const { source } of ways[0] ?? []) {
    if (!sameShape(tensorOf(graph, source).shape, shape)) continue;
    const parts = ways.flatMap((way) => way.find((part) => part.source === source) ?? []);
    const attrs = parts.length === ways.length ? joinParts(parts, channelCount(shape)) : undefined;
    if (!attrs) continue;
    const path = [...new Set(parts.flatMap((part) => part.path))];
    return { ...node, kind: shift.kind, inputs: [source], attrs, origin: joinOrigins([...path, node]) };
  }
  return undefined;
}

/** Parts that follow each other through all channels of one tensor, some of them moved. */
function joinParts(parts: readonly Part[], channels: number): ShiftAttrs | undefined {
  let next = 0;
  for (const part of parts) {
    if (part.first !== next) return undefined;
    next += part.count;
  }
  const values = new Set(parts.flatMap(({ value }) => value ?? []));
  const isMoved = parts.some(({ rows, columns }) => rows !== 0 || columns !== 0);
  if (next !== channels || values.size > 1 || !isMoved) return undefined;
  const spread = (of: (part: Part) => number): readonly number[] =>
    parts.flatMap((part) => new Array<number>(part.count).fill(of(part)));
  return {
    rows: spread(({ rows }) => rows),
    columns: spread(({ columns }) => columns),
    value: [...values][0] ?? 0,
  };
}

/** A tensor as a part of each tensor above it, through slices of pixels and channels and borders around maps. */
function followPart(graph: Graph, producers: ReadonlyMap<TensorId, Node>, id: TensorId): readonly Part[] {
  const count = channelCount(tensorOf(graph, id).shape);
  let part: Part = { source: id, rows: 0, columns: 0, first: 0, count, value: undefined, path: [] };
  const way = [part];
  for (; ; way.push(part)) {
    const node = producers.get(part.source);
    const source = node?.inputs[0];
    if (!node || source === undefined) return way;
    const path = [node, ...part.path];
    if (slice.is(node)) {
      const { starts, ends, steps } = node.attrs;
      const whole = tensorOf(graph, source).shape;
      const cuts = [1, 2].some((axis) => starts[axis] !== 0 || ends[axis] !== whole[axis]);
      // What a slice behind a border's reader cut away would come back as the border's value: only channels may be cut there.
      if (steps.some((step) => step !== 1) || (part.value !== undefined && cuts)) return way;
      part = {
        ...part,
        source,
        rows: part.rows + (starts[1] ?? 0),
        columns: part.columns + (starts[2] ?? 0),
        first: part.first + (starts[3] ?? 0),
        path,
      };
    } else if (pad.is(node)) {
      const { before, after, value } = node.attrs;
      const isSpatial = [before[0], before[3], after[0], after[3]].every((amount) => amount === 0);
      if (!isSpatial || (part.value !== undefined && part.value !== value)) return way;
      part = {
        ...part,
        source,
        rows: part.rows - (before[1] ?? 0),
        columns: part.columns - (before[2] ?? 0),
        value,
        path,
      };
    } else return way;
  }
}
