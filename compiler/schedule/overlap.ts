/**
 * Which outputs may lie over an input that dies in their step, and how. A kernel that makes its rows from the first to the
 * last leaves a growing part of its input behind, and the output may grow into that part from below; one that makes them from
 * the last to the first lets it grow from above.
 */
import { must } from "../diagnostics.js";
import { type Graph, tensorOf } from "../ir/graph.js";
import { channelCount, elementCount, rowCount, rowLength } from "../ir/shape.js";
import { opOf } from "../ops/index.js";
import { rowsPerCall } from "../ops/kernel.js";
import { type RowUse, viewOf } from "../ops/op.js";
import { firstRow, lastRow } from "../ops/row-window.js";
import type { Step } from "./schedule.js";

/** Bytes between the starts of output and input that keep every input row until it was read for the last time. */
export interface SafeDistances {
  /** Rows first to last: offset(input) - offset(output) is at least this. */
  readonly forward: number;
  /** Rows last to first: offset(output) - offset(input) is at least this. */
  readonly backward: number;
}

/** Undefined where the kernel's order allows no overlap with input `input`. */
export function safeDistances(graph: Graph, step: Step, input: number): SafeDistances | undefined {
  const { call, node } = step;
  const view = viewOf(graph, node);
  const source = must(view.inputs[input], "input");
  if (!call || source.dtype !== "int8" || view.output.dtype !== "int8") return undefined;
  if (call.drive.kind === "flat" && call.drive.forwardPixels === undefined) return undefined;
  const uses = node.inputs.flatMap((id, i) => (id === source.id ? [opOf(node).rows(view, i)] : []));
  if (uses.some((use) => use.kind === "all")) return undefined;
  const inRow = rowLength(source.shape);
  const outRow = rowLength(view.output.shape);
  const inRows = rowCount(source.shape);
  let forward = blockDistance(graph, step, input);
  let backward = 0;
  // A call reads the rows of all its windows before the last of its output rows is written.
  const block = rowsPerCall(call);
  const outRows = rowCount(view.output.shape);
  for (let y = 0; y < outRows; y += block) {
    const end = Math.min(y + block, outRows);
    const oldest = Math.min(...uses.map((use) => oldestRow(use, y)));
    const newest = Math.max(...uses.map((use) => newestRow(use, end - 1, inRows)));
    forward = Math.max(forward, end * outRow - oldest * inRow);
    backward = Math.max(backward, (newest + 1) * inRow - y * outRow);
  }
  return { forward, backward };
}

/** The first input row that output row y, or any after it, reads. */
export function oldestRow(use: RowUse, y: number): number {
  if (use.kind === "same") return y;
  return use.kind === "window" ? Math.max(0, firstRow(use, y)) : 0;
}

/** The last input row that output row y, or any before it, reads; -1 where they read padding alone. */
export function newestRow(use: RowUse, y: number, inRows: number): number {
  if (use.kind === "same") return y;
  if (use.kind === "all") return inRows - 1;
  return Math.max(use.clamped ? 0 : -1, Math.min(inRows - 1, lastRow(use, y)));
}

/** The forward distance of a flat kernel, which reads blocks of pixels and not rows. */
function blockDistance(graph: Graph, step: Step, input: number): number {
  const drive = must(step.call, "call").drive;
  if (drive.kind !== "flat") return 0;
  const block = drive.forwardPixels ?? 1;
  const output = tensorOf(graph, step.output);
  const source = tensorOf(graph, must(step.node.inputs[input], "input"));
  const outPixel = channelCount(output.shape);
  const inPixel = elementCount(source.shape) / (elementCount(output.shape) / outPixel);
  const pixels = elementCount(output.shape) / outPixel;
  let distance = 0;
  for (let first = 0; first < pixels; first += block) {
    distance = Math.max(distance, Math.min(first + block, pixels) * outPixel - first * inPixel);
  }
  return distance;
}
