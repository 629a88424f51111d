/**
 * Layouts: an ONNX value is an IR tensor whose axes may lie in another order. Transposes only change that order; a reshape
 * is free when it splits or merges axes that are neighbours in memory.
 */
import { must } from "../../diagnostics.js";
import { elementCount, type Shape } from "../../ir/shape.js";

/** Where ONNX axis i lies: NCHW stored as NHWC. */
export const nhwc: readonly number[] = [0, 3, 1, 2];

export function identity(rank: number): readonly number[] {
  return Array.from({ length: rank }, (_, axis) => axis);
}

/** Shape in memory of a value with these ONNX dims. */
export function memoryShape(dims: Shape, perm: readonly number[]): Shape {
  const shape = new Array<number>(dims.length).fill(1);
  dims.forEach((dim, axis) => {
    shape[must(perm[axis], "axis")] = dim;
  });
  return shape;
}

export function samePerm(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i]);
}

/** Axes of the transpose that brings a tensor from layout `from` to layout `to`: output axis j is input axis result[j]. */
export function transposeAxes(from: readonly number[], to: readonly number[]): readonly number[] {
  const axes = new Array<number>(from.length).fill(0);
  to.forEach((target, i) => {
    axes[target] = must(from[i], "axis");
  });
  return axes;
}

/** True when a transpose moves no two axes longer than 1 past each other. */
export function isFreeTranspose(shape: Shape, axes: readonly number[]): boolean {
  const moved = axes.filter((axis) => (shape[axis] ?? 1) > 1);
  return moved.every((axis, i) => i === 0 || axis > (moved[i - 1] ?? -1));
}

interface Group {
  /** Axes longer than 1, in ONNX order. */
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/**
 * Layout of the result of a reshape that leaves the bytes where they are; undefined when it cannot. Axes of length 1 of the
 * result come first in memory.
 */
export function reshapeLayout(dims: Shape, perm: readonly number[], target: Shape): readonly number[] | undefined {
  if (elementCount(dims) !== elementCount(target)) return undefined;
  const groups = groupAxes(dims, target);
  const groupAt = new Map<number, Group>();
  const order = perm
    .map((memory, axis) => ({ memory, axis }))
    .filter(({ axis }) => (dims[axis] ?? 1) > 1)
    .sort((a, b) => a.memory - b.memory)
    .map(({ axis }) => axis);
  for (const group of groups) {
    const at = order.indexOf(group.from[0] ?? -1);
    if (!group.from.every((axis, i) => order[at + i] === axis)) return undefined;
    groupAt.set(must(group.from[0], "group"), group);
  }
  const inMemory = [
    ...identity(target.length).filter((axis) => target[axis] === 1),
    ...order.flatMap((axis) => groupAt.get(axis)?.to ?? []),
  ];
  const result = new Array<number>(target.length).fill(0);
  inMemory.forEach((axis, memory) => {
    result[axis] = memory;
  });
  return result;
}

/** The layout with these ONNX axes side by side in memory, where the first of them lies; the others keep their order. */
export function withNeighbours(perm: readonly number[], axes: readonly number[]): readonly number[] {
  const inMemory = [...identity(perm.length)].sort((a, b) => (perm[a] ?? 0) - (perm[b] ?? 0));
  const group = inMemory.filter((axis) => axes.includes(axis));
  const first = inMemory.indexOf(group[0] ?? -1);
  const order = [
    ...inMemory.slice(0, first),
    ...group,
    ...inMemory.slice(first).filter((axis) => !axes.includes(axis)),
  ];
  const result = new Array<number>(perm.length).fill(0);
  order.forEach((axis, at) => {
    result[axis] = at;
  });
  return result;
}

/**
 * Layout of the input that makes a reshape free with the least movement: axes that the reshape merges lie side by side, in
 * ONNX order, where the first of them was in memory.
 */
export function layoutForReshape(dims: Shape, perm: readonly number[], target: Shape): readonly number[] {
  const memory = (axis: number): number => perm[axis] ?? 0;
  const groups = groupAxes(dims, target)
    .map(({ from }) => ({ from, first: Math.min(...from.map(memory)) }))
    .sort((a, b) => a.first - b.first);
  const long = groups.flatMap(({ from }) => from);
  const ones = identity(dims.length).filter((axis) => !long.includes(axis));
  const result = new Array<number>(dims.length).fill(0);
  [...ones, ...long].forEach((axis, at) => {
    result[axis] = at;
  });
  return result;
}

/** Pairs runs of axes with equal products. */
function groupAxes(from: Shape, to: Shape): readonly Group[] {
  const long = (shape: Shape): number[] => identity(shape.length).filter((axis) => (shape[axis] ?? 1) > 1);
  const left = long(from);
  const right = long(to);
  const groups: Group[] = [];
  while (left.length > 0 && right.length > 0) {
    const a = [must(left.shift(), "axis")];
    const b = [must(right.shift(), "axis")];
    let productA = from[a[0] ?? 0] ?? 1;
    let productB = to[b[0] ?? 0] ?? 1;
    while (productA !== productB) {
      if (productA < productB) {
        const axis = must(left.shift(), "axis");
        a.push(axis);
        productA *= from[axis] ?? 1;
      } else {
        const axis = must(right.shift(), "axis");
        b.push(axis);
        productB *= to[axis] ?? 1;
      }
    }
    groups.push({ from: a, to: b });
  }
  return groups;
}
