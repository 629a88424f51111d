/**
 * Shift: each channel moves by its own distance over height and width; what leaves the map is lost, what comes in is `value`.
 *
 *   x  [1, H, W, C]  ->  y  [1, H, W, C],  y[h, w, c] = x[h + rows[c], w + columns[c], c]
 *
 * Source: Wu et al., "Shift: A Zero FLOP, Zero Parameter Alternative to Spatial Convolutions", 2017, arXiv 1711.08141.
 */
import { must } from "../diagnostics.js";
import { channelCount, elementCount } from "../ir/shape.js";
import { defineOp, type NodeView } from "./op.js";
import type { RowWindow } from "./row-window.js";

export type ShiftAttrs = {
  /** Rows down, per channel. */
  readonly rows: readonly number[];
  /** Columns to the right, per channel. */
  readonly columns: readonly number[];
  /** Quantized. */
  readonly value: number;
};

const inputOf = (view: NodeView<ShiftAttrs>) => must(view.inputs[0], "input");

/** Rows that the channels of an output row come from. */
function windowOf({ rows }: ShiftAttrs): RowWindow {
  const first = Math.min(0, ...rows);
  return { size: Math.max(0, ...rows) - first + 1, stride: 1, dilation: 1, padBefore: -first };
}

interface Run {
  /** Row of the window. */
  readonly row: number;
  readonly column: number;
  readonly channel: number;
  readonly count: number;
}

/** Neighbouring channels that move alike. */
function runsOf(attrs: ShiftAttrs): readonly Run[] {
  const { padBefore } = windowOf(attrs);
  const runs: Run[] = [];
  attrs.rows.forEach((dy, channel) => {
    const row = dy + padBefore;
    const column = must(attrs.columns[channel], "column");
    const last = runs.at(-1);
    if (last && last.row === row && last.column === column) runs[runs.length - 1] = { ...last, count: last.count + 1 };
    else runs.push({ row, column, channel, count: 1 });
  });
  return runs;
}

export const shift = defineOp<ShiftAttrs>({
  kind: "shift",
  summary: "moves each channel by its own distance over height and width",
  attrs: {
    rows: { type: "ints", doc: "distance down that each channel is read from" },
    columns: { type: "ints", doc: "distance to the right that each channel is read from" },
    value: { type: "int", doc: "quantized value of what comes in from outside" },
  },
  arity: { activations: 1, constants: [] },
  verify(view) {
    const { rows, columns } = view.attrs;
    const { shape } = inputOf(view);
    if (shape.length !== 4) return [`expected a rank 4 input, found [${shape.join(",")}]`];
    const channels = channelCount(shape);
    return rows.length === channels && columns.length === channels
      ? []
      : [`${rows.length} and ${columns.length} distances for ${channels} channels`];
  },
  inferShape: (_attrs, inputs) => must(inputs[0], "input").shape,
  macs: () => 0,
  moves: () => "moves each channel by its own distance",
  kernels: [{ kernel: "lwc_shift_s8" }],
  reference(view) {
    const { rows, columns, value } = view.attrs;
    const [, height = 1, width = 1, channels = 1] = inputOf(view).shape;
    return (read, out, y) => {
      out.fill(value);
      for (let c = 0; c < channels; c++) {
        const iy = y + must(rows[c], "row");
        if (iy < 0 || iy >= height) continue;
        const row = read(0, iy);
        for (let x = 0; x < width; x++) {
          const ix = x + must(columns[c], "column");
          if (ix >= 0 && ix < width) out[x * channels + c] = row[ix * channels + c] ?? 0;
        }
      }
    };
  },
  rows: (view) => ({ kind: "window", ...windowOf(view.attrs) }),
  range: (view, inputs) =>
    must(inputs[0], "input ranges").map(({ min, max }) => ({
      min: Math.min(min, view.attrs.value),
      max: Math.max(max, view.attrs.value),
    })),
  channels: () => ({ kind: "tied" }),
  pruning: {
    canFold: () => false,
    usedInputs: () => new Set(),
    prune: () => [],
    attrs({ attrs }, keep) {
      const kept = (list: readonly number[]): readonly number[] => keep.outputs.map((c) => must(list[c], "distance"));
      return { ...attrs, rows: kept(attrs.rows), columns: kept(attrs.columns) };
    },
  },
  isIdentity: ({ attrs }) => [...attrs.rows, ...attrs.columns].every((distance) => distance === 0),
  lower(view) {
    const [, height = 1, width = 1, channels = 1] = inputOf(view).shape;
    const runs = runsOf(view.attrs);
    const bytes = elementCount([width, channels]);
    return {
      kernel: "lwc_shift_s8",
      header: "lwc_shift_s8.h",
      geometry: "shift",
      params: {
        type: "lwc_shift_params",
        fields: { width, channels, runs: runs.length, value: view.attrs.value },
      },
      drive: {
        kind: "rows",
        window: windowOf(view.attrs),
        inRows: height,
        outRows: height,
        inRowBytes: bytes,
        outRowBytes: bytes,
        padValue: view.attrs.value,
      },
      constants: [
        {
          name: "runs",
          data: Int32Array.from(runs.flatMap(({ row, column, channel, count }) => [row, column, channel, count])),
          align: 4,
          comment: `[${runs.length}][4]: row of the window, columns to the right, first channel, channels`,
          role: "table",
        },
      ],
      scratchBytes: 0,
      why: `copies ${runs.length} runs of channels from where they come: no multiply-accumulate`,
    };
  },
});
