/**
 * Channel select: runs of channels of several tensors side by side, in any order. One copy where a chain of concatenations,
 * slices and channel shuffles would make several.
 *
 *   x_i  [outer..., C_i], all with the same outer axes, scale and zero point
 *   y    [outer..., sum of counts]:  run r holds channels starts[r] .. starts[r] + counts[r] - 1 of x_(parts[r])
 */
import { must } from "../diagnostics.js";
import { scaleOf } from "../ir/quant.js";
import { channelCount, elementCount, rowLength, sameShape } from "../ir/shape.js";
import { type ChannelPick, defineOp, type NodeView, narrowed, quantOf } from "./op.js";

export type ChannelSelectAttrs = {
  /** Which input each run reads. */
  readonly parts: readonly number[];
  /** First channel of each run. */
  readonly starts: readonly number[];
  /** Channels of each run, at least 1. */
  readonly counts: readonly number[];
};

interface Run {
  readonly input: number;
  readonly start: number;
  readonly count: number;
}

function runsOf({ parts, starts, counts }: ChannelSelectAttrs): readonly Run[] {
  return parts.map((input, r) => ({ input, start: must(starts[r], "start"), count: must(counts[r], "count") }));
}

function picksOf(attrs: ChannelSelectAttrs): readonly ChannelPick[] {
  return runsOf(attrs).flatMap(({ input, start, count }) =>
    Array.from({ length: count }, (_, i) => ({ input, channel: start + i })),
  );
}

/** Runs of output channels [first, first + count) alone, of the inputs that they read. */
function narrow(view: NodeView<ChannelSelectAttrs>, first: number, count: number): NodeView<ChannelSelectAttrs> {
  const runs: Run[] = [];
  let at = 0;
  for (const run of runsOf(view.attrs)) {
    const [from, to] = [Math.max(at, first), Math.min(at + run.count, first + count)];
    if (from < to) runs.push({ input: run.input, start: run.start + from - at, count: to - from });
    at += run.count;
  }
  const read = [...new Set(runs.map(({ input }) => input))].toSorted((a, b) => a - b);
  const attrs = {
    parts: runs.map(({ input }) => read.indexOf(input)),
    starts: runs.map(({ start }) => start),
    counts: runs.map((run) => run.count),
  };
  return narrowed(view, read, attrs, count);
}

export const channelSelect = defineOp<ChannelSelectAttrs>({
  kind: "channel_select",
  kernels: [{ kernel: "lwc_channel_select_s8" }],
  summary: "runs of channels of several tensors, in any order: what concat, slice and shuffle in a row come to",
  attrs: {
    parts: { type: "ints", doc: "input of each run" },
    starts: { type: "ints", doc: "first channel of each run" },
    counts: { type: "ints", doc: "channels of each run" },
  },
  arity: { activations: "many", constants: [] },
  verify(view) {
    const { parts, starts, counts } = view.attrs;
    if (parts.length === 0 || starts.length !== parts.length || counts.length !== parts.length)
      return [`${parts.length} parts, ${starts.length} starts and ${counts.length} counts`];
    const problems = runsOf(view.attrs).flatMap(({ input, start, count }, r) => {
      const source = view.inputs[input];
      if (source === undefined) return [`run ${r} reads input ${input} of ${view.inputs.length}`];
      const inside = start >= 0 && count >= 1 && start + count <= channelCount(source.shape);
      return inside ? [] : [`run ${r} leaves the ${channelCount(source.shape)} channels of input ${input}`];
    });
    const first = must(view.inputs[0], "first input").shape;
    view.inputs.forEach((input, i) => {
      if (!sameShape(input.shape.slice(0, -1), first.slice(0, -1)))
        problems.push(`input ${i} [${input.shape.join(",")}] has other axes than [${first.join(",")}]`);
      const [own, out] = [quantOf(input), quantOf(view.output)];
      if (scaleOf(own) !== scaleOf(out) || own.zeroPoint !== out.zeroPoint)
        problems.push(`input ${i} has another scale or zero point than the output`);
    });
    return problems;
  },
  inferShape: (attrs, inputs) => [
    ...must(inputs[0], "first input").shape.slice(0, -1),
    attrs.counts.reduce((sum, count) => sum + count, 0),
  ],
  macs: () => 0,
  moves: () => "joins parts of what several layers wrote",
  reference(view) {
    const runs = runsOf(view.attrs);
    const channels = view.inputs.map((input) => channelCount(input.shape));
    const outChannels = channelCount(view.output.shape);
    const pixels = rowLength(view.output.shape) / outChannels;
    return (read, out, y) => {
      let at = 0;
      for (const { input, start, count } of runs) {
        const row = read(input, y);
        const stride = must(channels[input], "channels");
        for (let p = 0; p < pixels; p++) {
          for (let c = 0; c < count; c++) out[p * outChannels + at + c] = row[p * stride + start + c] ?? 0;
        }
        at += count;
      }
    };
  },
  rows: () => ({ kind: "same" }),
  range: (view, inputs) =>
    picksOf(view.attrs).map(({ input, channel }) => must(inputs[input]?.[channel], "channel range")),
  channels: () => ({ kind: "fixed" }),
  picks: (view: NodeView<ChannelSelectAttrs>) => picksOf(view.attrs),
  narrow,
  isIdentity: (view) => view.inputs.length === 1 && picksOf(view.attrs).every(({ channel }, i) => channel === i),
  lower(view) {
    const runs = runsOf(view.attrs);
    const out = channelCount(view.output.shape);
    const words = runs.flatMap(({ input, start, count }) => [
      input,
      start,
      count,
      channelCount(must(view.inputs[input], "input").shape),
    ]);
    return {
      kernel: "lwc_channel_select_s8",
      header: "lwc_channel_select_s8.h",
      geometry: "select",
      params: {
        type: "lwc_channel_select_params",
        fields: { pixels: elementCount(view.output.shape) / out, runs: runs.length, out_pitch: out },
      },
      drive: { kind: "flat" },
      inputArray: true,
      constants: [
        {
          name: "runs",
          data: Int32Array.from(words),
          align: 4,
          comment: `[${runs.length}][4]: input, first channel, channels of the run, channels of the input`,
          role: "table",
        },
      ],
      scratchBytes: 0,
      why: `copies ${runs.length} runs of channels out of ${view.inputs.length} tensors to their places`,
    };
  },
});
