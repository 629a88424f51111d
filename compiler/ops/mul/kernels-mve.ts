/** Multiplication on cores with Helium (MVE, Cortex-M55). */
import { applyMul, type MulPlan, type MulQuant } from "../../arith/mul.js";
import type { Candidate } from "../choose-kernel.js";
import { type MulLayer, portableMul } from "./kernels-portable.js";
import { wideMul } from "./kernels-wide.js";

export const mveWideMul: Candidate<MulLayer> = {
  kernel: "lwc_mul_wide_s8_mve",
  fits: ({ wide }) => wide() !== undefined,
  call(layer, context) {
    const call = wideMul.call(layer, context);
    return {
      ...call,
      kernel: "lwc_mul_wide_s8_mve",
      header: "lwc_mul_wide_s8_mve.h",
      why: `8 values at a time, ${call.why}`,
    };
  },
};

export const mveMul: Candidate<MulLayer> = {
  kernel: "lwc_mul_s8_mve",
  fits: ({ plan, quant }) => isNearlyExact(plan, quant),
  call(layer, context) {
    const call = portableMul.call(layer, context);
    return {
      ...call,
      kernel: "lwc_mul_s8_mve",
      header: "lwc_mul_s8_mve.h",
      constants: [
        {
          name: "bounds",
          data: boundsOf(layer.plan),
          align: 4,
          comment: "smallest product of each result, the first below and the last above all; unused unless refined",
          role: "table",
        },
      ],
      why: `8 values at a time, ${call.why}`,
    };
  },
};

/** [max - min + 2]: the thresholds with an end that no product reaches on either side. */
function boundsOf({ thresholds }: MulPlan): Int32Array {
  if (!thresholds) return new Int32Array(1);
  return Int32Array.of(-(2 ** 31), ...thresholds.subarray(0, -1), 2 ** 31 - 1);
}

/** Whether the multiplication alone is at most one off wherever thresholds put it right: at both sides of each threshold. */
function isNearlyExact(plan: MulPlan, quant: MulQuant): boolean {
  const { thresholds } = plan;
  if (!thresholds) return true;
  const { mult, offset, shift } = plan;
  const isNear = (product: number): boolean =>
    Math.abs(applyMul({ mult, offset, shift }, quant, product) - applyMul(plan, quant, product)) <= 1;
  return thresholds.every((at) => isNear(at - 1) && isNear(at));
}
