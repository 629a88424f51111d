/** Multiplication on cores that multiply to 64 bits in one instruction. */
import { must } from "../../diagnostics.js";
import type { Candidate } from "../choose-kernel.js";
import { flattenRuns, loopFields } from "../elementwise.js";
import type { MulLayer } from "./kernels-portable.js";

export const wideMul: Candidate<MulLayer> = {
  kernel: "lwc_mul_wide_s8",
  fits: ({ wide }) => wide() !== undefined,
  call(layer) {
    const nest = flattenRuns(layer);
    const { quant, wide } = layer;
    const { spread, mult, add, shift } = must(wide(), "wide form");
    return {
      kernel: "lwc_mul_wide_s8",
      header: "lwc_mul_wide_s8.h",
      geometry: "mul",
      params: {
        type: "lwc_mul_wide_params",
        fields: {
          ...loopFields(nest),
          zero_a: quant.zeroA,
          zero_b: quant.zeroB,
          spread,
          mult,
          add,
          shift,
          min: quant.min,
          max: quant.max,
        },
      },
      drive: { kind: "flat" },
      constants: [],
      scratchBytes: 0,
      why: "high word of one product: proven for every product of two values",
    };
  },
};
