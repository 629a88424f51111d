/** Broadcasting of the element-wise operators: equal shapes, one value per channel, one per pixel, or one value. */
import { must } from "../diagnostics.js";
import type { Tensor } from "../ir/graph.js";
import { channelCount, elementCount, rowCount, rowLength, type Shape, sameShape } from "../ir/shape.js";
import type { StructLiteral } from "./kernel.js";
import type { ReadRow, RowKernel, RowUse } from "./op.js";

/** How an operand follows the output: element by element, channel by channel, pixel by pixel (innermost axis of length 1), or as one value. */
export type Broadcast = "full" | "channel" | "pixel" | "scalar";

export function broadcastOf(operand: Shape, output: Shape): Broadcast | undefined {
  if (sameShape(operand, output)) return "full";
  const count = elementCount(operand);
  if (count === 1) return "scalar";
  if (count === channelCount(output) && channelCount(operand) === count) return "channel";
  const isPixel = sameShape(operand, [...output.slice(0, -1), 1]);
  return isPixel ? "pixel" : undefined;
}

/** The shape of the operand with the most elements, the first of equals: that of the result. */
export function broadcastShape(inputs: readonly Tensor[]): Shape {
  return inputs.reduce(
    (largest, { shape }) => (elementCount(shape) > elementCount(largest) ? shape : largest),
    must(inputs[0], "first operand").shape,
  );
}

export function verifyBroadcast(inputs: readonly Tensor[], output: Tensor): readonly string[] {
  const problems = inputs.filter((operand) => broadcastOf(operand.shape, output.shape) === undefined);
  return problems.map((operand) => `[${operand.shape.join(",")}] does not broadcast to [${output.shape.join(",")}]`);
}

/** Row kernel of a binary function under broadcasting. */
export function binaryReference(
  inputs: readonly Tensor[],
  output: Tensor,
  apply: (a: number, b: number) => number,
): RowKernel {
  const length = rowLength(output.shape);
  const channels = channelCount(output.shape);
  const modes = inputs.map((operand) => must(broadcastOf(operand.shape, output.shape), "broadcast"));
  const [stepA = 0, stepB = 0] = modes.map((mode) => (mode === "full" || mode === "channel" ? 1 : 0));
  const alongRows = modes.map((mode) => mode === "full" || mode === "pixel");
  return (read: ReadRow, out, y) => {
    const a = read(0, alongRows[0] === true ? y : 0);
    const b = read(1, alongRows[1] === true ? y : 0);
    // Channel by channel where an operand repeats from pixel to pixel or within one, else the row as one run.
    const run = modes.includes("channel") || modes.includes("pixel") ? channels : length;
    for (let start = 0; start < length; start += run) {
      let atA = startOf(modes[0], start, channels);
      let atB = startOf(modes[1], start, channels);
      for (let i = start; i < start + run; i++) {
        out[i] = apply(a[atA] ?? 0, b[atB] ?? 0);
        atA += stepA;
        atB += stepB;
      }
    }
  };
}

/** Where the elements of an operand start that belong to those of a row from `start` on. */
function startOf(mode: Broadcast | undefined, start: number, channels: number): number {
  if (mode === "full") return start;
  return mode === "pixel" ? start / channels : 0;
}

export function broadcastRows(input: Tensor, output: Tensor): RowUse {
  const mode = broadcastOf(input.shape, output.shape);
  return (mode === "full" || mode === "pixel") && rowCount(output.shape) > 1 ? { kind: "same" } : { kind: "all" };
}

/** Steps of an operand in the loop nest [outer][channels] of the C kernels, in elements. */
export interface BroadcastSteps {
  readonly outer: number;
  readonly inner: number;
}

export function broadcastSteps(operand: Tensor, output: Tensor): BroadcastSteps {
  switch (must(broadcastOf(operand.shape, output.shape), "broadcast")) {
    case "full":
      return { outer: channelCount(output.shape), inner: 1 };
    case "channel":
      return { outer: 0, inner: 1 };
    case "pixel":
      return { outer: 1, inner: 0 };
    case "scalar":
      return { outer: 0, inner: 0 };
  }
}

/** The loop nest [outer][inner] over the output, and what each operand does in it. */
export interface LoopNest {
  readonly outer: number;
  readonly inner: number;
  readonly a: BroadcastSteps;
  readonly b: BroadcastSteps;
}

/** That of an operator with two activations. */
export function loopNest([a, b]: readonly Tensor[], output: Tensor): LoopNest {
  const inner = channelCount(output.shape);
  return {
    outer: elementCount(output.shape) / inner,
    inner,
    a: broadcastSteps(must(a, "first operand"), output),
    b: broadcastSteps(must(b, "second operand"), output),
  };
}

/** The fields that the parameters of every such kernel begin with. */
export function loopFields({ outer, inner, a, b }: LoopNest): StructLiteral {
  return { outer, inner, a_outer: a.outer, a_inner: a.inner, b_outer: b.outer, b_inner: b.inner };
}

/** The loop nest as one run where each operand is one value, or as long as the output. */
export function flattenRuns<Layer extends LoopNest>(layer: Layer): Layer {
  const { outer, inner, a, b } = layer;
  const isRun = (steps: BroadcastSteps): boolean =>
    (steps.outer === 0 && steps.inner === 0) || (steps.outer === inner && steps.inner === 1);
  return isRun(a) && isRun(b) ? { ...layer, outer: 1, inner: outer * inner } : layer;
}
