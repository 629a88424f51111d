/** Average pooling on any core. */
import { type AvgPoolQuant, dequantTable } from "../../arith/avg-pool.js";
import { slowText, type TiePlan } from "../../arith/tie-window.js";
import { must } from "../../diagnostics.js";
import type { Candidate } from "../choose-kernel.js";
import type { StructLiteral } from "../kernel.js";
import type { PoolGeometry } from "../pool-window.js";

export interface AvgPoolLayer {
  readonly g: PoolGeometry;
  readonly quant: AvgPoolQuant;
  /** Whether padding counts among the values. */
  readonly countIncludePad: boolean;
  /** The integer form of whole windows, or why there is none. */
  readonly plan: TiePlan | string;
}

function poolFields({ g, quant, countIncludePad }: AvgPoolLayer): StructLiteral {
  return {
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
  };
}

const geometryName = ({ g }: AvgPoolLayer): string => `avgpool${g.kernelH}x${g.kernelW}_s${g.strideH}`;

const floatAvgPool: Candidate<AvgPoolLayer> = {
  kernel: "lwc_avg_pool2d_s8",
  call: (layer) => ({
    kernel: "lwc_avg_pool2d_s8",
    header: "lwc_avg_pool2d_s8.h",
    geometry: geometryName(layer),
    params: { type: "lwc_avg_pool2d_params", fields: poolFields(layer) },
    drive: { kind: "flat" },
    constants: [
      {
        name: "real",
        data: dequantTable(layer.quant),
        align: 4,
        comment: "[256] dequantized value of -128 .. 127",
        role: "table",
      },
      {
        name: "scale",
        data: Float32Array.of(layer.quant.outScale),
        align: 4,
        comment: "scale of the output",
        role: "table",
      },
    ],
    scratchBytes: 0,
    why: `float32 sums in ONNX Runtime's order: ties are common and the order decides them${typeof layer.plan === "string" ? `; ${layer.plan}` : ""}`,
  }),
};

const integerAvgPool: Candidate<AvgPoolLayer> = {
  kernel: "lwc_avg_pool2d_line_s8",
  fits: ({ plan }) => typeof plan !== "string",
  call(layer) {
    const { quant, plan } = layer;
    const line = must(typeof plan === "string" ? undefined : plan, "integer form");
    const { mult, shift, window } = line;
    return {
      kernel: "lwc_avg_pool2d_line_s8",
      header: "lwc_avg_pool2d_line_s8.h",
      geometry: geometryName(layer),
      params: {
        type: "lwc_avg_pool2d_line_params",
        fields: {
          pool: poolFields(layer),
          in_zero_point: quant.inZero,
          mult,
          offset: 2 ** (shift - 1) + 2 ** shift * quant.outZero,
          shift,
          window,
        },
      },
      drive: { kind: "flat" },
      constants: [
        {
          name: "scales",
          data: Float32Array.of(quant.inScale, quant.outScale),
          align: 4,
          comment: "scales of the input and the output",
          role: "table",
        },
      ],
      scratchBytes: 0,
      why: `integer sums; ${slowText(line)} of them lie too close between two results, where float32 decides`,
    };
  },
};

export const avgPools: readonly Candidate<AvgPoolLayer>[] = [integerAvgPool, floatAvgPool];
