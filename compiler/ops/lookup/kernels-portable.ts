/** Table lookup on any core. */
import type { Candidate } from "../choose-kernel.js";

export interface LookupLayer {
  /** [256], entry i for the value i - 128. */
  readonly table: Int8Array;
  /** Values. */
  readonly count: number;
}

export const portableLookup: Candidate<LookupLayer> = {
  kernel: "lwc_lookup_s8",
  call: ({ table, count }) => ({
    kernel: "lwc_lookup_s8",
    header: "lwc_lookup_s8.h",
    geometry: "lookup",
    params: { type: "lwc_lookup_params", fields: { runs: 1, run: count, out_pitch: count } },
    drive: { kind: "flat" },
    constants: [
      { name: "table", data: table, align: 4, comment: "[256] result for value - 128 .. 127", role: "table" },
    ],
    scratchBytes: 0,
    why: "one load per value",
  }),
};
