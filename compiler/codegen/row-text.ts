/** Row arithmetic of windows as C expressions; `y` is the name of the counter of output rows. */
import { firstRow, leavesInput, type RowWindow } from "../ops/row-window.js";

/** Input row of window row k, where the window has more than one; may leave the input unless the window is clamped. */
export function windowRowText(window: RowWindow, y: string, inRows: number, outRows: number): string {
  const first = firstRowText(window, y);
  const row = window.size === 1 ? first : `${first} + ${times("k", window.dilation)}`;
  return window.clamped && leavesInput(window, inRows, outRows) ? `lwc_clamp(${row}, 0, ${inRows - 1})` : row;
}

/** The last input row of the window; may leave the input. */
export function lastRowText(window: RowWindow, y: string): string {
  const reach = (window.size - 1) * window.dilation;
  const { divisor = 1 } = window;
  return divisor === 1 ? sum(times(y, window.stride), reach - window.padBefore) : sum(firstRowText(window, y), reach);
}

/** C divides towards zero: the dividend is raised by a multiple of the divisor until it cannot be negative. */
function firstRowText(window: RowWindow, y: string): string {
  const { stride, padBefore, divisor = 1 } = window;
  if (divisor === 1) return sum(times(y, stride), -padBefore);
  const raise = Math.max(0, -firstRow(window, 0));
  return sum(`(${sum(times(y, stride), raise * divisor - padBefore)} / ${divisor})`, -raise);
}

function times(name: string, factor: number): string {
  return factor === 1 ? name : `(${name} * ${factor})`;
}

function sum(term: string, constant: number): string {
  if (constant === 0) return term;
  return constant > 0 ? `(${term} + ${constant})` : `(${term} - ${-constant})`;
}
