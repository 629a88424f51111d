/**
 * Random legal networks for property tests: a chain of blocks with branches, skips and heads, built from plain integers
 * so that fast-check can shrink them.
 */
import fc from "fast-check";
import { coordinateModes, nearestModes } from "../../compiler/arith/resize.js";
import type { Graph, TensorId } from "../../compiler/ir/graph.js";
import { elementCount } from "../../compiler/ir/shape.js";
import { GraphBuilder, type QuantSpec, randomInts } from "./graph-builder.js";

export interface BlockSpec {
  readonly kind:
    | "conv"
    | "pointwise"
    | "depthwise"
    | "residual"
    | "se"
    | "maxpool"
    | "lookup"
    | "concat"
    | "pad"
    | "shuffle"
    | "split"
    | "deconv"
    | "resize";
  readonly channels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly zero: number;
  readonly relu: boolean;
}

export interface NetSpec {
  readonly size: number;
  readonly channels: number;
  readonly zero: number;
  readonly blocks: readonly BlockSpec[];
  readonly head: "none" | "mean" | "classifier" | "softmax";
  readonly seed: number;
}

const block: fc.Arbitrary<BlockSpec> = fc.record({
  kind: fc.constantFrom(
    "conv",
    "pointwise",
    "depthwise",
    "residual",
    "se",
    "maxpool",
    "lookup",
    "concat",
    "pad",
    "shuffle",
    "split",
    "deconv",
    "resize",
  ),
  channels: fc.integer({ min: 1, max: 19 }),
  kernel: fc.constantFrom(1, 2, 3, 5),
  stride: fc.constantFrom(1, 2),
  zero: fc.integer({ min: -128, max: 127 }),
  relu: fc.boolean(),
});

export const netSpec: fc.Arbitrary<NetSpec> = fc.record({
  size: fc.integer({ min: 4, max: 12 }),
  channels: fc.integer({ min: 1, max: 9 }),
  zero: fc.integer({ min: -128, max: 127 }),
  blocks: fc.array(block, { minLength: 1, maxLength: 6 }),
  head: fc.constantFrom("none", "mean", "classifier", "softmax"),
  seed: fc.integer({ min: 1, max: 1 << 20 }),
});

const identityTable = Array.from({ length: 256 }, (_, i) => i - 128);

