/** DepthToSpace and SpaceToDepth: reshapes around one transpose, which lays the blocks out in channels-last order. */
import { must } from "../../../diagnostics.js";
import type { Shape } from "../../../ir/shape.js";
import {
  type Context,
  type Importer,
  malformed,
  numberAttribute,
  originOf,
  textAttribute,
  unsupported,
} from "../context.js";
import type { TensorValue } from "../values.js";
import { moveActivation, reshapeTo } from "./reshape.js";
import { mapRank } from "./spatial.js";

function blockSize(context: Context): number {
  const block = numberAttribute(context, "blocksize", 0);
  return Number.isInteger(block) && block > 0 ? block : malformed(context, "LWC1260", `blocksize ${block}`);
}

/** channels, height, width */
function mapOf(context: Context, x: TensorValue): readonly [number, number, number] {
  if (mapRank(context, x) !== 2)
    unsupported(context, "LWC1192", `an input of shape [${x.dims.join(",")}]`, "lwc moves blocks of 2-D maps");
  return [must(x.dims[1], "channels"), must(x.dims[2], "height"), must(x.dims[3], "width")];
}

interface Blocks {
  /** Shape with the blocks' axes on their own. */
  readonly split: Shape;
  /** Axis of `split` for each axis in the order of the result. */
  readonly perm: readonly number[];
  /** Axes in the order of the result, outermost in memory first: what makes the result channels-last. */
  readonly memory: readonly number[];
  readonly dims: Shape;
}

/** A reshape, the one movement of data, and another reshape. */
function rearrange(context: Context, x: TensorValue, { split, perm, memory, dims }: Blocks): TensorValue {
  const parts = reshapeTo(context, x, split);
  const turned = {
    ...parts,
    dims: perm.map((axis) => must(parts.dims[axis], "dim")),
    perm: perm.map((axis) => must(parts.perm[axis], "axis")),
  };
  const layout = perm.map((_, axis) => memory.indexOf(axis));
  return reshapeTo(context, context.assembler.toLayout(turned, layout, originOf(context)), dims);
}

export const importDepthToSpace: Importer = (context) => {
  const b = blockSize(context);
  const mode = textAttribute(context, "mode", "DCR");
  if (mode !== "DCR" && mode !== "CRD") malformed(context, "LWC1261", `mode "${mode}"`);
  return [
    moveActivation(context, context.input(0), (x) => {
      const [c, h, w] = mapOf(context, x);
      const depth = c / (b * b);
      if (!Number.isInteger(depth)) malformed(context, "LWC1262", `${c} channels in blocks of ${b}x${b}`);
      const dims = [1, depth, h * b, w * b];
      const memory = [0, 2, 3, 4, 5, 1];
      return mode === "DCR"
        ? rearrange(context, x, { split: [1, b, b, depth, h, w], perm: [0, 3, 4, 1, 5, 2], memory, dims })
        : rearrange(context, x, { split: [1, depth, b, b, h, w], perm: [0, 1, 4, 2, 5, 3], memory, dims });
    }),
  ];
};

export const importSpaceToDepth: Importer = (context) => {
  const b = blockSize(context);
  return [
    moveActivation(context, context.input(0), (x) => {
      const [c, h, w] = mapOf(context, x);
      if (h % b !== 0 || w % b !== 0) malformed(context, "LWC1262", `a map of ${h}x${w} in blocks of ${b}x${b}`);
      const dims = [1, c * b * b, h / b, w / b];
      const split = [1, c, h / b, b, w / b, b];
      return rearrange(context, x, { split, perm: [0, 3, 5, 1, 2, 4], memory: [0, 4, 5, 1, 2, 3], dims });
    }),
  ];
};
