/** Average pooling, NHWC int8; the mean of each window in ONNX Runtime's float32 order (docs/numerics.md, "AveragePool"). */
import { type AvgPoolQuant, dequantTable, makeAverage, planAverage } from "../arith/avg-pool.js";
import { must } from "../diagnostics.js";
import { scaleOf } from "../ir/quant.js";
import { avgPools } from "./avg_pool2d/kernels-portable.js";
import { chooseKernel } from "./choose-kernel.js";
import { defineOp, type NodeView, quantOf } from "./op.js";
import {
  type PoolAttrs,
  type PoolGeometry,
  poolGeometry,
  poolRows,
  poolShape,
  poolWork,
  windowIndex,
} from "./pool-window.js";

export type AvgPool2dAttrs = PoolAttrs & {
  /** Divide by the whole window instead of its part inside the input. */
  readonly countIncludePad: boolean;
};

function geometryOf(view: NodeView<AvgPool2dAttrs>): PoolGeometry {
  return poolGeometry(view.attrs, [1, 1], must(view.inputs[0], "input"), view.output);
}

export function avgQuantOf(view: NodeView<AvgPool2dAttrs>): AvgPoolQuant {
  const x = quantOf(must(view.inputs[0], "input"));
  const y = quantOf(view.output);
  return {
    inScale: scaleOf(x),
    inZero: x.zeroPoint,
    outScale: scaleOf(y),
    outZero: y.zeroPoint,
    unsigned: y.storage === "uint8",
    min: view.attrs.clampMin,
    max: view.attrs.clampMax,
  };
}

export const avgPool2d = defineOp<AvgPool2dAttrs>({
  kind: "avg_pool2d",
  kernels: avgPools,
  summary: "average pooling over height and width",
  attrs: {
    kernel: { type: "ints", doc: "height, width", length: 2 },
    strides: { type: "ints", doc: "vertical, horizontal", length: 2, default: [1, 1] },
    pads: { type: "ints", doc: "top, left, bottom, right", length: 4, default: [0, 0, 0, 0] },
    countIncludePad: { type: "bool", doc: "divide by the whole window", default: false },
    clampMin: { type: "int", doc: "lower bound of the output", default: -128 },
    clampMax: { type: "int", doc: "upper bound of the output", default: 127 },
  },
  arity: { activations: 1, constants: [] },
  verify: (view) => (must(view.inputs[0], "input").shape.length === 4 ? [] : ["expected a rank 4 input"]),
  inferShape: (attrs, inputs) => poolShape(attrs, [1, 1], must(inputs[0], "input")),
  macs: () => 0,
  reference(view) {
    const g = geometryOf(view);
    const q = avgQuantOf(view);
    const real = dequantTable(q);
    const average = makeAverage(q);
    const whole = view.attrs.countIncludePad ? g.kernelH * g.kernelW : 0;
    return (read, out, y) => {
      const rows = Array.from({ length: g.kernelH }, (_, ky) => {
        const iy = windowIndex(y, ky, g.strideH, 1, g.padTop, g.inH);
        return iy < 0 ? undefined : read(0, iy);
      });
      for (let ox = 0; ox < g.outW; ox++) {
        for (let c = 0; c < g.channels; c++) {
          let sum = 0;
          let count = 0;
          for (const row of rows) {
            if (!row) continue;
            for (let kx = 0; kx < g.kernelW; kx++) {
              const ix = windowIndex(ox, kx, g.strideW, 1, g.padLeft, g.inW);
              if (ix < 0) continue;
              sum = Math.fround(sum + (real[(row[ix * g.channels + c] ?? 0) + 128] ?? 0));
              count++;
            }
          }
          out[ox * g.channels + c] = average(sum, whole || count);
        }
      }
    };
  },
  rows: (view) => poolRows(geometryOf(view)),
  channels: () => ({ kind: "tied" }),
  lower(view, context) {
    const g = geometryOf(view);
    const quant = avgQuantOf(view);
    const plan = planAverage(quant, g.kernelH * g.kernelW);
    const layer = { g, quant, countIncludePad: view.attrs.countIncludePad, plan };
    return chooseKernel(avgPools, layer, poolWork(g), context);
  },
});
