/** Multiplication on any core. */
import type { MulPlan, MulQuant, WideMulPlan } from "../../arith/mul.js";
import type { Candidate } from "../choose-kernel.js";
import { type BroadcastSteps, flattenRuns } from "../elementwise.js";

/** A multiplication as its kernels see it: a loop nest [outer][inner] over the output. */
export interface MulLayer {
  readonly quant: MulQuant;
  readonly plan: MulPlan;
  /** Where there is one. */
  readonly wide?: WideMulPlan | undefined;
  readonly outer: number;
  readonly inner: number;
  readonly a: BroadcastSteps;
  readonly b: BroadcastSteps;
}

export const portableMul: Candidate<MulLayer> = {
  kernel: "lwc_mul_s8",
  call(layer) {
    const { quant, plan, outer, inner, a, b } = flattenRuns(layer);
    return {
      kernel: "lwc_mul_s8",
      header: "lwc_mul_s8.h",
      geometry: "mul",
      params: {
        type: "lwc_mul_params",
        fields: {
          outer,
          inner,
          a_outer: a.outer,
          a_inner: a.inner,
          b_outer: b.outer,
          b_inner: b.inner,
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
