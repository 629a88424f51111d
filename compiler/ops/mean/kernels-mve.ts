/** Mean on cores with Helium (MVE with floating point, Cortex-M55). */
import type { RequantPlan } from "../../arith/requant-layer.js";
import type { Candidate } from "../choose-kernel.js";
import { type MeanLayer, type MeanRowsLayer, portableMean, portableMeanRows } from "./kernels-portable.js";

const hasForm = ({ plan }: { readonly plan: RequantPlan }): boolean => plan.form === "float" || plan.form === "short";

export const mveMean: Candidate<MeanLayer> = {
  kernel: "lwc_mean_s8_mve",
  fits: hasForm,
  call(layer, context) {
    return {
      ...portableMean.call(layer, context),
      kernel: "lwc_mean_s8_mve",
      header: "lwc_mean_s8_mve.h",
      scratchBytes: 0,
      why: `sums of 8 channels at a time; ${layer.plan.why}`,
    };
  },
};

export const mveMeanRows: Candidate<MeanRowsLayer> = {
  kernel: "lwc_mean_rows_s8_mve",
  fits: hasForm,
  call(layer, context) {
    return {
      ...portableMeanRows.call(layer, context),
      kernel: "lwc_mean_rows_s8_mve",
      header: "lwc_mean_rows_s8_mve.h",
      // Whole vectors.
      drive: { kind: "accumulate", rows: layer.rows, stateBytes: 4 * 8 * Math.ceil(layer.inner / 8) },
      why: `sums of 8 channels at a time, kept from row to row; ${layer.plan.why}`,
    };
  },
};
