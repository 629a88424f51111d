/** Mean on cores with the DSP extension. */
import type { Candidate } from "../choose-kernel.js";
import { type MeanLayer, type MeanRowsLayer, portableMean, portableMeanRows } from "./kernels-portable.js";

export const dspMean: Candidate<MeanLayer> = {
  kernel: "lwc_mean_s8_dsp",
  fits: ({ inner }) => inner >= 4,
  call(layer, context) {
    return {
      ...portableMean.call(layer, context),
      kernel: "lwc_mean_s8_dsp",
      header: "lwc_mean_s8_dsp.h",
      scratchBytes: 0,
      why: `sums of 4 channels at a time, two to a register; ${layer.plan.why}`,
    };
  },
};

export const dspMeanRows: Candidate<MeanRowsLayer> = {
  kernel: "lwc_mean_rows_s8_dsp",
  fits: ({ inner }) => inner >= 4,
  call(layer, context) {
    return {
      ...portableMeanRows.call(layer, context),
      kernel: "lwc_mean_rows_s8_dsp",
      header: "lwc_mean_rows_s8_dsp.h",
      // Whole blocks of four channels.
      drive: { kind: "accumulate", rows: layer.rows, stateBytes: 4 * 4 * Math.ceil(layer.inner / 4) },
      why: `sums of 4 channels at a time, two to a register, kept from row to row; ${layer.plan.why}`,
    };
  },
};
