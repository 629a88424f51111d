/** A picture of a stream: rows as they are made from left to right, places in the pool from bottom to top, a box per row. */
import { commentText as printable } from "../../codegen/c-comment.js";
import { escapeHtml } from "./escape-html.js";
import type { RowsInFlight, StreamReport } from "./row-lives.js";
import { byteLine, openSvg, px } from "./svg.js";
import { group } from "./text.js";

const plot = { left: 80, top: 10, height: 240, bottom: 30 } as const;
const minWidth = 800;
const minEventWidth = 3;

export function streamSvg({ pool_bytes: bytes, rows_made: events, rows }: StreamReport): string {
  const width = Math.max(minWidth, events * minEventWidth);
  const total = { width: plot.left + width + 10, height: plot.top + plot.height + plot.bottom };
  const x = (event: number): number => plot.left + (event * width) / Math.max(1, events);
  const y = (offset: number): number => plot.top + plot.height * (1 - offset / Math.max(1, bytes));
  return [
    openSvg(total, "Rows in flight: places over time"),
    ...[0, 0.5, 1].map((part) => byteLine(Math.round(bytes * part), y(bytes * part), plot.left, plot.left + width)),
    ...rows.flatMap((one, i) => boxes(one, hue(i, rows.length), x, y)),
    "</svg>",
  ].join("\n");
}

/** The tensors of a stream in their colours. */
export function streamLegend({ rows }: StreamReport): string {
  const items = rows.map(({ tensor, row_bytes: bytes, offsets }, i) => {
    const places = new Set(offsets).size;
    const swatch = `<svg width="12" height="12" aria-hidden="true"><rect width="12" height="12" fill="${hue(i, rows.length)}"/></svg>`;
    return `<li>${swatch} ${escapeHtml(printable(tensor, 80))}: ${offsets.length} rows of ${group(bytes)} bytes in ${places} places</li>`;
  });
  return `<ul>${items.join("\n")}</ul>`;
}

function boxes(
  { tensor, row_bytes: bytes, offsets, made, last_read: lastRead }: RowsInFlight,
  fill: string,
  x: (event: number) => number,
  y: (offset: number) => number,
): readonly string[] {
  return offsets.map((offset, row) => {
    const [from, to] = [made[row] ?? 0, lastRead[row] ?? 0];
    const title = `row ${row} of ${printable(tensor, 60)}: ${group(bytes)} bytes at ${group(offset)}`;
    const [left, top] = [x(from), y(offset + bytes)];
    return `<rect class="row" fill="${fill}" x="${px(left)}" y="${px(top)}" width="${px(x(to + 1) - left)}" height="${px(y(offset) - top)}"><title>${escapeHtml(title)}</title></rect>`;
  });
}

function hue(index: number, count: number): string {
  return `hsl(${Math.round((360 * index) / Math.max(1, count))} 45% 60%)`;
}
