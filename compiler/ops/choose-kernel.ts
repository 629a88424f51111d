/**
 * Kernel choice by cost: an operator lists the kernels that can run it, the target's file says what each costs on its core
 * and lists none that the core cannot execute, and the goal of the compilation decides.
 */
import { fail, must } from "../diagnostics.js";
import type { KernelCost } from "../targets.js";
import { constantsOf, type KernelCall, type KernelContext, type Optimize } from "./kernel.js";
import { throughTable } from "./through-table.js";

/** One way to run a layer. */
export interface Candidate<Layer> {
  /** C function, and the key of its costs in targets/*.json. */
  readonly kernel: string;
  /** False where the kernel cannot run this layer; absent: it runs every layer. */
  readonly fits?: (layer: Layer, context: KernelContext) => boolean;
  /** What this kernel does for the layer, where that is not what the layer asks of any: blocks filled up, fewer multiplications. */
  readonly work?: (layer: Layer, asked: Work, context: KernelContext) => Work;
  /** Bytes that its packed weights take beyond one for each; counted like code unless speed is the goal. */
  readonly moreFlash?: (layer: Layer) => number;
  /** True where each result can go through a table: the kernel stores what lwc_requantize_words says. */
  readonly takesTable?: true;
  readonly call: (layer: Layer, context: KernelContext) => KernelCall;
}

/** What a layer asks of any kernel; targets/*.json has a price for each of these. */
export interface Work {
  readonly macs: number;
  /** Output values. */
  readonly outputs: number;
  /**
   * Input values that are fetched: those of every window of a dense convolution (pixels x window x channels), of every window
   * row of a depthwise one and of a pool, once each of the operands elsewhere.
   */
  readonly inputs: number;
  /** Calls of the kernel: output rows where it is driven by rows, else 1. */
  readonly calls: number;
}

interface Estimate<Layer> {
  readonly candidate: Candidate<Layer>;
  readonly cycles: number;
  /** Code of an instance. */
  readonly code: number;
  /** Of packed weights. */
  readonly more: number;
}

/** Chooses among the kernels that can run a layer. */
export type Choose<Result> = <Layer>(
  candidates: readonly Candidate<Layer>[],
  layer: Layer,
  work: Work,
  context: KernelContext,
) => Result;

/** `findKernel` where some kernel has to be there. */
export const chooseKernel: Choose<KernelCall> = (candidates, layer, work, context) =>
  findKernel(candidates, layer, work, context) ??
  fail({
    code: "LWC7005",
    kind: "error",
    message: `target ${context.target.name} lists none of the kernels that can run this layer: ${candidates.map((one) => one.kernel).join(", ")}`,
    hint: "add its costs to `kernels` of the target file, or leave `kernels` to the file of the core",
  });

/** Modelled cycles of the table per result: one load, and part of one of the table's address. */
const TABLE_CYCLES = 2;

/**
 * The kernel with the fewest modelled cycles, the flash of its code counted as some more, or, where size is the goal, with the
 * least flash; `why` names the runner-up. Undefined where the target lists none that can run the layer.
 */
export const findKernel: Choose<KernelCall | undefined> = <Layer>(
  candidates: readonly Candidate<Layer>[],
  layer: Layer,
  work: Work,
  context: KernelContext,
) => {
  const { target, optimize, repeats = 1, table } = context;
  const tableCycles = table === undefined ? 0 : repeats * TABLE_CYCLES * work.outputs;
  const estimates = candidates.flatMap((candidate): readonly Estimate<Layer>[] => {
    const cost = target.kernels[candidate.kernel];
    if (cost === undefined || (table !== undefined && candidate.takesTable !== true)) return [];
    if (candidate.fits?.(layer, context) === false) return [];
    const cycles = repeats * cyclesOf(cost, candidate.work?.(layer, work, context) ?? work) + tableCycles;
    const more = optimize === "speed" ? 0 : (candidate.moreFlash?.(layer) ?? 0);
    return [{ candidate, cycles, code: cost.bytes, more }];
  });
  if (estimates.length === 0) return undefined;
  const call =
    optimize === "size"
      ? smallest(estimates, layer, context)
      : fastest(estimates, layer, context, CYCLES_PER_BYTE[optimize]);
  return table === undefined ? call : throughTable(call, table);
};

/** What the choice goes by, of a kernel that was chosen: bytes of flash where size is the goal, else modelled cycles. */
export function priceOf(call: KernelCall, optimize: Optimize): number {
  const { cycles, codeBytes } = must(call.estimate, "estimate of a chosen kernel");
  return optimize === "size" ? codeBytes + constantBytes(call) : cycles + CYCLES_PER_BYTE[optimize] * codeBytes;
}

/**
 * Modelled cycles that a byte of code may save to be worth its flash: what keeps small layers from instances of their own. At 10, a
 * kilobyte is worth a tenth of a percent of a network of ten million cycles.
 */
const CYCLES_PER_BYTE = { speed: 10, balanced: 16, ram: 16 } as const;

function fastest<Layer>(
  estimates: readonly Estimate<Layer>[],
  layer: Layer,
  context: KernelContext,
  cyclesPerByte: number,
): KernelCall {
  const price = ({ cycles, code, more }: Estimate<Layer>): number => cycles + cyclesPerByte * (code + more);
  const [best, next] = [...estimates].sort((a, b) => price(a) - price(b));
  const { candidate, cycles, code } = must(best, "kernel");
  const call = { ...candidate.call(layer, context), estimate: { cycles, codeBytes: code } };
  if (best === undefined || next === undefined) return call;
  const why = `${costText(best)} against ${costText(next)} of ${next.candidate.kernel}`;
  return { ...call, why: `${call.why}; ${why}` };
}

function costText({ cycles, code }: { readonly cycles: number; readonly code: number }): string {
  return `${round(cycles)} modelled cycles and ${code} bytes of code`;
}

/** By code and constants together, so every candidate packs its constants. */
function smallest<Layer>(estimates: readonly Estimate<Layer>[], layer: Layer, context: KernelContext): KernelCall {
  const sized = estimates.map(({ candidate, cycles, code }) => {
    const call = { ...candidate.call(layer, context), estimate: { cycles, codeBytes: code } };
    return { call, cycles, flash: code + constantBytes(call) };
  });
  const [best, next] = sized.sort((a, b) => a.flash - b.flash || a.cycles - b.cycles);
  const { call, flash } = must(best, "kernel");
  if (next === undefined) return call;
  return { ...call, why: `${call.why}; ${flash} bytes of flash against ${next.flash} of ${next.call.kernel}` };
}

function cyclesOf(cost: KernelCost, work: Work): number {
  const { macs, outputs, inputs, calls } = work;
  return macs * cost.mac + outputs * cost.output + inputs * (cost.input ?? 0) + calls * (cost.call ?? 0);
}

function constantBytes(call: KernelCall): number {
  return constantsOf(call).reduce((sum, constant) => sum + constant.data.byteLength, 0);
}

/** Three significant digits, it is a model: "1.35 M". */
function round(cycles: number): string {
  const unit =
    cycles >= 1e6 ? { scale: 1e6, name: " M" } : cycles >= 1e3 ? { scale: 1e3, name: " k" } : { scale: 1, name: "" };
  return `${Number((cycles / unit.scale).toPrecision(3))}${unit.name}`;
}
