/** Reference row kernels of conv2d: plain loops, hoisted so that V8 runs them at some hundred million MACs a second. */
import type { Requantize } from "../../arith/requant.js";
import { must } from "../../diagnostics.js";
import { weightBlock } from "../channel-pruning.js";
import type { Conv2dAttrs, ConvGeometry } from "../conv2d.js";
import { type NodeView, quantOf, type ReadRow, type RowKernel } from "../op.js";

export function convReference(
  view: NodeView<Conv2dAttrs>,
  g: ConvGeometry,
  requantize: readonly Requantize[],
): RowKernel {
  const { data, zeroPoint } = weightBlock(must(view.inputs[1], "weights"));
  const weights = Int32Array.from(data, (w) => w - zeroPoint);
  const bias = Int32Array.from({ length: g.outC }, (_, c) => view.inputs[2]?.data?.[c] ?? 0);
  const zx = quantOf(must(view.inputs[0], "input")).zeroPoint;
  const acc = new Int32Array(g.outC);
  const perGroup = g.inC / g.groups;
  const outPerGroup = g.outC / g.groups;
  const accumulate = outPerGroup === 1 && perGroup === 1 ? depthwiseTap : groupTap;

  const buffers = Array.from({ length: g.kernelH }, () => new Int32Array(g.inW * g.inC));

  /** Input rows of the window, centred on the zero point; undefined where the window leaves the input. */
  const readWindow = (read: ReadRow, y: number): readonly (Int32Array | undefined)[] =>
    buffers.map((buffer, ky) => {
      const iy = y * g.strideH - g.padTop + ky * g.dilationH;
      if (iy < 0 || iy >= g.inH) return undefined;
      const row = read(0, iy);
      for (let i = 0; i < buffer.length; i++) buffer[i] = (row[i] ?? 0) - zx;
      return buffer;
    });

  return (read, out, y) => {
    const rows = readWindow(read, y);
    for (let ox = 0; ox < g.outW; ox++) {
      acc.set(bias);
      for (let ky = 0; ky < g.kernelH; ky++) {
        const row = rows[ky];
        if (!row) continue;
        for (let kx = 0; kx < g.kernelW; kx++) {
          const ix = ox * g.strideW - g.padLeft + kx * g.dilationW;
          if (ix < 0 || ix >= g.inW) continue;
          accumulate(acc, row, ix * g.inC, weights, (ky * g.kernelW + kx) * perGroup, g, perGroup, outPerGroup);
        }
      }
      for (let c = 0; c < g.outC; c++) out[ox * g.outC + c] = must(requantize[c], "requantization")(acc[c] ?? 0);
    }
  };
}

type Tap = (
  acc: Int32Array,
  row: Int32Array,
  at: number,
  weights: Int32Array,
  tap: number,
  g: ConvGeometry,
  perGroup: number,
  outPerGroup: number,
) => void;

/** One filter per channel. */
const depthwiseTap: Tap = (acc, row, at, weights, tap, g) => {
  const stride = g.kernelH * g.kernelW;
  for (let c = 0, w = tap; c < g.outC; c++, w += stride) {
    acc[c] = (acc[c] ?? 0) + (row[at + c] ?? 0) * (weights[w] ?? 0);
  }
};

/** Any number of groups; weights [out][kh][kw][in / groups]. */
const groupTap: Tap = (acc, row, at, weights, tap, g, perGroup, outPerGroup) => {
  const stride = g.kernelH * g.kernelW * perGroup;
  for (let o = 0; o < g.outC; o++) {
    const first = at + Math.floor(o / outPerGroup) * perGroup;
    const w = o * stride + tap;
    let sum = 0;
    for (let c = 0; c < perGroup; c++) sum += (row[first + c] ?? 0) * (weights[w + c] ?? 0);
    acc[o] = (acc[o] ?? 0) + sum;
  }
};
