/**
 * Convolutions in a simpler form, which has faster kernels. A transposed convolution with stride 1 is an ordinary one: its
 * kernel turned by half a circle, over a border of what the kernel reaches less what was cut off. Taps that meet nothing but
 * padding, as eight of a 3x3 kernel on a 1x1 map do, are no taps.
 */
import { must } from "../diagnostics.js";
import { consumersOf, type Graph, type Node } from "../ir/graph.js";
import { weightBlock } from "../ops/channel-pruning.js";
import {
  type ConvTranspose2dAttrs,
  convTranspose2d,
  type TransposedAxis,
  transposedAxis,
} from "../ops/conv_transpose2d.js";
import { selectTaps } from "../ops/conv2d/taps.js";
import { type Conv2dAttrs, conv2d, convGeometry } from "../ops/conv2d.js";
import { viewOf } from "../ops/op.js";
import { dropUnusedTensors } from "./drop-unused-tensors.js";
import type { Pass } from "./pass.js";
import { replaceConstants } from "./replace-constants.js";

export const simplifyConvs: Pass = {
  name: "simplify-convs",
  why: "a transposed convolution with stride 1 is an ordinary one, and taps that meet only padding are none",
  run(graph) {
    const notes: string[] = [];
    const tensors = new Map(graph.tensors);
    const consumers = consumersOf(graph);
    const rewrite = (node: Node, form: Form): Node => {
      const weights = weightBlock(must(viewOf(graph, node).inputs[1], "weights"));
      const constants = [selectTaps(weights, form.rows, form.columns)];
      const { inputs } = replaceConstants(graph, consumers, tensors, node, constants);
      notes.push(`%${node.id}: ${form.note}`);
      return { ...node, kind: conv2d.kind, inputs: [...inputs, ...node.inputs.slice(2)], attrs: form.attrs };
    };
    const nodes = graph.nodes.map((node) => {
      const form = convTranspose2d.is(node) ? turned(graph, node) : conv2d.is(node) ? trimmed(graph, node) : undefined;
      return form ? rewrite(node, form) : node;
    });
    return notes.length === 0 ? { graph, notes } : { graph: dropUnusedTensors({ ...graph, tensors, nodes }), notes };
  },
};

/** The convolution that a node becomes. */
interface Form {
  /** The rows and columns of its kernel, as those of the old one. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly attrs: Conv2dAttrs;
  readonly note: string;
}

/**
 * A transposed convolution multiplies for each pixel of its input, an ordinary one for each of its output, at a fifth of the
 * cycles or less on every core (targets/*.json).
 */
const LARGEST_GROWTH = 3;

function growth(axes: readonly TransposedAxis[]): number {
  return axes.reduce((product, { input, output }) => (product * output) / input, 1);
}

const countdown = (size: number): readonly number[] => Array.from({ length: size }, (_, i) => size - 1 - i);

function turned(graph: Graph, node: Node<ConvTranspose2dAttrs>): Form | undefined {
  const view = viewOf(graph, node);
  const axes = [transposedAxis(view, 0), transposedAxis(view, 1)];
  const { groups, dilations, pads, clampMin, clampMax } = node.attrs;
  // A single input pixel has no distance to the next one.
  if (axes.some(({ stride, input }) => stride !== 1 && input !== 1)) return undefined;
  const border = (axis: TransposedAxis): readonly [number, number] => {
    const reach = (axis.kernel - 1) * axis.dilation;
    const before = reach - axis.padBefore;
    return [before, axis.output + reach - axis.input - before];
  };
  const [vertical, horizontal] = [border(must(axes[0], "axis")), border(must(axes[1], "axis"))];
  const borders = [vertical[0], horizontal[0], vertical[1], horizontal[1]];
  if (borders.some((amount) => amount < 0) || growth(axes) > LARGEST_GROWTH) return undefined;
  return {
    rows: countdown(must(axes[0], "axis").kernel),
    columns: countdown(must(axes[1], "axis").kernel),
    attrs: { groups, strides: [1, 1], dilations, pads: borders, clampMin, clampMax },
    note: `no stride: a convolution with its kernel turned around, pads [${pads.join(",")}] became [${borders.join(",")}]`,
  };
}

/** One axis of a convolution. */
interface Axis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
}

function trimmed(graph: Graph, node: Node<Conv2dAttrs>): Form | undefined {
  const g = convGeometry(viewOf(graph, node));
  const vertical = trim({
    input: g.inH,
    output: g.outH,
    kernel: g.kernelH,
    stride: g.strideH,
    dilation: g.dilationH,
    before: g.padTop,
  });
  const horizontal = trim({
    input: g.inW,
    output: g.outW,
    kernel: g.kernelW,
    stride: g.strideW,
    dilation: g.dilationW,
    before: g.padLeft,
  });
  if (vertical.taps.length === g.kernelH && horizontal.taps.length === g.kernelW) return undefined;
  const pads = [vertical.before, horizontal.before, vertical.after, horizontal.after];
  const size = `${vertical.taps.length}x${horizontal.taps.length}`;
  return {
    rows: vertical.taps,
    columns: horizontal.taps,
    attrs: { ...node.attrs, pads },
    note: `the other taps of its ${g.kernelH}x${g.kernelW} kernel meet only padding: ${size}`,
  };
}

interface Trimmed {
  readonly taps: readonly number[];
  readonly before: number;
  readonly after: number;
}

/** The taps from the first to the last that meet some of the input, and the padding that they need. */
function trim(axis: Axis): Trimmed {
  const { input, output, kernel, stride, dilation } = axis;
  const meets = (tap: number): boolean =>
    Array.from({ length: output }, (_, y) => y * stride - axis.before + tap * dilation).some(
      (at) => at >= 0 && at < input,
    );
  const all = Array.from({ length: kernel }, (_, tap) => tap);
  // Padding is at least 0: taps that would leave less stay.
  const most = Math.floor(axis.before / dilation);
  const first = Math.min(Math.max(0, all.findIndex(meets)), most, kernel - 1);
  const before = axis.before - first * dilation;
  for (let last = Math.max(first, all.findLastIndex(meets)); ; last++) {
    const reach = (last - first) * dilation + 1;
    const after = Math.max(0, (output - 1) * stride + reach - input - before);
    if (last === kernel - 1 || Math.floor((input + before + after - reach) / stride) + 1 === output)
      return { taps: all.slice(first, last + 1), before, after };
  }
}
