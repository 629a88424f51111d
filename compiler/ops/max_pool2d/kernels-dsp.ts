/** Max pooling on cores with the DSP extension. */
import type { Candidate } from "../choose-kernel.js";
import { type MaxPoolLayer, portableMaxPool } from "./kernels-portable.js";

export const dspMaxPool: Candidate<MaxPoolLayer> = {
  kernel: "lwc_max_pool2d_s8_dsp",
  fits: ({ g }) => g.channels >= 4,
  call: (layer, context) => ({
    ...portableMaxPool.call(layer, context),
    kernel: "lwc_max_pool2d_s8_dsp",
    header: "lwc_max_pool2d_s8_dsp.h",
    why: "compares 4 channels at a time; rows of -128 stand for padding",
  }),
};
