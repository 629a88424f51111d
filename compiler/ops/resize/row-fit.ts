/**
 * Rows of a resize as a window: a table of input rows, one per output row, becomes the line floor((y * stride - pad) / divisor)
 * under it and what the table lies above that line.
 */
import { invariant, must } from "../../diagnostics.js";
import type { RowWindow } from "../row-window.js";

export interface RowFit {
  readonly window: RowWindow;
  /** Row of the window that output row y reads first. */
  readonly picks: readonly number[];
}

/**
 * `first[y]`: the input row that output row y reads; where needsNext(y), the one behind it too. `scale`: rows of output per
 * row of input. The line with the smallest window wins; there always is one, since a constant line under everything is tried.
 */
export function fitRows(
  first: readonly number[],
  inRows: number,
  scale: number,
  next: ((y: number) => boolean) | undefined,
): RowFit {
  const slopes = [
    [inRows, first.length] as const,
    ...(first.length > 1 ? [[inRows - 1, first.length - 1] as const] : []),
    nearFraction(1 / scale),
    [0, 1] as const,
  ];
  const fits = slopes.map(([a, b]) => fitLine(first, a, b, next));
  return fits.reduce((best, fit) => (fit.window.size < best.window.size ? fit : best));
}

function fitLine(
  first: readonly number[],
  numerator: number,
  denominator: number,
  next: ((y: number) => boolean) | undefined,
): RowFit {
  const common = gcd(numerator, denominator);
  const [stride, divisor] = [numerator / common, denominator / common];
  // The highest line that nowhere passes the table.
  const padBefore = Math.max(...first.map((row, y) => y * stride - divisor * (row + 1))) + 1;
  const picks = first.map((row, y) => {
    const line = Math.floor((y * stride - padBefore) / divisor);
    invariant(line <= row, "the line is under the table");
    // In front of the first row the first row stands in.
    return line < 0 && row === 0 && next?.(y) !== true ? 0 : row - line;
  });
  const size = Math.max(...picks) + (next ? 2 : 1);
  const window = {
    size,
    stride,
    dilation: 1,
    padBefore,
    ...(divisor === 1 ? {} : { divisor }),
    clamped: true as const,
  };
  return { window, picks };
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Denominators beyond it make no line that a smaller one does not. */
const largestDenominator = 4096;

/** The best fraction of a small denominator: convergents of the continued fraction. */
function nearFraction(value: number): readonly [number, number] {
  let [p, q, previousP, previousQ] = [Math.floor(value), 1, 1, 0];
  let rest = value - p;
  while (rest > 1e-7) {
    const digit = Math.floor(1 / rest);
    rest = 1 / rest - digit;
    if (digit * q + previousQ > largestDenominator) break;
    [p, previousP] = [digit * p + previousP, p];
    [q, previousQ] = [digit * q + previousQ, q];
  }
  return [must(p, "numerator"), q];
}
