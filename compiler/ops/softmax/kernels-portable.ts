/** Softmax on any core. */
import { overflowValue, type SoftmaxSpec, softmaxTable } from "../../arith/softmax.js";
import type { Candidate } from "../choose-kernel.js";

export interface SoftmaxLayer {
  readonly rows: number;
  readonly spec: SoftmaxSpec;
}

export const portableSoftmax: Candidate<SoftmaxLayer> = {
  kernel: "lwc_softmax_s8",
  call: ({ rows, spec }) => ({
    kernel: "lwc_softmax_s8",
    header: "lwc_softmax_s8.h",
    geometry: "softmax",
    params: {
      type: "lwc_softmax_params",
      fields: {
        rows,
        depth: spec.depth,
        factor: Math.floor(Math.fround(1 / spec.outScale)),
        zero_point: spec.outZero,
        overflow: overflowValue(spec),
      },
    },
    drive: { kind: "flat" },
    constants: [
      {
        name: "table",
        data: softmaxTable(spec.inScale, spec.depth),
        align: 4,
        comment: "[256] exp((i - 255) * scale), scaled by a power of e that keeps the sum finite",
        role: "table",
      },
    ],
    scratchBytes: 0,
    why: "float32 table and one division per value, as ONNX Runtime defines it",
  }),
};
