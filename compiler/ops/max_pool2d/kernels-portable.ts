/** Max pooling on any core. */
import type { Candidate } from "../choose-kernel.js";
import type { PoolGeometry } from "../pool-window.js";

export interface MaxPoolLayer {
  readonly g: PoolGeometry;
  /** Bounds of the output. */
  readonly min: number;
  readonly max: number;
}

export const portableMaxPool: Candidate<MaxPoolLayer> = {
  kernel: "lwc_max_pool2d_s8",
  call: ({ g, min, max }) => ({
    kernel: "lwc_max_pool2d_s8",
    header: "lwc_max_pool2d_s8.h",
    geometry: `maxpool${g.kernelH}x${g.kernelW}_s${g.strideH}`,
    params: {
      type: "lwc_max_pool2d_params",
      fields: {
        in_w: g.inW,
        channels: g.channels,
        out_w: g.outW,
        out_pitch: g.channels,
        kernel_h: g.kernelH,
        kernel_w: g.kernelW,
        stride_w: g.strideW,
        dilation_w: g.dilationW,
        pad_left: g.padLeft,
        min,
        max,
      },
    },
    drive: {
      kind: "rows",
      window: { size: g.kernelH, stride: g.strideH, dilation: g.dilationH, padBefore: g.padTop },
      inRows: g.inH,
      outRows: g.outH,
      inRowBytes: g.inW * g.channels,
      outRowBytes: g.outW * g.channels,
      padValue: -128,
    },
    constants: [],
    scratchBytes: 0,
    why: "compares byte by byte; rows of -128 stand for padding",
  }),
};
