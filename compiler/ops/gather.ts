/** Data movement by index: what transpose, slice and pad share in the reference interpreter. */
import { must } from "../diagnostics.js";
import type { Tensor } from "../ir/graph.js";
import { elementCount, rowLength, type Shape, stridesOf } from "../ir/shape.js";
import type { RowKernel } from "./op.js";

/**
 * For each output element its input element, or -1 outside: input coordinate of axis i is start[i] + step[i] * (output
 * coordinate of axis `from[i]`).
 */
export function gatherMap(
  input: Shape,
  output: Shape,
  axes: readonly { readonly from: number; readonly start: number; readonly step: number }[],
): Int32Array {
  const map = new Int32Array(elementCount(output));
  const outStrides = stridesOf(output);
  const inStrides = stridesOf(input);
  for (let index = 0; index < map.length; index++) {
    let at = 0;
    axes.forEach(({ from, start, step }, axis) => {
      const coordinate =
        start + step * (Math.floor(index / must(outStrides[from], "stride")) % must(output[from], "dim"));
      const inside = coordinate >= 0 && coordinate < must(input[axis], "dim");
      at = at < 0 || !inside ? -1 : at + coordinate * must(inStrides[axis], "stride");
    });
    map[index] = at;
  }
  return map;
}

/** Copies by the map; `fill` where it says -1. */
export function gatherReference(map: Int32Array, input: Tensor, output: Tensor, fill: number): RowKernel {
  const inLength = rowLength(input.shape);
  const outLength = rowLength(output.shape);
  return (read, out, y) => {
    let row = -1;
    let values: ArrayLike<number> = [];
    for (let i = 0; i < outLength; i++) {
      const at = map[y * outLength + i] ?? -1;
      if (at < 0) {
        out[i] = fill;
        continue;
      }
      const wanted = Math.floor(at / inLength);
      if (wanted !== row) {
        row = wanted;
        values = read(0, row);
      }
      out[i] = values[at - row * inLength] ?? 0;
    }
  };
}

/** The loop nest of lwc_copy_s8: sizes and input strides of at most five axes around a contiguous run, outermost first. */
export interface CopyNest {
  readonly dims: readonly number[];
  readonly inStrides: readonly number[];
  readonly outStrides: readonly number[];
  readonly inOffset: number;
  readonly outOffset: number;
  readonly run: number;
}

/** Nested loops that copy `dims` elements; drops axes of length 1 and merges those that are contiguous on both sides. */
export function copyNest(
  dims: readonly number[],
  inStrides: readonly number[],
  outStrides: readonly number[],
  inOffset: number,
  outOffset: number,
): CopyNest {
  const merged: { dim: number; input: number; output: number }[] = [];
  dims.forEach((dim, axis) => {
    if (dim === 1) return;
    const next = { dim, input: must(inStrides[axis], "stride"), output: must(outStrides[axis], "stride") };
    const last = merged.at(-1);
    if (last && last.input === next.input * dim && last.output === next.output * dim) {
      merged[merged.length - 1] = { dim: last.dim * dim, input: next.input, output: next.output };
    } else {
      merged.push(next);
    }
  });
  const inner = merged.at(-1);
  const contiguous = inner?.input === 1 && inner.output === 1;
  const loops = contiguous ? merged.slice(0, -1) : merged;
  return {
    dims: loops.map((loop) => loop.dim),
    inStrides: loops.map((loop) => loop.input),
    outStrides: loops.map((loop) => loop.output),
    inOffset,
    outOffset,
    run: contiguous ? (inner?.dim ?? 1) : 1,
  };
}
