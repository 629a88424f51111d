/** Which kernels run convolutions and fully connected layers; targets/*.json says what each costs on a core. */
import { type Candidate, chooseKernel } from "../choose-kernel.js";
import type { Conv2dAttrs } from "../conv2d.js";
import type { KernelCall, KernelContext } from "../kernel.js";
import type { NodeView } from "../op.js";
import {
  dspConv,
  dspConv4,
  dspDepthwise,
  dspDepthwise4,
  dspFullyConnected,
  dspPointwise,
  dspPointwise4,
} from "./kernels-dsp.js";
import { mveConvs, mvePointwises } from "./kernels-mve.js";
import { portableConv, portableDepthwise, portablePointwise } from "./kernels-portable.js";
import { type ConvLayer, convLayer, type PointwiseLayer } from "./layer.js";

const convKernels: readonly Candidate<ConvLayer>[] = [
  portableConv,
  portableDepthwise,
  dspConv,
  dspConv4,
  dspDepthwise,
  dspDepthwise4,
  ...mveConvs,
];
const pointwiseKernels: readonly Candidate<PointwiseLayer>[] = [
  portablePointwise,
  dspPointwise,
  dspPointwise4,
  dspFullyConnected,
  ...mvePointwises,
];

export function lowerConv2d(view: NodeView<Conv2dAttrs>, context: KernelContext): KernelCall {
  const layer = convLayer(view, context);
  const { g } = layer;
  const isPointwise =
    g.kernelH === 1 && g.kernelW === 1 && g.strideH === 1 && g.strideW === 1 && g.groups === 1 && !g.padded;
  if (isPointwise) return lowerPointwise({ ...layer, stem: "pw", pixels: g.outH * g.outW }, context);
  const outputs = g.outH * g.outW * g.outC;
  const macs = outputs * g.kernelH * g.kernelW * (g.inC / g.groups);
  return chooseKernel(convKernels, layer, { macs, outputs }, context);
}

export function lowerPointwise(layer: PointwiseLayer, context: KernelContext): KernelCall {
  const outputs = layer.pixels * layer.weights.outputs;
  return chooseKernel(pointwiseKernels, layer, { macs: outputs * layer.weights.inputs, outputs }, context);
}
