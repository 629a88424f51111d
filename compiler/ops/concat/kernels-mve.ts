/** Concatenation on cores with Helium (MVE, Cortex-M55). */
import type { Candidate } from "../choose-kernel.js";
import { type ConcatLayer, portableConcat } from "./kernels-portable.js";

export const mveConcat: Candidate<ConcatLayer> = {
  kernel: "lwc_concat_s8_mve",
  call: (layer, context) => ({
    ...portableConcat.call(layer, context),
    kernel: "lwc_concat_s8_mve",
    header: "lwc_concat_s8_mve.h",
    why: "copies each input to its place, 16 bytes at a time",
  }),
};
