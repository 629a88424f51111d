/**
 * Where max pooling finds the largest value of each window, NHWC: position ky * kernelW + kx - 128 as int8, the first in
 * row-major order where several are equal; padding is never it. What the indices of ONNX MaxPool become for max_unpool2d.
 */
import { invariant, must } from "../diagnostics.js";
import { defineOp, fullRange, type NodeView } from "./op.js";
import { type PoolGeometry, poolGeometry, poolRows, poolShape, windowIndex } from "./pool-window.js";

export type ArgmaxPool2dAttrs = {
  /** height, width; at most 256 positions */
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  /** top, left, bottom, right */
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
};

function geometryOf(view: NodeView<ArgmaxPool2dAttrs>): PoolGeometry {
  return poolGeometry(view.attrs, view.attrs.dilations, must(view.inputs[0], "input"), view.output);
}

export const argmaxPool2d = defineOp<ArgmaxPool2dAttrs>({
  kind: "argmax_pool2d",
  kernels: [{ kernel: "lwc_argmax_pool2d_s8" }],
  summary: "place of the largest value in each window of max pooling",
  attrs: {
    kernel: { type: "ints", doc: "height, width; at most 256 positions", length: 2 },
    strides: { type: "ints", doc: "vertical, horizontal", length: 2, default: [1, 1] },
    pads: { type: "ints", doc: "top, left, bottom, right", length: 4, default: [0, 0, 0, 0] },
    dilations: { type: "ints", doc: "vertical, horizontal", length: 2, default: [1, 1] },
  },
  arity: { activations: 1, constants: [] },
  verify(view) {
    if (must(view.inputs[0], "input").shape.length !== 4) return ["expected a rank 4 input"];
    const positions = view.attrs.kernel.reduce((product, k) => product * k, 1);
    return positions <= 256 ? [] : [`${positions} positions do not fit int8`];
  },
  inferShape: (attrs, inputs) => poolShape(attrs, attrs.dilations, must(inputs[0], "input")),
  macs: () => 0,
  reference(view) {
    const g = geometryOf(view);
    return (read, out, y) => {
      const rows = Array.from({ length: g.kernelH }, (_, ky) => {
        const iy = windowIndex(y, ky, g.strideH, g.dilationH, g.padTop, g.inH);
        return iy < 0 ? undefined : read(0, iy);
      });
      for (let ox = 0; ox < g.outW; ox++) {
        for (let c = 0; c < g.channels; c++) {
          let best = Number.NEGATIVE_INFINITY;
          let position = -1;
          rows.forEach((row, ky) => {
            for (let kx = 0; row && kx < g.kernelW; kx++) {
              const ix = windowIndex(ox, kx, g.strideW, g.dilationW, g.padLeft, g.inW);
              const x = ix < 0 ? Number.NEGATIVE_INFINITY : (row[ix * g.channels + c] ?? 0);
              if (x <= best) continue;
              best = x;
              position = ky * g.kernelW + kx;
            }
          });
          invariant(position >= 0, `a window of %${view.node.id} holds nothing but padding`);
          out[ox * g.channels + c] = position - 128;
        }
      }
    };
  },
  rows: (view) => poolRows(geometryOf(view)),
  range: (view) => new Array(must(view.inputs[0], "input").shape.at(-1) ?? 1).fill(fullRange),
  channels: () => ({ kind: "tied" }),
  lower(view) {
    const g = geometryOf(view);
    return {
      kernel: "lwc_argmax_pool2d_s8",
      header: "lwc_argmax_pool2d_s8.h",
      geometry: `argmaxpool${g.kernelH}x${g.kernelW}_s${g.strideH}`,
      params: {
        type: "lwc_argmax_pool2d_params",
        fields: {
          in_h: g.inH,
          in_w: g.inW,
          channels: g.channels,
          out_w: g.outW,
          kernel_h: g.kernelH,
          kernel_w: g.kernelW,
          stride_h: g.strideH,
          stride_w: g.strideW,
          dilation_h: g.dilationH,
          dilation_w: g.dilationW,
          pad_top: g.padTop,
          pad_left: g.padLeft,
        },
      },
      drive: {
        kind: "rows",
        window: { size: g.kernelH, stride: g.strideH, dilation: g.dilationH, padBefore: g.padTop },
        passesRow: true,
        inRows: g.inH,
        outRows: g.outH,
        inRowBytes: g.inW * g.channels,
        outRowBytes: g.outW * g.channels,
        padValue: -128,
      },
      constants: [],
      scratchBytes: 0,
      why: "compares byte by byte and keeps the place of the first of the largest",
    };
  },
});
