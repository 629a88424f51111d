/** Max pooling, NHWC int8: the largest value of each window; padding is ignored. Output quantization equals the input's. */
import { must } from "../diagnostics.js";
import { type Candidate, chooseKernel } from "./choose-kernel.js";
import { dspMaxPool } from "./max_pool2d/kernels-dsp.js";
import { mveMaxPool } from "./max_pool2d/kernels-mve.js";
import { type MaxPoolLayer, portableMaxPool } from "./max_pool2d/kernels-portable.js";
import { defineOp, type NodeView } from "./op.js";
import {
  type PoolAttrs,
  type PoolGeometry,
  poolGeometry,
  poolRows,
  poolShape,
  poolWork,
  windowIndex,
} from "./pool-window.js";

export type MaxPool2dAttrs = PoolAttrs & {
  /** vertical, horizontal */
  readonly dilations: readonly number[];
};

function geometryOf(view: NodeView<MaxPool2dAttrs>): PoolGeometry {
  return poolGeometry(view.attrs, view.attrs.dilations, must(view.inputs[0], "input"), view.output);
}

const kernels: readonly Candidate<MaxPoolLayer>[] = [portableMaxPool, dspMaxPool, mveMaxPool];

export const maxPool2d = defineOp<MaxPool2dAttrs>({
  kind: "max_pool2d",
  kernels,
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
  lower(view, context) {
    const g = geometryOf(view);
    const { clampMin: min, clampMax: max } = view.attrs;
    return chooseKernel(kernels, { g, min, max }, poolWork(g), context);
  },
});
