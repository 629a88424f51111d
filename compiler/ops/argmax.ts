/** ArgMax: index of the largest value along an axis, int32; the first of equals, or the last with selectLast. */
import { must } from "../diagnostics.js";
import { elementCount, rowLength } from "../ir/shape.js";
import { defineOp, type NodeView } from "./op.js";

export type ArgMaxAttrs = {
  readonly axis: number;
  readonly keepDims: boolean;
  readonly selectLast: boolean;
};

interface Extent {
  readonly outer: number;
  readonly depth: number;
  readonly inner: number;
}

function extentOf(view: NodeView<ArgMaxAttrs>): Extent {
  const { shape } = must(view.inputs[0], "input");
  const { axis } = view.attrs;
  return {
    outer: elementCount(shape.slice(0, axis)),
    depth: must(shape[axis], "axis"),
    inner: elementCount(shape.slice(axis + 1)),
  };
}

export const argmax = defineOp<ArgMaxAttrs>({
  kind: "argmax",
  kernels: [{ kernel: "lwc_argmax_s8" }],
  summary: "index of the largest value along an axis",
  attrs: {
    axis: { type: "int", doc: "axis of the IR shape (NHWC)" },
    keepDims: { type: "bool", doc: "keep the axis with length 1", default: true },
    selectLast: { type: "bool", doc: "the last of equal values instead of the first", default: false },
  },
  arity: { activations: 1, constants: [] },
  verify: (view) =>
    view.attrs.axis >= 0 && view.attrs.axis < must(view.inputs[0], "input").shape.length
      ? []
      : [`axis ${view.attrs.axis} does not exist`],
  inferShape(attrs, inputs) {
    const { shape } = must(inputs[0], "input");
    return attrs.keepDims
      ? shape.map((dim, axis) => (axis === attrs.axis ? 1 : dim))
      : shape.filter((_, axis) => axis !== attrs.axis);
  },
  macs: () => 0,
  reference(view) {
    const { depth, inner } = extentOf(view);
    const inLength = rowLength(must(view.inputs[0], "input").shape);
    const outLength = rowLength(view.output.shape);
    return (read, out, y) => {
      const at = (index: number): number => read(0, Math.floor(index / inLength))[index % inLength] ?? 0;
      for (let i = 0; i < outLength; i++) {
        const index = y * outLength + i;
        const first = Math.floor(index / inner) * depth * inner + (index % inner);
        let best = 0;
        for (let k = 1; k < depth; k++) {
          const candidate = at(first + k * inner);
          const champion = at(first + best * inner);
          if (candidate > champion || (candidate === champion && view.attrs.selectLast)) best = k;
        }
        out[i] = best;
      }
    };
  },
  rows: () => ({ kind: "all" }),
  channels: () => ({ kind: "fixed" }),
  lower(view) {
    const { outer, depth, inner } = extentOf(view);
    return {
      kernel: "lwc_argmax_s8",
      header: "lwc_argmax_s8.h",
      geometry: "argmax",
      params: {
        type: "lwc_argmax_params",
        fields: { outer, depth, inner, select_last: view.attrs.selectLast ? 1 : 0 },
      },
      drive: { kind: "flat" },
      constants: [],
      scratchBytes: 0,
      why: "one comparison per value",
    };
  },
});