export function buildNet(spec: NetSpec): Graph {
  const b = new GraphBuilder();
  let seed = spec.seed;
  let x = b.input([1, spec.size, spec.size + 1, spec.channels], { zero: spec.zero, scale: 0.05 });
  const conv = (
    from: TensorId,
    out: number,
    kernel: number,
    stride: number,
    depthwise: boolean,
    q: QuantSpec,
    relu: boolean,
  ): TensorId => {
    const channels = b.shapeOf(from)[3]!;
    const outputs = depthwise ? channels : out;
    const perGroup = depthwise ? 1 : channels;
    const shape = [outputs, kernel, kernel, perGroup];
    // Some weights and whole rows are zero or one-sided, so that dead and constant channels occur.
    const mode = seed % 4;
    const data = randomInts(elementCount(shape), ++seed, mode === 0 ? -127 : -9, mode === 1 ? -1 : 127);
    const scales = Array.from({ length: outputs }, (_, c) => 0.001 + ((seed + c) % 7) * 0.0013);
    const bias = randomInts(outputs, ++seed, mode === 1 ? -9000 : -900, 900);
    const half = Math.floor(kernel / 2);
    const pads = [half, half, kernel - 1 - half, half];
    const zero = q.zero ?? 0;
    const attrs = {
      groups: depthwise ? channels : 1,
      strides: [stride, stride],
      dilations: [1, 1],
      pads,
      clampMin: relu ? zero : -128,
      clampMax: 127,
    };
    return b.node("conv2d", [from, b.weights(shape, data, scales), b.bias(bias)], attrs, q);
  };
  /** Reshape, transpose, reshape. */
  const shuffle = (from: TensorId, groups: number): TensorId => {
    const [, h = 1, w = 1, c = 1] = b.shapeOf(from);
    const apart = b.node("reshape", [from], { shape: [1, h, w, groups, c / groups] });
    const moved = b.node("transpose", [apart], { perm: [0, 1, 2, 4, 3] });
    return b.node("reshape", [moved], { shape: [1, h, w, c] });
  };
  const channelsFrom = (from: TensorId, start: number, end: number, step = 1): TensorId => {
    const [, h = 1, w = 1] = b.shapeOf(from);
    const cut = { starts: [0, 0, 0, start], ends: [1, h, w, end], steps: [1, 1, 1, step] };
    return b.node("slice", [from], cut);
  };
  for (const spec1 of spec.blocks) {
    const q = { scale: 0.03 + (seed % 5) * 0.01, zero: spec1.relu ? -128 : spec1.zero };
    const [, height = 1, width = 1, channels = 1] = b.shapeOf(x);
    const stride = Math.min(height, width) >= 4 ? spec1.stride : 1;
    switch (spec1.kind) {
      case "conv":
        x = conv(x, spec1.channels, spec1.kernel, stride, false, q, spec1.relu);
        break;
      case "pointwise":
        x = conv(x, spec1.channels, 1, 1, false, q, spec1.relu);
        break;
      case "depthwise":
        x = conv(x, channels, spec1.kernel, stride, true, q, spec1.relu);
        break;
      case "residual": {
        const y = conv(
          conv(x, spec1.channels, 1, 1, false, q, true),
          channels,
          3,
          1,
          false,
          { scale: 0.04, zero: spec1.zero },
          false,
        );
        x = b.node("add", [x, y], { clampMin: -128, clampMax: 127, spanScalar: "none" }, { scale: 0.06, zero: -3 });
        break;
      }
      case "se": {
        const pooled = b.node(
          "mean",
          [x],
          { axes: [1, 2], keepDims: true, clampMin: -128, clampMax: 127 },
          { scale: 0.02, zero: -100 },
        );
        const gate = conv(
          conv(pooled, spec1.channels, 1, 1, false, q, true),
          channels,
          1,
          1,
          false,
          { scale: 0.01, zero: 5 },
          false,
        );
        x = b.node("mul", [x, gate], { clampMin: -128, clampMax: 127 }, { scale: 0.03, zero: spec1.zero });
        break;
      }
      case "maxpool":
        if (Math.min(height, width) >= 2) {
          const attrs = {
            kernel: [2, 2],
            strides: [stride, stride],
            pads: [0, 1, 1, 0],
            dilations: [1, 1],
            clampMin: -128,
            clampMax: 127,
          };
          x = b.node("max_pool2d", [x], attrs);
        }
        break;
      case "lookup":
        x = b.node("lookup", [x, b.weights([256], randomInts(256, ++seed))], {}, { scale: 0.02, zero: spec1.zero });
        break;
      case "concat": {
        // Beside what only the join reads, a layer that reads one of its inputs too, and one that the caller's input goes through.
        const first = conv(x, spec1.channels, 1, 1, false, q, true);
        const second = conv(spec1.stride === 2 ? first : x, 3, 3, 1, false, q, true);
        const table = b.weights([256], randomInts(256, ++seed));
        const third = spec1.kernel === 5 ? [b.node("lookup", [x, table], {}, q)] : [];
        x = b.node("concat", [first, second, ...third], { axis: 3 }, q);
        break;
      }
      case "shuffle": {
        const groups = [2, 3, 5].find((n) => channels % n === 0 && channels > n);
        if (groups !== undefined) x = shuffle(x, groups);
        else x = b.node("take", [x], { axis: 3, indices: randomInts(channels, ++seed, 0, channels - 1) });
        break;
      }
      case "split": {
        // A unit of ShuffleNetV2, with a rescaling of the part that is kept.
        if (channels < 2) break;
        const half = Math.floor(channels / 2);
        const kept = channelsFrom(x, 0, half);
        const scaled = spec1.relu
          ? b.node("lookup", [kept, b.weights([256], randomInts(256, ++seed))], {}, q)
          : b.node("lookup", [kept, b.weights([256], identityTable)], {}, q);
        const worked = conv(channelsFrom(x, half, channels), half, 1, 1, false, q, true);
        x = b.node("concat", [scaled, worked], { axis: 3 }, q);
        if (half > 1) x = shuffle(x, 2);
        if (spec1.kernel === 5) x = channelsFrom(x, 2 * half - 1, -1, -1);
        break;
      }
      case "deconv":
        if (Math.max(height, width) <= 14) {
          const [k, depthwise] = [spec1.kernel, spec1.channels % 3 === 0];
          const outputs = depthwise ? channels : spec1.channels;
          const shape = [outputs, k, k, depthwise ? 1 : channels];
          const weights = b.weights(shape, randomInts(elementCount(shape), ++seed), [0.002]);
          const attrs = {
            groups: depthwise ? channels : 1,
            strides: [spec1.stride, 2],
            dilations: [1, 1],
            pads: [k > 2 ? 1 : 0, 0, k > 2 ? 1 : 0, 1],
            outputPadding: [spec1.stride - 1, 1],
            clampMin: -128,
            clampMax: 127,
          };
          x = b.node("conv_transpose2d", [x, weights], attrs, q);
        }
        break;
      case "resize":
        if (Math.max(height, width) <= 14) {
          const size = [height * spec1.stride, width + spec1.kernel];
          const isLinear = spec1.relu;
          const attrs = {
            mode: isLinear ? "linear" : "nearest",
            coordinates: coordinateModes[seed % coordinateModes.length]!,
            rounding: nearestModes[seed % nearestModes.length]!,
            size,
            scaleH: spec1.stride,
            scaleW: Math.fround(size[1]! / width),
            clampMin: -128,
            clampMax: 127,
          };
          x = b.node("resize", [x], attrs, isLinear ? q : undefined);
        }
        break;
      case "pad": {
        const zero = b.build().tensors.get(x)?.quant?.zeroPoint ?? 0;
        x = b.node("pad", [x], { before: [0, 1, 0, 0], after: [0, 0, 1, 0], value: zero });
        break;
      }
    }
  }
  if (spec.head !== "none") {
    x = b.node("mean", [x], { axes: [1, 2], keepDims: false, clampMin: -128, clampMax: 127 }, { scale: 0.02, zero: 3 });
  }
  if (spec.head === "classifier" || spec.head === "softmax") {
    const features = b.shapeOf(x)[1]!;
    const weights = b.weights([7, features], randomInts(7 * features, ++seed), [0.003]);
    x = b.node(
      "fully_connected",
      [x, weights, b.bias(randomInts(7, ++seed, -500, 500))],
      { alpha: 1, clampMin: -128, clampMax: 127 },
      { scale: 0.1, zero: 0 },
    );
  }
  if (spec.head === "softmax") x = b.node("softmax", [x], {}, { scale: 1 / 256, zero: -128 });
  return b.output(x).build();
}
