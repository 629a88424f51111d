/** Reference row kernel of conv_transpose2d: the definition, tap by tap, from the output's side. */
import type { Requantize } from "../../arith/requant.js";
import { must } from "../../diagnostics.js";
import { weightBlock } from "../channel-pruning.js";
import { type ConvTranspose2dAttrs, type TransposedAxis, transposedAxis } from "../conv_transpose2d.js";
import { type NodeView, quantOf, type RowKernel } from "../op.js";

export function transposedConvReference(
  view: NodeView<ConvTranspose2dAttrs>,
  requantize: readonly Requantize[],
): RowKernel {
  const [v, h] = [transposedAxis(view, 0), transposedAxis(view, 1)];
  const weights = weightBlock(must(view.inputs[1], "weights"));
  const channels = must(must(view.inputs[0], "input").shape[3], "channels");
  const zx = quantOf(must(view.inputs[0], "input")).zeroPoint;
  const perGroup = weights.inputs;
  const outPerGroup = weights.outputs / view.attrs.groups;
  const bias = Int32Array.from({ length: weights.outputs }, (_, o) => view.inputs[2]?.data?.[o] ?? 0);
  const acc = new Int32Array(h.output * weights.outputs);
  return (read, out, y) => {
    for (let ox = 0; ox < h.output; ox++) acc.set(bias, ox * weights.outputs);
    for (let ky = 0; ky < v.kernel; ky++) {
      const iy = sourceOf(v, y, ky);
      if (iy < 0) continue;
      const row = read(0, iy);
      for (let ox = 0; ox < h.output; ox++) {
        for (let kx = 0; kx < h.kernel; kx++) {
          const ix = sourceOf(h, ox, kx);
          if (ix < 0) continue;
          for (let o = 0; o < weights.outputs; o++) {
            const first = ix * channels + Math.floor(o / outPerGroup) * perGroup;
            const w = ((o * v.kernel + ky) * h.kernel + kx) * perGroup;
            let sum = acc[ox * weights.outputs + o] ?? 0;
            for (let c = 0; c < perGroup; c++)
              sum += ((row[first + c] ?? 0) - zx) * ((weights.data[w + c] ?? 0) - weights.zeroPoint);
            acc[ox * weights.outputs + o] = sum;
          }
        }
      }
    }
    for (let i = 0; i < acc.length; i++) out[i] = must(requantize[i % weights.outputs], "requantization")(acc[i] ?? 0);
  };
}

/** The input coordinate that tap k takes to output coordinate `at`, or -1 where there is none. */
function sourceOf({ input, stride, dilation, padBefore }: TransposedAxis, at: number, k: number): number {
  const scaled = at + padBefore - k * dilation;
  const source = scaled / stride;
  return Number.isInteger(source) && source >= 0 && source < input ? source : -1;
}
