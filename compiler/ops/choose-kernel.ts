/**
 * Kernel choice by cost: an operator lists the kernels that can run it, the target's file says what each costs on its core
 * and lists none that the core cannot execute, and the goal of the compilation decides.
 */
import { invariant } from "../diagnostics.js";
import type { KernelCost } from "../targets.js";
import type { KernelCall, KernelContext } from "./kernel.js";

/** One way to run a layer. */
export interface Candidate<Layer> {
  /** C function, and the key of its costs in targets/*.json. */
  readonly kernel: string;
  /** False where the kernel cannot run this layer; absent: it runs every layer. */
  readonly fits?: (layer: Layer) => boolean;
  readonly call: (layer: Layer, context: KernelContext) => KernelCall;
}

/** What a layer asks of any kernel. */
export interface Work {
  readonly macs: number;
  /** Output values. */
  readonly outputs: number;
}

interface Estimate {
  readonly call: KernelCall;
  readonly cycles: number;
  /** Code of an instance and the constants of the layer. */
  readonly flash: number;
}

/** The kernel with the fewest modelled cycles, or, where size is the goal, with the least flash; `why` names the runner-up. */
export function chooseKernel<Layer>(
  candidates: readonly Candidate<Layer>[],
  layer: Layer,
  work: Work,
  context: KernelContext,
): KernelCall {
  const { target, optimize } = context;
  const estimates = candidates.flatMap((candidate): readonly Estimate[] => {
    const cost = target.kernels[candidate.kernel];
    if (cost === undefined || candidate.fits?.(layer) === false) return [];
    const call = candidate.call(layer, context);
    return [{ call, cycles: cyclesOf(cost, work), flash: cost.bytes + constantBytes(call) }];
  });
  const bySize = optimize === "size";
  const [best, next] = estimates.sort((a, b) =>
    bySize ? a.flash - b.flash || a.cycles - b.cycles : a.cycles - b.cycles || a.flash - b.flash,
  );
  invariant(best !== undefined, `target ${target.name} lists a kernel for every layer`);
  if (next === undefined) return best.call;
  const against = bySize
    ? `${best.flash} bytes of flash against ${next.flash}`
    : `${round(best.cycles)} modelled cycles against ${round(next.cycles)}`;
  return { ...best.call, why: `${best.call.why}; ${against} of ${next.call.kernel}` };
}

function cyclesOf(cost: KernelCost, work: Work): number {
  return work.macs * cost.mac + work.outputs * cost.output;
}

function constantBytes(call: KernelCall): number {
  return call.constants.reduce((sum, constant) => sum + constant.data.byteLength, 0);
}

/** Three significant digits, it is a model: "1.35 M". */
function round(cycles: number): string {
  const unit =
    cycles >= 1e6 ? { scale: 1e6, name: " M" } : cycles >= 1e3 ? { scale: 1e3, name: " k" } : { scale: 1, name: "" };
  return `${Number((cycles / unit.scale).toPrecision(3))}${unit.name}`;
}
