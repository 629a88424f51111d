/**
 * The guidelines of Ma, Zhang, Zheng, Sun, "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design", 2018,
 * arXiv 1807.11164, section 2, as advice with the figures of a network; the cost of squeeze-and-excitation blocks and of gated
 * activations (h-swish); and depthwise separable convolutions against the standard ones that they replace: Howard et al.,
 * "MobileNets", 2017, arXiv 1704.04861, section 3.1.
 */
import { must } from "../../diagnostics.js";
import { consumersOf, type Graph, type Node, producersOf, type TensorId, tensorOf } from "../../ir/graph.js";
import { elementCount } from "../../ir/shape.js";
import { type ConvGeometry, conv2d, convGeometry, isPlainDepthwise } from "../../ops/conv2d.js";
import { broadcastOf } from "../../ops/elementwise.js";
import { lookup } from "../../ops/lookup.js";
import { mean } from "../../ops/mean.js";
import { mul } from "../../ops/mul.js";
import { viewOf } from "../../ops/op.js";
import { type CostedStep, ratio, type Share, sumOf } from "./cost-steps.js";
import { stepName } from "./step-name.js";

export interface Advice {
  readonly guideline: "G1" | "G2" | "G3" | "G4";
  readonly title: string;
  readonly text: string;
  /** The layer that it concerns most; null where it is about the whole network. */
  readonly node: string | null;
  /** What the text says, by name. */
  readonly figures: Readonly<Record<string, number>>;
}

/** A depthwise and a 1x1 convolution against the standard convolution with the same window and channels. */
export interface Pair {
  readonly depthwise: string;
  readonly pointwise: string;
  readonly macs: number;
  readonly standard_macs: number;
  /** macs / standard_macs = 1 / out_channels + 1 / window */
  readonly ratio: number;
  readonly out_channels: number;
  /** Height times width of the window. */
  readonly window: number;
}

/** Blocks that scale channels or values by a function of the map itself. */
export interface Gates {
  readonly blocks: number;
  readonly macs: number;
  readonly params: number;
  readonly moved_bytes: number;
  /** Of all multiply-accumulates and of all bytes moved, in [0, 1]. */
  readonly macs_share: number;
  readonly moved_share: number;
}

/** Less than this is no advice. */
const WORTH_SAYING = 0.005;

interface ConvStep extends CostedStep {
  readonly g: ConvGeometry;
}

export function adviceOn(graph: Graph, steps: readonly CostedStep[], elementWise: Share): readonly Advice[] {
  const convs = steps.flatMap((one): readonly ConvStep[] =>
    conv2d.is(one.step.node) ? [{ ...one, g: convGeometry(viewOf(graph, one.step.node)) }] : [],
  );
  return [
    ...channelWidths(convs),
    ...groupCost(convs),
    ...fragmentation(graph, steps),
    ...(elementWise.steps === 0 ? [] : [elementWiseShare(elementWise)]),
  ];
}

/** G1: for given multiply-accumulates B over hw pixels, a 1x1 convolution moves at least 2 sqrt(hw B) + B / hw values. */
function channelWidths(convs: readonly ConvStep[]): readonly Advice[] {
  const pointwise = convs.filter(
    ({ g }) => g.kernelH === 1 && g.kernelW === 1 && g.groups === 1 && g.outH * g.outW > 1,
  );
  const figures = pointwise.map((one) => {
    const { inC, outC, outH, outW } = one.g;
    const pixels = outH * outW;
    const values = pixels * (inC + outC) + inC * outC;
    return { one, values, least: 2 * pixels * Math.sqrt(inC * outC) + inC * outC };
  });
  const unequal = figures.filter(({ one }) => one.g.inC !== one.g.outC);
  const worst = unequal.toSorted((a, b) => b.values - b.least - (a.values - a.least))[0];
  if (worst === undefined) return [];
  const [values, least] = [sumOf(figures, (f) => f.values), sumOf(figures, (f) => f.least)];
  const { inC, outC } = worst.one.g;
  const node = stepName(worst.one.step);
  const extra = ratio(values, least) - 1;
  if (extra < WORTH_SAYING) return [];
  return [
    {
      guideline: "G1",
      title: "equal channel widths minimize memory access cost",
      text: `${unequal.length} of ${pointwise.length} 1x1 convolutions have unequal widths; all of them move ${percent(extra)} more than equal widths with as many MACs would, most in ${node} (${inC} -> ${outC} channels, ${percent(worst.values / worst.least - 1)} more)`,
      node,
      figures: {
        pointwise: pointwise.length,
        unequal: unequal.length,
        moved_values: values,
        least_values: Math.round(least),
        extra: round(extra),
      },
    },
  ];
}

