/** Windows of input rows: which rows an output row of a convolution, pool or resize needs. */

/**
 * Rows floor((y * stride - padBefore) / divisor) + k * dilation for k in [0, size), for output row y. `divisor` is absent (1)
 * for everything that keeps or shrinks the height; an operator that grows it by `divisor` reads a window for several rows.
 */
export interface RowWindow {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padBefore: number;
  readonly divisor?: number;
  /**
   * Set where the nearest row of the input stands in for one outside it; elsewhere that is a row of padding. The first row of
   * such a window never lies behind the last row of the input.
   */
  readonly clamped?: true;
}

/** Row k = 0 of the window of output row y; may lie outside the input. Never falls as y grows. */
export function firstRow({ stride, padBefore, divisor = 1 }: RowWindow, y: number): number {
  return Math.floor((y * stride - padBefore) / divisor);
}

/** Row k = size - 1 of the window of output row y; may lie outside the input. */
export function lastRow(window: RowWindow, y: number): number {
  return firstRow(window, y) + (window.size - 1) * window.dilation;
}

/** The windows of `rows` output rows, one behind the other, as one: that of the first of them. Undilated where there are several. */
export function windowOfRows(window: RowWindow, rows: number): RowWindow {
  return rows === 1 ? window : { ...window, size: window.size + (rows - 1) * window.stride };
}

/** True where some row of the windows of `outRows` output rows lies outside the input. */
export function leavesInput(window: RowWindow, inRows: number, outRows: number): boolean {
  return firstRow(window, 0) < 0 || lastRow(window, outRows - 1) >= inRows;
}
