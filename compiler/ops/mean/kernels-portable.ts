/** Mean on any core. */
import type { RequantPlan } from "../../arith/requant-layer.js";
import type { Candidate } from "../choose-kernel.js";

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

export const portableMean: Candidate<MeanLayer> = {
  kernel: "lwc_mean_s8",
  call: ({ outer, count, inner, plan }) => ({
    kernel: "lwc_mean_s8",
    header: "lwc_mean_s8.h",
    geometry: "mean",
    params: { type: "lwc_mean_params", fields: { outer, count, inner, requant: { ...plan.fields } } },
    drive: { kind: "flat" },
    constants: [
      {
        name: "quant",
        data: plan.words,
        align: 4,
        comment: `[1][${plan.wordsPerChannel}] -n * zero point and requantization`,
        role: "table",
      },
    ],
    scratchBytes: 4 * inner,
    why: `sums in int32; ${plan.why}`,
  }),
};