/** G2: with groups, as many multiply-accumulates make more output to write; compared at equal input and MACs. */
function groupCost(convs: readonly ConvStep[]): readonly Advice[] {
  const grouped = convs
    .filter(({ g }) => g.groups > 1 && g.groups < g.inC)
    .map((one) => {
      const { groups, inC, outC, inH, inW, outH, outW, kernelH, kernelW } = one.g;
      const weights = (kernelH * kernelW * inC * outC) / groups;
      const input = inH * inW * inC;
      const output = outH * outW * outC;
      return { one, values: input + output + weights, dense: input + output / groups + weights };
    });
  const worst = grouped.toSorted((a, b) => b.values - b.dense - (a.values - a.dense))[0];
  if (worst === undefined) return [];
  const [values, dense] = [sumOf(grouped, (f) => f.values), sumOf(grouped, (f) => f.dense)];
  const node = stepName(worst.one.step);
  const extra = ratio(values, dense) - 1;
  return [
    {
      guideline: "G2",
      title: "many groups raise memory access cost",
      text: `${grouped.length} grouped convolutions move ${percent(extra)} more than dense ones of the same input and MACs would, most in ${node} (${worst.one.g.groups} groups, ${percent(worst.values / worst.dense - 1)} more)`,
      node,
      figures: { grouped: grouped.length, moved_values: values, dense_values: Math.round(dense), extra: round(extra) },
    },
  ];
}

/** G3: many small operators; on a microcontroller each is a call, a set-up and a pass over its tensors. */
function fragmentation(graph: Graph, steps: readonly CostedStep[]): readonly Advice[] {
  const idle = steps.filter(({ step }) => step.macs === 0);
  const macs = sumOf(steps, ({ step }) => step.macs);
  const working = steps.length - idle.length;
  if (working === 0) return [];
  const partsOf = ({ step }: CostedStep): number =>
    new Set(step.node.inputs.filter((id) => tensorOf(graph, id).data === undefined)).size;
  const widest = steps.toSorted((a, b) => partsOf(b) - partsOf(a))[0];
  const parts = widest === undefined ? 0 : partsOf(widest);
  const node = widest === undefined || parts < 3 ? null : stepName(widest.step);
  const join = node === null ? "" : `; ${parts} branches meet in ${node}`;
  return [
    {
      guideline: "G3",
      title: "fragmentation: many small operators",
      text: `${steps.length} kernel calls, ${idle.length} of them without a multiply-accumulate, ${thousands(macs / working)} MACs in each of the others on average${join}`,
      node,
      figures: {
        calls: steps.length,
        calls_without_macs: idle.length,
        macs_per_call: Math.round(macs / working),
        widest_join: parts,
      },
    },
  ];
}

function elementWiseShare(share: Share): Advice {
  return {
    guideline: "G4",
    title: "element-wise operators are not negligible",
    text: `${share.steps} element-wise steps (additions, products of maps, tables) move ${percent(share.share)} of all bytes and do no MACs`,
    node: null,
    figures: { steps: share.steps, moved_bytes: share.moved_bytes, share: share.share },
  };
}

