/** Addition on any core. */
import type { AddPlan, AddQuant } from "../../arith/add.js";
import type { Candidate } from "../choose-kernel.js";
import { flattenRuns, type LoopNest, loopFields } from "../elementwise.js";

/** An addition as its kernels see it. */
export interface AddLayer extends LoopNest {
  readonly quant: AddQuant;
  readonly plan: AddPlan;
}

/** LWC_ADD_* of lwc_add_s8.h. */
const roundingCode = { floor: 0, even: 1, away: 2 } as const;

export const portableAdd: Candidate<AddLayer> = {
  kernel: "lwc_add_s8",
  call(layer) {
    const nest = flattenRuns(layer);
    const { quant, plan } = layer;
    const words = Int32Array.from(plan.exceptions.flatMap(({ pair, value }) => [pair, value]));
    return {
      kernel: "lwc_add_s8",
      header: "lwc_add_s8.h",
      geometry: "add",
      params: {
        type: "lwc_add_params",
        fields: {
          ...loopFields(nest),
          mult_a: plan.multA,
          mult_b: plan.multB,
          offset: plan.offset,
          shift: plan.shift,
          rounding: roundingCode[plan.rounding],
          zero_point: quant.zeroC,
          min: quant.min,
          max: quant.max,
          exceptions: plan.exceptions.length,
        },
      },
      drive: { kind: "flat" },
      constants: [
        {
          name: "exceptions",
          data: words.length > 0 ? words : new Int32Array(2),
          align: 4,
          comment: "pair, value: where two float roundings differ from the integer form",
          role: "table",
        },
      ],
      scratchBytes: 0,
      why: `integer form verified over all 65536 pairs, ${plan.exceptions.length} exceptions`,
    };
  },
};
