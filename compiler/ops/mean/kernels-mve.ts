/** Mean on cores with Helium (MVE with floating point, Cortex-M55). */
import type { Candidate } from "../choose-kernel.js";
import { type MeanLayer, portableMean } from "./kernels-portable.js";

export const mveMean: Candidate<MeanLayer> = {
  kernel: "lwc_mean_s8_mve",
  fits: ({ plan }) => plan.form === "float" || plan.form === "short",
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