export function separablePairs(graph: Graph, steps: readonly CostedStep[]): readonly Pair[] {
  const consumers = consumersOf(graph);
  const byNode = new Map(steps.map((one) => [one.step.node, one]));
  return steps.flatMap(({ step }): readonly Pair[] => {
    if (!conv2d.is(step.node)) return [];
    const depthwise = convGeometry(viewOf(graph, step.node));
    if (!isPlainDepthwise(depthwise)) return [];
    let next = readerOf(consumers, step.output);
    while (next && (lookup.is(next) || mul.is(next))) next = readerOf(consumers, next.output);
    if (!next || !conv2d.is(next)) return [];
    const g = convGeometry(viewOf(graph, next));
    if (g.kernelH * g.kernelW !== 1 || g.groups !== 1 || g.strideH * g.strideW !== 1) return [];
    const pixels = g.outH * g.outW;
    const window = depthwise.kernelH * depthwise.kernelW;
    const macs = pixels * g.inC * (window + g.outC);
    const standard = pixels * window * g.inC * g.outC;
    const behind = byNode.get(next);
    return [
      {
        depthwise: stepName(step),
        pointwise: behind ? stepName(behind.step) : next.id,
        macs,
        standard_macs: standard,
        ratio: ratio(macs, standard),
        out_channels: g.outC,
        window,
      },
    ];
  });
}

/** The only reader of a map, or the product that scales it by a gate computed from it. */
function readerOf(consumers: ReadonlyMap<TensorId, readonly Node[]>, id: TensorId): Node | undefined {
  const readers = consumers.get(id) ?? [];
  const scaled = readers.filter((node) => mul.is(node));
  const only = scaled.length > 0 ? scaled : readers;
  return only.length === 1 ? only[0] : undefined;
}

/** Squeeze-and-excitation: a map times one value per channel that comes from the map's mean; h-swish: a map times a table of itself. */
export function gatesOf(
  graph: Graph,
  steps: readonly CostedStep[],
  total: { readonly macs: number; readonly moved_bytes: number },
): { readonly squeeze_excite: Gates; readonly h_swish: Gates } {
  const producers = producersOf(graph);
  const byNode = new Map(steps.map((one) => [one.step.node, one]));
  const blocks: (readonly Node[])[] = [];
  const gated: (readonly Node[])[] = [];
  for (const { step } of steps) {
    const { node, epilogue } = step;
    for (const one of epilogue === undefined ? [node] : [node, epilogue]) if (isGatedTable(one)) gated.push([one]);
    if (!mul.is(node)) continue;
    const output = tensorOf(graph, node.output);
    const [a, b] = [must(node.inputs[0], "factor"), must(node.inputs[1], "factor")];
    for (const gate of [a, b]) {
      if (broadcastOf(tensorOf(graph, gate).shape, output.shape) !== "channel") continue;
      const chain = chainToMean(graph, producers, gate);
      if (chain) blocks.push([...chain, node]);
    }
  }
  const costOf = (found: readonly (readonly Node[])[]): Gates => {
    const parts = [...new Set(found.flat())].flatMap((node) => byNode.get(node) ?? []);
    const macs = sumOf(parts, ({ step }) => step.macs);
    const moved = sumOf(parts, (one) => one.moved_bytes);
    return {
      blocks: found.length,
      macs,
      params: sumOf(parts, (one) => one.params),
      moved_bytes: moved,
      macs_share: ratio(macs, total.macs),
      moved_share: ratio(moved, total.moved_bytes),
    };
  };
  return { squeeze_excite: costOf(blocks), h_swish: costOf(gated) };
}

/** A table that came from x * f(x): h-swish, SiLU, GELU, by name or as a function and a product. */
function isGatedTable(node: Node): boolean {
  return lookup.is(node) && /swish|silu|gelu|mish|\+ mul\b/i.test(node.origin.label);
}

/** From the mean over the map to the value per channel, where all in between are vectors. */
function chainToMean(
  graph: Graph,
  producers: ReadonlyMap<TensorId, Node>,
  gate: TensorId,
): readonly Node[] | undefined {
  const chain: Node[] = [];
  for (let id = gate; ; ) {
    const node = producers.get(id);
    if (!node || elementCount(tensorOf(graph, id).shape) !== tensorOf(graph, id).shape.at(-1)) return undefined;
    chain.unshift(node);
    if (mean.is(node)) return chain;
    id = must(node.inputs[0], "input");
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

function round(share: number): number {
  return Number(share.toFixed(4));
}

function thousands(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, " ");
}
