/** Max pooling, NHWC int8: the largest value of each window; padding is ignored. Output quantization equals the input's. */
import { must } from "../diagnostics.js";
import { defineOp, type NodeView } from "./op.js";
import { type PoolAttrs, type PoolGeometry, poolGeometry, poolRows, poolShape, windowIndex } from "./pool-window.js";

export type MaxPool2dAttrs = PoolAttrs & {
  /** vertical, horizontal */
  readonly dilations: readonly number[];
};

function geometryOf(view: NodeView<MaxPool2dAttrs>): PoolGeometry {
  return poolGeometry(view.attrs, view.attrs.dilations, must(view.inputs[0], "input"), view.output);
}

export const maxPool2d = defineOp<MaxPool2dAttrs>({
  kind: "max_pool2d",
  summary: "max pooling over height and width",
  attrs: {
    kernel: { type: "ints", doc: "height, width", length: 2 },
    strides: { type: "ints", doc: "vertical, horizontal", length: 2, default: [1, 1] },
    pads: { type: "ints", doc: "top, left, bottom, right", length: 4, default: [0, 0, 0, 0] },
    dilations: { type: "ints", doc: "vertical, horizontal", length: 2, default: [1, 1] },
    clampMin: { type: "int", doc: "lower bound of the output", default: -128 },
    clampMax: { type: "int", doc: "upper bound of the output", default: 127 },
  },
  arity: { activations: 1, constants: [] },
  verify: (view) => (must(view.inputs[0], "input").shape.length === 4 ? [] : ["expected a rank 4 input"]),
  inferShape: (attrs, inputs) => poolShape(attrs, attrs.dilations, must(inputs[0], "input")),
  macs: () => 0,
  reference(view) {
    const g = geometryOf(view);
    const { clampMin, clampMax } = view.attrs;
    return (read, out, y) => {
      out.fill(-128);
      for (let ky = 0; ky < g.kernelH; ky++) {
        const iy = windowIndex(y, ky, g.strideH, g.dilationH, g.padTop, g.inH);
        if (iy < 0) continue;
        const row = read(0, iy);
        for (let ox = 0; ox < g.outW; ox++) {
          for (let kx = 0; kx < g.kernelW; kx++) {
            const ix = windowIndex(ox, kx, g.strideW, g.dilationW, g.padLeft, g.inW);
            if (ix < 0) continue;
            for (let c = 0; c < g.channels; c++) {
              const x = row[ix * g.channels + c] ?? 0;
              if (x > (out[ox * g.channels + c] ?? 0)) out[ox * g.channels + c] = x;
            }
          }
        }
      }
      for (let i = 0; i < out.length; i++) out[i] = Math.min(clampMax, Math.max(clampMin, out[i] ?? 0));
    };
  },
  rows: (view) => poolRows(geometryOf(view)),
  range(view, inputs) {
    const { clampMin, clampMax } = view.attrs;
    const clamp = (x: number): number => Math.min(clampMax, Math.max(clampMin, x));
    return must(inputs[0], "input ranges").map(({ min, max }) => ({ min: clamp(min), max: clamp(max) }));
  },
  channels: () => ({ kind: "tied" }),
  lower(view) {
    const g = geometryOf(view);
    return {
      kernel: "lwc_max_pool2d_s8",
      header: "lwc_max_pool2d_s8.h",
      geometry: `maxpool${g.kernelH}x${g.kernelW}_s${g.strideH}`,
      params: {
        type: "lwc_max_pool2d_params",
        fields: {
          in_w: g.inW,
          channels: g.channels,
          out_w: g.outW,
          kernel_h: g.kernelH,
          kernel_w: g.kernelW,
          stride_w: g.strideW,
          dilation_w: g.dilationW,
          pad_left: g.padLeft,
          min: view.attrs.clampMin,
          max: view.attrs.clampMax,
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
    };
  },
});
