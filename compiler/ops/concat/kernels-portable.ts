/** Concatenation on any core. */
import type { Candidate } from "../choose-kernel.js";

export interface ConcatLayer {
  /** Coordinates in front of the axis. */
  readonly outer: number;
  /** Bytes of each input behind each outer coordinate. */
  readonly runs: readonly number[];
}

/** Of the output, behind each outer coordinate. */
function width(runs: readonly number[]): { readonly out_c: number; readonly out_pitch: number } {
  const bytes = runs.reduce((sum, run) => sum + run, 0);
  return { out_c: bytes, out_pitch: bytes };
}

export const portableConcat: Candidate<ConcatLayer> = {
  kernel: "lwc_concat_s8",
  call: ({ outer, runs }) => ({
    kernel: "lwc_concat_s8",
    header: "lwc_concat_s8.h",
    geometry: "concat",
    params: { type: "lwc_concat_params", fields: { inputs: runs.length, outer, ...width(runs) } },
    drive: { kind: "flat" },
    inputArray: true,
    constants: [
      {
        name: "runs",
        data: Int32Array.from(runs),
        align: 4,
        comment: "bytes of each input behind each outer coordinate",
        role: "table",
      },
    ],
    scratchBytes: 0,
    why: "copies each input to its place",
  }),
};
