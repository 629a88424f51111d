/** Lookup on cores with Helium (MVE, Cortex-M55). */
import type { Candidate } from "../choose-kernel.js";
import { type LookupLayer, portableLookup } from "./kernels-portable.js";

/** Entries of a table, half of them for negative values. */
const HALF = 128;

export const mveLookup: Candidate<LookupLayer> = {
  kernel: "lwc_lookup_s8_mve",
  call(layer, context) {
    const call = portableLookup.call(layer, context);
    return {
      ...call,
      kernel: "lwc_lookup_s8_mve",
      header: "lwc_lookup_s8_mve.h",
      constants: [
        {
          name: "table",
          data: Int8Array.of(...layer.table.subarray(HALF), ...layer.table.subarray(0, HALF)),
          align: 4,
          comment: "[256] result for value 0 .. 127, -128 .. -1",
          role: "table",
        },
      ],
      why: "16 values per gather",
    };
  },
};
