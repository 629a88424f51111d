/** Convolution kernels for cores with Helium (MVE with floating point, Cortex-M55): vector dot products, symmetric weights. */
import type { Candidate } from "../choose-kernel.js";
import {
  type ConvLayer,
  foldZeroPoint,
  geometryName,
  type PointwiseLayer,
  rowsDrive,
  type WeightedLayer,
  windowFields,
} from "./layer.js";
import { packVectorDots, packVectorQuant } from "./pack-mve.js";

/** Loops over a dot product undo their walk in two immediates. */
const MAX_DEPTH = 65535;

/** What every vector kernel asks of a layer. */
function vectorizes({ weights, plan }: WeightedLayer): boolean {
  return (
    weights.zeroPoint === 0 &&
    (plan.form === "float" || plan.form === "short") &&
    weights.taps * weights.inputs <= MAX_DEPTH
  );
}

const pointwise: Candidate<PointwiseLayer> = {
  kernel: "lwc_pointwise_s8_mve",
  // The outputs of two pixels are stored through 16-bit offsets.
  fits: (layer) => vectorizes(layer) && layer.weights.outputs < 2 ** 15,
  call(plain) {
    const layer = foldZeroPoint(plain);
    const { stem, pixels, weights, plan } = layer;
    const width = pixels === 1 ? 8 : 4;
    return {
      kernel: "lwc_pointwise_s8_mve",
      header: "lwc_pointwise_s8_mve.h",
      geometry: stem,
      params: {
        type: "lwc_pointwise_mve_params",
        fields: { pixels, in_c: weights.inputs, out_c: weights.outputs, requant: { ...plan.fields } },
      },
      drive: { kind: "flat" },
      constants: [packVectorDots(weights, width), packVectorQuant(layer, width)],
      scratchBytes: 0,
      why: `vector dot products, ${pixels === 1 ? "8 channels" : "2 pixels x 4 channels"} at a time; ${plan.why}`,
    };
  },
};

const conv: Candidate<ConvLayer> = {
  kernel: "lwc_conv2d_s8_mve",
  fits: (layer) => layer.g.groups === 1 && vectorizes(layer) && layer.weights.outputs < 2 ** 15,
  call(plain) {
    const layer = foldZeroPoint(plain);
    const { g, plan, zeroPoint, weights } = layer;
    return {
      kernel: "lwc_conv2d_s8_mve",
      header: "lwc_conv2d_s8_mve.h",
      geometry: geometryName("conv", g),
      params: {
        type: "lwc_conv2d_mve_params",
        fields: { ...windowFields(layer), in_zero_point: zeroPoint, requant: { ...plan.fields } },
      },
      drive: rowsDrive(layer),
      constants: [packVectorDots(weights, 4), packVectorQuant(layer, 4)],
      scratchBytes: 2 * g.kernelH * g.kernelW * g.inC,
      why: `vector dot products over patches, 2 pixels x 4 channels at a time; ${plan.why}`,
    };
  },
};

export const mveConvs: readonly Candidate<ConvLayer>[] = [conv];
export const mvePointwises: readonly Candidate<PointwiseLayer>[] = [pointwise];
