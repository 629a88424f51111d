/**
 * The cost model of the field: per layer and in all, multiply-accumulates, parameters, bytes moved (the memory access cost of
 * Ma et al. 2018: input, output and constants, each once) and their ratio, the arithmetic intensity. Layers are the steps of
 * the schedule, after fusion; a byte is a byte of int8 activations or of packed constants.
 */
import { opOf } from "../../ops/index.js";
import { parametersOf, viewOf } from "../../ops/op.js";
import { programSizes } from "../../schedule/program-sizes.js";
import type { Program, Step } from "../../schedule/schedule.js";
import { type Advice, adviceOn, type Gates, gatesOf, type Pair, separablePairs } from "./advice.js";
import { type Copy, copiesOf, isMove } from "./copies.js";
import { type CostedStep, ratio, type Share, sumOf } from "./cost-steps.js";

/** Field names are those of the JSON file. */
export interface Cost {
  readonly macs: number;
  readonly params: number;
  readonly moved_bytes: number;
  readonly macs_per_byte: number;
  /** Additions, multiplications of two maps, tables: no multiply-accumulates, all of the traffic. */
  readonly element_wise: Share;
  /** Steps that move values and compute nothing. */
  readonly copies: Share;
  readonly advice: readonly Advice[];
  /** Depthwise convolutions with the 1x1 convolution behind them. */
  readonly separable: readonly Pair[];
  readonly squeeze_excite: Gates;
  readonly h_swish: Gates;
}

export function makeCost(program: Program, steps: readonly CostedStep[]): { cost: Cost; copies: readonly Copy[] } {
  const { graph } = program;
  const moved = sumOf(steps, (one) => one.moved_bytes);
  const share = (part: readonly CostedStep[]): Share => {
    const bytes = sumOf(part, (one) => one.moved_bytes);
    return { steps: part.length, moved_bytes: bytes, share: ratio(bytes, moved) };
  };
  const run = steps.filter(({ step }) => step.call !== undefined);
  const macs = sumOf(steps, ({ step }) => step.macs);
  const elementWise = share(run.filter(({ step }) => isElementWise(program, step)));
  const copies = copiesOf(program, run);
  const cost: Cost = {
    macs,
    params: programSizes(program).params,
    moved_bytes: moved,
    macs_per_byte: ratio(macs, moved),
    element_wise: elementWise,
    copies: share(run.filter(({ step }) => isMove(graph, step.node))),
    advice: adviceOn(graph, run, elementWise),
    separable: separablePairs(graph, steps),
    ...gatesOf(graph, steps, { macs, moved_bytes: moved }),
  };
  return { cost, copies };
}

/** Works value by value on whole maps without weights. */
function isElementWise({ graph }: Program, { node, macs }: Step): boolean {
  const view = viewOf(graph, node);
  const op = opOf(node);
  return (
    macs === 0 && op.moves?.(view) === undefined && op.inPlace !== undefined && parametersOf(op, view).length === 0
  );
}
