/**
 * Grouped convolutions on the fast kernels of dense ones: each group's channels are gathered into rows of their own, run as a
 * dense convolution and written to their place. A depthwise convolution with a channel multiplier is a grouped one with one
 * input channel per group.
 */
import { invariant, must } from "../../diagnostics.js";
import type { Candidate } from "../choose-kernel.js";
import type { KernelCall, PackedConstant } from "../kernel.js";
import { dspConv4 } from "./kernels-dsp.js";
import { mveConv } from "./kernels-mve.js";
import { swarConv } from "./kernels-swar.js";
import { type ConvLayer, geometryName, rowsDrive } from "./layer.js";

/** LWC_GROUP_ROWS of lwc_group_rows.h. */
const MAX_ROWS = 16;

/** Scratch of the dense kernel ends where the gathered rows begin. */
const SCRATCH_ALIGN = 8;

/** Group `index` as a dense convolution of its own. */
function groupLayer(layer: ConvLayer, index: number): ConvLayer {
  const { g, weights, plan } = layer;
  const inC = g.inC / g.groups;
  const outC = g.outC / g.groups;
  const values = outC * weights.taps * weights.inputs;
  const first = index * outC;
  return {
    ...layer,
    g: { ...g, groups: 1, inC, outC },
    weights: { ...weights, outputs: outC, data: weights.data.subarray(index * values, (index + 1) * values) },
    plan: {
      ...plan,
      words: plan.words.slice(first * plan.wordsPerChannel, (first + outC) * plan.wordsPerChannel),
      biases: plan.biases.slice(first, first + outC),
    },
  };
}

/** Constants of all groups one behind the other, each in the same number of elements. */
function joinGroups(groups: readonly PackedConstant[]): PackedConstant {
  const first = must(groups[0], "constant of a group");
  const step = groupStep(first);
  const data =
    first.data.constructor === Int8Array ? new Int8Array(step * groups.length) : new Int32Array(step * groups.length);
  groups.forEach((one, i) => {
    invariant(one.data.length === first.data.length, "groups of one layer have constants of one size");
    data.set(one.data, i * step);
  });
  return { ...first, data, comment: `[${groups.length}] groups of ${step}: ${first.comment}` };
}

/** Elements from one group's constant to the next: every group keeps the alignment of the first. */
function groupStep({ data, align }: PackedConstant): number {
  const elements = Math.max(1, align / data.BYTES_PER_ELEMENT);
  return Math.ceil(data.length / elements) * elements;
}

function grouped(kernel: string, type: string, inner: Candidate<ConvLayer>): Candidate<ConvLayer> {
  const callsOf = (layer: ConvLayer, context: Parameters<typeof inner.call>[1]): readonly KernelCall[] =>
    Array.from({ length: layer.g.groups }, (_, index) => inner.call(groupLayer(layer, index), context));
  return {
    kernel,
    ...(inner.takesTable ? { takesTable: inner.takesTable } : {}),
    fits(layer, context) {
      const { g } = layer;
      if (g.groups === 1 || g.kernelH > MAX_ROWS || (g.inC === g.groups && g.outC === g.groups)) return false;
      if (inner.fits?.(groupLayer(layer, 0), context) === false) return false;
      // One set of parameters serves all groups.
      const params = callsOf(layer, context).map((call) => JSON.stringify(call.params));
      return params.every((one) => one === params[0]);
    },
    work: ({ g }, asked) => ({ ...asked, calls: asked.calls * g.groups }),
    call(layer, context) {
      const { g, plan } = layer;
      const calls = callsOf(layer, context);
      const first = must(calls[0], "group");
      const constants = first.constants.map((_, i) =>
        joinGroups(calls.map((call) => must(call.constants[i], "constant"))),
      );
      const [weights, quant] = first.constants;
      const own = Math.ceil(first.scratchBytes / SCRATCH_ALIGN) * SCRATCH_ALIGN;
      const inner_c = g.inC / g.groups;
      return {
        kernel,
        header: `${kernel}.h`,
        geometry: geometryName("group", g),
        params: {
          type,
          fields: {
            groups: g.groups,
            in_c: g.inC,
            out_c: g.outC,
            out_pitch: g.outC,
            weight_step: groupStep(must(weights, "weights")),
            quant_step: groupStep(must(quant, "quantization words")),
            scratch_step: own,
            conv: first.params.fields,
          },
        },
        drive: rowsDrive(layer),
        constants,
        scratchBytes: own + g.kernelH * g.inW * inner_c + (g.outW * g.outC) / g.groups,
        why: `${g.groups} groups, each gathered and run by ${inner.kernel}; ${plan.why}`,
      };
    },
  };
}

export const groupedConvs: readonly Candidate<ConvLayer>[] = [
  grouped("lwc_grouped_conv2d_s8_dsp4", "lwc_grouped_conv2d_dsp4_params", dspConv4),
  grouped("lwc_grouped_conv2d_s8_mve", "lwc_grouped_conv2d_mve_params", mveConv),
  grouped("lwc_grouped_conv2d_s8_swar", "lwc_grouped_conv2d_swar_params", swarConv),
];
