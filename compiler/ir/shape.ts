/** Shapes of IR tensors: positive integers, NHWC where the rank is 4 (batch first, always 1). */
export type Shape = readonly number[];

/** Number of elements; 1 for a scalar. */
export function elementCount(shape: Shape): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/**
 * Number of rows in the sense of the row contract: the height of an NHWC tensor, 1 for every other rank. A row is
 * `elementCount / rowCount` consecutive elements: [W][C] for NHWC, the whole tensor otherwise.
 */
export function rowCount(shape: Shape): number {
  return shape.length === 4 ? (shape[1] ?? 1) : 1;
}

export function rowLength(shape: Shape): number {
  return elementCount(shape) / rowCount(shape);
}

/** Size of the innermost axis: the channels of an NHWC tensor, the features of a [1,C] tensor. */
export function channelCount(shape: Shape): number {
  return shape[shape.length - 1] ?? 1;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): readonly number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  }
  return strides;
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(",")}]`;
}
