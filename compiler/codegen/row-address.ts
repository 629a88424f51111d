/** Where a row of a tensor in flight lies, as C: a ring is base plus row number modulo length, anything else a table of offsets. */
import { must } from "../diagnostics.js";
import { type TensorId, tensorOf } from "../ir/graph.js";
import { rowLength } from "../ir/shape.js";
import { offsetInRegion, type Program } from "../schedule/schedule.js";

export type RowAddress =
  /** Row y at base + ((y + shift) % rows) * row bytes; the base is `shift` rows in front of row 0. */
  | { readonly kind: "ring"; readonly rows: number; readonly shift: number }
  /** Row y at the offset number y % offsets.length, or y where there are as many offsets as rows. */
  | { readonly kind: "table"; readonly offsets: readonly number[]; readonly isFull: boolean };

/** How the rows of each tensor in flight are found; those of parts of others are found by these. */
export function rowAddresses({ graph, arena, schedule }: Program): ReadonlyMap<TensorId, RowAddress> {
  return new Map(
    Array.from(arena.places).flatMap(([id, place]): (readonly [TensorId, RowAddress])[] => {
      if (place.kind !== "arena" || place.rowOffsets === undefined || schedule.parts.has(id)) return [];
      const offsets = place.rowOffsets.map((offset) => offsetInRegion(arena, offset));
      return [[id, rowAddress(offsets, rowLength(tensorOf(graph, id).shape))]];
    }),
  );
}

/** `offsets`: of each row. */
function rowAddress(offsets: readonly number[], rowBytes: number): RowAddress {
  const period = periodOf(offsets);
  const base = Math.min(...offsets);
  const shift = (must(offsets[0], "row") - base) / rowBytes;
  const isRing = offsets.every((offset, y) => offset === base + ((y + shift) % period) * rowBytes);
  if (isRing) return { kind: "ring", rows: period, shift };
  return { kind: "table", offsets: offsets.slice(0, period), isFull: period === offsets.length };
}

/** The least number of rows after which the offsets repeat; all of them where that saves less than half. */
function periodOf(offsets: readonly number[]): number {
  for (let period = 1; 2 * period <= offsets.length; period++) {
    if (offsets.every((offset, y) => offset === offsets[y % period])) return period;
  }
  return offsets.length;
}

/** The integer type of a table. */
export function tableType(offsets: readonly number[]): "uint16_t" | "uint32_t" {
  return Math.max(...offsets) <= 0xffff ? "uint16_t" : "uint32_t";
}
