/** Copies on any core. */
import { invariant } from "../../diagnostics.js";
import type { Candidate } from "../choose-kernel.js";
import type { CopyNest } from "../gather.js";

export interface CopyLayer {
  readonly node: string;
  readonly nest: CopyNest;
  readonly geometry: string;
  readonly why: string;
  /** Bytes of the output that are filled with `fill` before the copy; 0: none. */
  readonly fillBytes: number;
  readonly fill?: number;
}

/** LWC_COPY_RANK of lwc_copy_s8.h. */
const RANK = 5;

export const portableCopy: Candidate<CopyLayer> = {
  kernel: "lwc_copy_s8",
  call({ node, nest, geometry, why, fillBytes, fill }) {
    invariant(nest.dims.length <= RANK, `%${node} needs ${nest.dims.length} loops, lwc_copy_s8 has ${RANK}`);
    // Outermost loops of one iteration make up the rank.
    const pad = (list: readonly number[], value: number): readonly number[] => [
      ...new Array<number>(RANK - list.length).fill(value),
      ...list,
    ];
    return {
      kernel: "lwc_copy_s8",
      header: "lwc_copy_s8.h",
      geometry,
      params: {
        type: "lwc_copy_params",
        fields: {
          dims: pad(nest.dims, 1),
          in_strides: pad(nest.inStrides, 0),
          out_strides: pad(nest.outStrides, 0),
          in_offset: nest.inOffset,
          out_offset: nest.outOffset,
          run: nest.run,
          fill_bytes: fillBytes,
          fill_value: fill ?? 0,
        },
      },
      drive: { kind: "flat" },
      constants: [],
      scratchBytes: 0,
      why,
    };
  },
};
