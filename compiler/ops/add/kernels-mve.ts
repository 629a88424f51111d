/** Addition on cores with Helium (MVE, Cortex-M55). */
import type { Candidate } from "../choose-kernel.js";
import { type AddLayer, portableAdd } from "./kernels-portable.js";

export const mveAdd: Candidate<AddLayer> = {
  kernel: "lwc_add_s8_mve",
  call(layer, context) {
    const call = portableAdd.call(layer, context);
    return {
      ...call,
      kernel: "lwc_add_s8_mve",
      header: "lwc_add_s8_mve.h",
      why: `8 values at a time, ${call.why}`,
    };
  },
};
