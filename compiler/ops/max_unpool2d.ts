/**
 * Max unpooling, NHWC int8: each pooled value goes back to where argmax_pool2d found it; everything else is 0, the zero point.
 * Where windows overlap and several values go to one place, the last of them in row-major order stays (ONNX MaxUnpool writes in
 * that order).
 *
 *   x       [1, h, w, C]   pooled values
 *   places  [1, h, w, C]   from argmax_pool2d of the same window
 *   y       [1, H, W, C]   quantization of x
 */
import { must } from "../diagnostics.js";
import type { Tensor } from "../ir/graph.js";
import { elementCount, sameShape } from "../ir/shape.js";
import type { ArgmaxPool2dAttrs } from "./argmax_pool2d.js";
import { defineOp, type NodeView, quantOf } from "./op.js";

export type MaxUnpool2dAttrs = ArgmaxPool2dAttrs & {
  /** height, width of the result */
  readonly size: readonly number[];
};

const inputOf = (view: NodeView<MaxUnpool2dAttrs>): Tensor => must(view.inputs[0], "input");

export const maxUnpool2d = defineOp<MaxUnpool2dAttrs>({
  kind: "max_unpool2d",
  kernels: [{ kernel: "lwc_max_unpool2d_s8" }],
  summary: "puts pooled values back where max pooling found them",
  attrs: {
    kernel: { type: "ints", doc: "height, width of the pooling window", length: 2 },
    strides: { type: "ints", doc: "vertical, horizontal", length: 2, default: [1, 1] },
    pads: { type: "ints", doc: "top, left, bottom, right", length: 4, default: [0, 0, 0, 0] },
    dilations: { type: "ints", doc: "vertical, horizontal", length: 2, default: [1, 1] },
    size: { type: "ints", doc: "height, width of the result", length: 2 },
  },
  arity: { activations: 2, constants: [] },
  verify(view) {
    const places = must(view.inputs[1], "places");
    if (inputOf(view).shape.length !== 4) return ["expected a rank 4 input"];
    return sameShape(inputOf(view).shape, places.shape) ? [] : ["expected a place for each value"];
  },
  inferShape: (attrs, inputs) => [1, ...attrs.size, must(must(inputs[0], "input").shape[3], "channels")],
  macs: () => 0,
  moves: () => "puts values back where pooling found them",
  reference(view) {
    const { attrs } = view;
    const at = (list: readonly number[], i: number): number => must(list[i], "max_unpool2d dimension");
    const [, height = 1, width = 1, channels = 1] = inputOf(view).shape;
    const outW = at(attrs.size, 1);
    const zero = quantOf(view.output).zeroPoint;
    const kernelW = at(attrs.kernel, 1);
    return (read, out, y) => {
      out.fill(zero);
      for (let py = 0; py < height; py++) {
        const top = py * at(attrs.strides, 0) - at(attrs.pads, 0);
        const reach = (at(attrs.kernel, 0) - 1) * at(attrs.dilations, 0);
        if (y < top || y > top + reach) continue;
        const values = read(0, py);
        const places = read(1, py);
        for (let i = 0; i < width * channels; i++) {
          const place = (places[i] ?? 0) + 128;
          const iy = top + Math.floor(place / kernelW) * at(attrs.dilations, 0);
          const left = Math.floor(i / channels) * at(attrs.strides, 1) - at(attrs.pads, 1);
          const ix = left + (place % kernelW) * at(attrs.dilations, 1);
          if (iy === y && ix >= 0 && ix < outW) out[ix * channels + (i % channels)] = values[i] ?? 0;
        }
      }
    };
  },
  rows: () => ({ kind: "all" }),
  range(view, inputs) {
    const zero = quantOf(view.output).zeroPoint;
    return must(inputs[0], "input ranges").map(({ min, max }) => ({
      min: Math.min(min, zero),
      max: Math.max(max, zero),
    }));
  },
  channels: () => ({ kind: "tied" }),
  lower(view) {
    const { attrs } = view;
    const [, height = 1, width = 1, channels = 1] = inputOf(view).shape;
    const at = (list: readonly number[], i: number): number => must(list[i], "max_unpool2d dimension");
    return {
      kernel: "lwc_max_unpool2d_s8",
      header: "lwc_max_unpool2d_s8.h",
      geometry: `maxunpool${at(attrs.kernel, 0)}x${at(attrs.kernel, 1)}_s${at(attrs.strides, 0)}`,
      params: {
        type: "lwc_max_unpool2d_params",
        fields: {
          in_h: height,
          in_w: width,
          channels,
          out_h: at(attrs.size, 0),
          out_w: at(attrs.size, 1),
          out_bytes: elementCount(view.output.shape),
          kernel_w: at(attrs.kernel, 1),
          stride_h: at(attrs.strides, 0),
          stride_w: at(attrs.strides, 1),
          dilation_h: at(attrs.dilations, 0),
          dilation_w: at(attrs.dilations, 1),
          pad_top: at(attrs.pads, 0),
          pad_left: at(attrs.pads, 1),
          zero_point: quantOf(view.output).zeroPoint,
        },
      },
      drive: { kind: "flat" },
      constants: [],
      scratchBytes: 0,
      why: "fills with the zero point, then one store per value",
    };
  },
});
