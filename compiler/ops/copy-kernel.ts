/** Kernels that move bytes, for transpose, slice, pad and copies. */
import { elementCount } from "../ir/shape.js";
import { type Candidate, chooseKernel } from "./choose-kernel.js";
import { type CopyLayer, portableCopy } from "./copy/kernels-portable.js";
import type { CopyNest } from "./gather.js";
import type { KernelCall, KernelContext } from "./kernel.js";
import type { NodeView } from "./op.js";

export const copyKernels: readonly Candidate<CopyLayer>[] = [portableCopy];

/** What the operator says of its copy. */
export interface CopyNames {
  readonly geometry: string;
  readonly why: string;
  /** Value of the elements that the copy leaves out, where there are any. */
  readonly fill?: number;
}

export function copyCall(view: NodeView, nest: CopyNest, names: CopyNames, context: KernelContext): KernelCall {
  const outputs = elementCount(view.output.shape);
  const runs = nest.dims.reduce((product, dim) => product * dim, 1);
  const layer = { ...names, node: view.node.id, nest, fillBytes: names.fill === undefined ? 0 : outputs };
  return chooseKernel(copyKernels, layer, { macs: 0, outputs, inputs: runs * nest.run, calls: runs }, context);
}
