/** Geometry of the pooling operators, NHWC. */
import { fail, must } from "../diagnostics.js";
import type { Tensor } from "../ir/graph.js";
import type { Shape } from "../ir/shape.js";
import type { Work } from "./choose-kernel.js";
import type { RowUse } from "./op.js";

export type PoolAttrs = {
  /** height, width */
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  /** top, left, bottom, right */
  readonly pads: readonly number[];
  readonly clampMin: number;
  readonly clampMax: number;
};

export interface PoolGeometry {
  readonly inH: number;
  readonly inW: number;
  readonly channels: number;
  readonly outH: number;
  readonly outW: number;
  readonly kernelH: number;
  readonly kernelW: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly dilationH: number;
  readonly dilationW: number;
  readonly padTop: number;
  readonly padLeft: number;
}

/** Kernel, strides and pads, with or without a clamp. */
type WindowAttrs = Pick<PoolAttrs, "kernel" | "strides" | "pads">;

export function poolGeometry(
  attrs: WindowAttrs,
  dilations: readonly number[],
  input: Tensor,
  output: Tensor,
): PoolGeometry {
  const at = (list: readonly number[], i: number): number => must(list[i], "pool dimension");
  return {
    inH: at(input.shape, 1),
    inW: at(input.shape, 2),
    channels: at(input.shape, 3),
    outH: at(output.shape, 1),
    outW: at(output.shape, 2),
    kernelH: at(attrs.kernel, 0),
    kernelW: at(attrs.kernel, 1),
    strideH: at(attrs.strides, 0),
    strideW: at(attrs.strides, 1),
    dilationH: at(dilations, 0),
    dilationW: at(dilations, 1),
    padTop: at(attrs.pads, 0),
    padLeft: at(attrs.pads, 1),
  };
}

export function poolShape(attrs: WindowAttrs, dilations: readonly number[], input: Tensor): Shape {
  const out = [0, 1].map((axis) => {
    const reach = (must(attrs.kernel[axis], "kernel") - 1) * must(dilations[axis], "dilation") + 1;
    const padded =
      must(input.shape[axis + 1], "dim") + must(attrs.pads[axis], "pad") + must(attrs.pads[axis + 2], "pad");
    return Math.floor((padded - reach) / must(attrs.strides[axis], "stride")) + 1;
  });
  const [height = 0, width = 0] = out;
  if (height < 1 || width < 1) {
    fail({
      code: "LWC2103",
      kind: "error",
      message: `a pooling window of ${attrs.kernel.join("x")} does not fit an input of ${input.shape[1]}x${input.shape[2]}`,
    });
  }
  return [1, height, width, must(input.shape[3], "channels")];
}

export function poolRows(g: PoolGeometry): RowUse {
  return { kind: "window", size: g.kernelH, stride: g.strideH, dilation: g.dilationH, padBefore: g.padTop };
}

/** What a pool asks of its kernel; each window value counts as a multiply-accumulate. */
export function poolWork(g: PoolGeometry): Work {
  const outputs = g.outH * g.outW * g.channels;
  return {
    macs: outputs * g.kernelH * g.kernelW,
    outputs,
    inputs: g.outH * g.kernelH * g.inW * g.channels,
    calls: g.outH,
  };
}

/** Input coordinates of window position k, or -1 outside. */
export function windowIndex(
  out: number,
  k: number,
  stride: number,
  dilation: number,
  pad: number,
  size: number,
): number {
  const at = out * stride - pad + k * dilation;
  return at >= 0 && at < size ? at : -1;
}
