/** The kernel call of lwc_copy_s8, which moves bytes for transpose, slice, pad and copies. */
import { invariant } from "../diagnostics.js";
import { elementCount } from "../ir/shape.js";
import type { CopyNest } from "./gather.js";
import type { KernelCall } from "./kernel.js";
import type { NodeView } from "./op.js";

/** LWC_COPY_RANK of lwc_copy_s8.h. */
const RANK = 5;

/** `fill`: value of the elements that the copy leaves out, where there are any. */
export function copyCall(view: NodeView, nest: CopyNest, geometry: string, why: string, fill?: number): KernelCall {
  invariant(nest.dims.length <= RANK, `%${view.node.id} needs ${nest.dims.length} loops, lwc_copy_s8 has ${RANK}`);
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
        fill_bytes: fill === undefined ? 0 : elementCount(view.output.shape),
        fill_value: fill ?? 0,
      },
    },
    drive: { kind: "flat" },
    constants: [],
    scratchBytes: 0,
    why,
  };
}
