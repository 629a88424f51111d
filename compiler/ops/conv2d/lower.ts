/** Which kernels run convolutions and fully connected layers; targets/*.json says what each costs on a core. */
import type { Candidate, Choose } from "../choose-kernel.js";
import { type Conv2dAttrs, isFullyConnected } from "../conv2d.js";
import type { KernelContext } from "../kernel.js";
import type { NodeView } from "../op.js";
import { dspConvs, dspPointwises } from "./kernels-dsp.js";
import { groupedConvs } from "./kernels-grouped.js";
import { mveConvs, mvePointwises } from "./kernels-mve.js";
import { portableConvs, portablePointwises } from "./kernels-portable.js";
import { swarConvs, swarPointwises } from "./kernels-swar.js";
import { type ConvLayer, convLayer, isDepthwise, type PointwiseLayer } from "./layer.js";

const convKernels: readonly Candidate<ConvLayer>[] = [
  ...portableConvs,
  ...dspConvs,
  ...mveConvs,
  ...swarConvs,
  ...groupedConvs,
];
export const pointwiseKernels: readonly Candidate<PointwiseLayer>[] = [
  ...portablePointwises,
  ...dspPointwises,
  ...mvePointwises,
  ...swarPointwises,
];

/** For docs. */
export const conv2dKernels: readonly { readonly kernel: string }[] = [...convKernels, ...pointwiseKernels];

export function lowerConv2d<Result>(
  view: NodeView<Conv2dAttrs>,
  context: KernelContext,
  choose: Choose<Result>,
): Result {
  const layer = convLayer(view, context);
  const { g } = layer;
  const isPointwise =
    g.kernelH === 1 && g.kernelW === 1 && g.strideH === 1 && g.strideW === 1 && g.groups === 1 && !g.padded;
  if (isPointwise) return lowerPointwise({ ...layer, stem: "pw", pixels: g.outH * g.outW }, context, choose);
  if (isFullyConnected(g)) {
    const { weights } = layer;
    const flat = { ...weights, inputs: weights.taps * weights.inputs, taps: 1 };
    return lowerPointwise({ ...layer, weights: flat, stem: "fc", pixels: 1 }, context, choose);
  }
  const outputs = g.outH * g.outW * g.outC;
  const macs = outputs * g.kernelH * g.kernelW * (g.inC / g.groups);
  const inputs = g.outH * g.kernelH * g.inC * (isDepthwise(layer) ? g.inW : g.outW * g.kernelW);
  return choose(convKernels, layer, { macs, outputs, inputs, calls: g.outH }, context);
}

export function lowerPointwise<Result>(layer: PointwiseLayer, context: KernelContext, choose: Choose<Result>): Result {
  const outputs = layer.pixels * layer.weights.outputs;
  const work = { macs: outputs * layer.weights.inputs, outputs, inputs: layer.pixels * layer.weights.inputs, calls: 1 };
  return choose(pointwiseKernels, layer, work, context);
}
