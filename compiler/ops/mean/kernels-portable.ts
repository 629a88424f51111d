/** Mean on any core. */
import type { RequantPlan } from "../../arith/requant-layer.js";
import type { Candidate } from "../choose-kernel.js";
import type { PackedConstant } from "../kernel.js";

/** The input as [outer][count][inner], of which the middle is averaged. */
export interface MeanExtent {
  readonly outer: number;
  readonly count: number;
  readonly inner: number;
}

export interface MeanLayer extends MeanExtent {
  /** One channel, whose bias is -count * zero point. */
  readonly plan: RequantPlan;
}

/** The same with one mean, row by row: the input as [rows][pixels][inner]. */
export interface MeanRowsLayer {
  readonly rows: number;
  readonly pixels: number;
  readonly inner: number;
  readonly plan: RequantPlan;
}

export const portableMean: Candidate<MeanLayer> = {
  kernel: "lwc_mean_s8",
  call: ({ outer, count, inner, plan }) => ({
    kernel: "lwc_mean_s8",
    header: "lwc_mean_s8.h",
    geometry: "mean",
    params: { type: "lwc_mean_params", fields: { outer, count, inner, requant: { ...plan.fields } } },
    drive: { kind: "flat" },
    constants: [quantOf(plan)],
    scratchBytes: 4 * inner,
    why: `sums in int32; ${plan.why}`,
  }),
};

export const portableMeanRows: Candidate<MeanRowsLayer> = {
  kernel: "lwc_mean_rows_s8",
  call: ({ rows, pixels, inner, plan }) => ({
    kernel: "lwc_mean_rows_s8",
    header: "lwc_mean_rows_s8.h",
    geometry: "mean",
    params: {
      type: "lwc_mean_rows_params",
      fields: { rows, pixels, channels: inner, requant: { ...plan.fields } },
    },
    drive: { kind: "accumulate", rows, stateBytes: 4 * inner },
    constants: [quantOf(plan)],
    scratchBytes: 0,
    why: `sums in int32, kept from row to row; ${plan.why}`,
  }),
};

function quantOf(plan: RequantPlan): PackedConstant {
  return {
    name: "quant",
    data: plan.words,
    align: 4,
    comment: `[1][${plan.wordsPerChannel}] -n * zero point and requantization`,
    role: "table",
  };
}
