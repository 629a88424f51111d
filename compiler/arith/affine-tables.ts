/**
 * Integer forms of tables: y = (x * mult + offset) >> shift, equal to a 256-entry table in every entry. What constants that differ
 * from channel to channel (a scale, an offset, a slope) make of one value is mostly such a line, or two of them.
 */
import { must } from "../diagnostics.js";

/** y = clamp((x * mult + offset) >> shift) for x of a piece; 128 * |mult| + |offset| < 2^31. */
export interface Line {
  readonly mult: number;
  readonly offset: number;
}

/** Tables as lines with a common shift and common bounds; `pivot` parts each into a piece below it and one from it on. */
export interface AffineTables {
  readonly shift: number;
  /** First x of the second piece; -128 where there is one piece. */
  readonly pivot: number;
  /** Per table: one line, or that below the pivot and that from it on. */
  readonly lines: readonly (readonly Line[])[];
  readonly min: number;
  readonly max: number;
}

/** The tables as lines, proven in every entry; undefined where some table is none. `pivot`: where a function may have its corner. */
export function fitAffine(tables: readonly Int8Array[], pivot: number): AffineTables | undefined {
  const min = tables.reduce((low, table) => table.reduce((a, b) => Math.min(a, b), low), 127);
  const max = tables.reduce((high, table) => table.reduce((a, b) => Math.max(a, b), high), -128);
  for (const corner of pivot > -128 ? [-128, pivot] : [-128]) {
    const pieces: readonly Piece[] =
      corner === -128
        ? [{ from: -128, to: 127 }]
        : [
            { from: -128, to: corner - 1 },
            { from: corner, to: 127 },
          ];
    for (const shift of [20, 16, 22, 12]) {
      const lines: (readonly Line[])[] = [];
      for (const table of tables) {
        const fitted = pieces.flatMap((piece) => fitLine(table, piece, shift, { min, max }) ?? []);
        if (fitted.length < pieces.length) break;
        lines.push(fitted);
      }
      if (lines.length === tables.length) return { shift, pivot: corner, lines, min, max };
    }
  }
  return undefined;
}

/** The form, as C computes it. */
export function applyAffine(form: AffineTables, table: number, x: number): number {
  const lines = must(form.lines[table], "lines of a table");
  const { mult, offset } = must(lines[x >= form.pivot ? lines.length - 1 : 0], "line");
  return Math.min(form.max, Math.max(form.min, (x * mult + offset) >> form.shift));
}

interface Piece {
  readonly from: number;
  readonly to: number;
}

/**
 * Of all lines of slope mult the offsets of those that meet every entry are an interval, whose width is concave in mult: a
 * ternary search finds a mult with a non-empty interval if there is one.
 */
function fitLine(
  table: Int8Array,
  { from, to }: Piece,
  shift: number,
  bounds: { readonly min: number; readonly max: number },
): Line | undefined {
  const unit = 2 ** shift;
  const interval = (mult: number): { readonly low: number; readonly high: number } => {
    let low = Number.NEGATIVE_INFINITY;
    let high = Number.POSITIVE_INFINITY;
    for (let x = from; x <= to; x++) {
      const y = table[x + 128] ?? 0;
      if (y > bounds.min) low = Math.max(low, y * unit - x * mult);
      if (y < bounds.max) high = Math.min(high, (y + 1) * unit - 1 - x * mult);
    }
    return { low, high };
  };
  const level = interval(0);
  if (level.low <= level.high) return { mult: 0, offset: pick(level.low, level.high) };
  const limit = 2 ** 30 / 128;
  let [left, right] = [-limit, limit];
  while (right - left > 2) {
    const third = Math.floor((right - left) / 3);
    const [a, b] = [interval(left + third), interval(right - third)];
    if (a.high - a.low < b.high - b.low) left += third;
    else right -= third;
  }
  for (let mult = left; mult <= right; mult++) {
    const { low, high } = interval(mult);
    if (low > high) continue;
    const offset = pick(low, high);
    if (128 * Math.abs(mult) + Math.abs(offset) < 2 ** 31) return { mult, offset };
  }
  return undefined;
}

/** The middle of an interval that may be open. */
function pick(low: number, high: number): number {
  if (!Number.isFinite(low)) return Number.isFinite(high) ? high : 0;
  return Number.isFinite(high) ? Math.floor((low + high) / 2) : low;
}
