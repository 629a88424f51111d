/** Max pooling on cores with Helium (MVE, Cortex-M55). */
import type { Candidate } from "../choose-kernel.js";
import { type MaxPoolLayer, portableMaxPool } from "./kernels-portable.js";

export const mveMaxPool: Candidate<MaxPoolLayer> = {
  kernel: "lwc_max_pool2d_s8_mve",
  call: (layer, context) => ({
    ...portableMaxPool.call(layer, context),
    kernel: "lwc_max_pool2d_s8_mve",
    header: "lwc_max_pool2d_s8_mve.h",
    why: "compares 16 channels at a time; rows of -128 stand for padding",
  }),
};
