/** Broadcasting of the binary element-wise operators: equal shapes, one value per channel, or one value. */
import { must } from "../diagnostics.js";
import type { Tensor } from "../ir/graph.js";
import { channelCount, elementCount, rowCount, rowLength, type Shape, sameShape } from "../ir/shape.js";
import type { ReadRow, RowKernel, RowUse } from "./op.js";

/** How an operand follows the output: element by element, channel by channel, or as one value. */
export type Broadcast = "full" | "channel" | "scalar";

export function broadcastOf(operand: Shape, output: Shape): Broadcast | undefined {
  if (sameShape(operand, output)) return "full";
  const count = elementCount(operand);
  if (count === 1) return "scalar";
  return count === channelCount(output) && channelCount(operand) === count ? "channel" : undefined;
}

export function broadcastShape(inputs: readonly Tensor[]): Shape {
  const a = must(inputs[0], "first operand").shape;
  const b = must(inputs[1], "second operand").shape;
  return elementCount(a) >= elementCount(b) ? a : b;
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
  const [stepA = 0, stepB = 0] = modes.map((mode) => (mode === "scalar" ? 0 : 1));
  return (read: ReadRow, out, y) => {
    const a = read(0, modes[0] === "full" ? y : 0);
    const b = read(1, modes[1] === "full" ? y : 0);
    // Channel by channel where an operand repeats per pixel, else the row as one run.
    const run = modes.includes("channel") ? channels : length;
    for (let start = 0; start < length; start += run) {
      let atA = modes[0] === "full" ? start : 0;
      let atB = modes[1] === "full" ? start : 0;
      for (let i = start; i < start + run; i++) {
        out[i] = apply(a[atA] ?? 0, b[atB] ?? 0);
        atA += stepA;
        atB += stepB;
      }
    }
  };
}

export function broadcastRows(input: Tensor, output: Tensor): RowUse {
  return broadcastOf(input.shape, output.shape) === "full" && rowCount(output.shape) > 1
    ? { kind: "same" }
    : { kind: "all" };
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
    case "scalar":
      return { outer: 0, inner: 0 };
  }
}

/** The loop nest as one run where no operand repeats per pixel. */
export function flattenRuns<
  Layer extends {
    readonly outer: number;
    readonly inner: number;
    readonly a: BroadcastSteps;
    readonly b: BroadcastSteps;
  },
>(layer: Layer): Layer {
  const { outer, inner, a, b } = layer;
  const isPerChannel = (steps: BroadcastSteps): boolean => steps.outer === 0 && steps.inner === 1;
  return isPerChannel(a) || isPerChannel(b) ? layer : { ...layer, outer: 1, inner: outer * inner };
}
