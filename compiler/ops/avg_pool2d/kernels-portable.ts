/** Average pooling on any core. */
import { type AvgPoolQuant, dequantTable } from "../../arith/avg-pool.js";
import type { Candidate } from "../choose-kernel.js";
import type { PoolGeometry } from "../pool-window.js";

export interface AvgPoolLayer {
  readonly g: PoolGeometry;
  readonly quant: AvgPoolQuant;
  /** Whether padding counts among the values. */
  readonly countIncludePad: boolean;
}

export const portableAvgPool: Candidate<AvgPoolLayer> = {
  kernel: "lwc_avg_pool2d_s8",
  call: ({ g, quant, countIncludePad }) => ({
    kernel: "lwc_avg_pool2d_s8",
    header: "lwc_avg_pool2d_s8.h",
    geometry: `avgpool${g.kernelH}x${g.kernelW}_s${g.strideH}`,
    params: {
      type: "lwc_avg_pool2d_params",
      fields: {
        in_h: g.inH,
        in_w: g.inW,
        channels: g.channels,
        out_h: g.outH,
        out_w: g.outW,
        kernel_h: g.kernelH,
        kernel_w: g.kernelW,
        stride_h: g.strideH,
        stride_w: g.strideW,
        pad_top: g.padTop,
        pad_left: g.padLeft,
        whole_window: countIncludePad ? 1 : 0,
        is_unsigned: quant.unsigned ? 1 : 0,
        zero_point: quant.outZero,
        min: quant.min,
        max: quant.max,
      },
    },
    drive: { kind: "flat" },
    constants: [
      {
        name: "real",
        data: dequantTable(quant),
        align: 4,
        comment: "[256] dequantized value of -128 .. 127",
        role: "table",
      },
      { name: "scale", data: Float32Array.of(quant.outScale), align: 4, comment: "scale of the output", role: "table" },
    ],
    scratchBytes: 0,
    why: "float32 sums in ONNX Runtime's order: ties are common and the order decides them",
  }),
};
