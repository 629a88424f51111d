/** Multiplication on any core. */
import type { MulPlan, MulQuant, WideMulPlan } from "../../arith/mul.js";
import type { Candidate } from "../choose-kernel.js";
import { flattenRuns, type LoopNest, loopFields } from "../elementwise.js";

/** A multiplication as its kernels see it. */
export interface MulLayer extends LoopNest {
  readonly quant: MulQuant;
  readonly plan: MulPlan;
  /** Computed when it is asked for: not every core has a kernel for it. Undefined where there is none. */
  readonly wide: () => WideMulPlan | undefined;
}

export const portableMul: Candidate<MulLayer> = {
  kernel: "lwc_mul_s8",
  call(layer) {
    const nest = flattenRuns(layer);
    const { quant, plan } = layer;
    return {
      kernel: "lwc_mul_s8",
      header: "lwc_mul_s8.h",
      geometry: "mul",
      params: {
        type: "lwc_mul_params",
        fields: {
          ...loopFields(nest),
          zero_a: quant.zeroA,
          zero_b: quant.zeroB,
          mult: plan.mult,
          offset: plan.offset,
          shift: plan.shift,
          min: quant.min,
          max: quant.max,
          refine: plan.thresholds ? 1 : 0,
        },
      },
      drive: { kind: "flat" },
      constants: [
        {
          name: "thresholds",
          data: plan.thresholds ?? new Int32Array(1),
          align: 4,
          comment: "smallest product of each result above the minimum; unused unless refined",
          role: "table",
        },
      ],
      scratchBytes: 0,
      why: plan.thresholds
        ? "multiply and shift, then moved by one where a threshold says so: exact for every product"
        : "multiply and shift: proven for every product",
    };
  },
};
