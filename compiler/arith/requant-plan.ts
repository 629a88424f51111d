/**
 * Chooses how a layer requantizes in C and proves it. Both the reference and each C form are monotone step functions of
 * the accumulator with at most 255 steps, so agreeing at both ends of the reachable range, at every threshold in it, and
 * one below each, is agreeing everywhere (docs/numerics.md). Forms, cheapest first:
 *
 *  SHORT   ((hi32((acc + d) * mult) + add) >> shift), d folded into the bias, add holding rounding and zero point
 *  FLOAT   what ONNX Runtime does, in float32: for cores with an FPU, and for ranges that WINDOW cannot carry
 *  WINDOW  high word of one product, with an exact slow path near ties: for cores without an FPU (requant-window.ts)
 *  SPLIT   the same from two 32-bit products: for cores without a 64-bit one
 *  SINGLE  the `fast` profile's definition itself
 */
import { must } from "../diagnostics.js";
import type { Numerics } from "./numerics.js";
import { fixedPoint, type Requantize } from "./requant.js";
import {
  biasesOf,
  bitsOf,
  floatOf,
  formCode,
  MAX_OFFSET,
  magnitudeOf,
  onlyValue,
  type RequantChannel,
  type RequantLayer,
  type RequantPlan,
  reachOf,
  referenceOf,
} from "./requant-layer.js";
import { thresholds } from "./requant-thresholds.js";
import { applySplit, applyWindow, planSplit, planWindow } from "./requant-window.js";
import { roundHalfEven } from "./saturate.js";

export function planRequant(
  layer: RequantLayer,
  numerics: Numerics,
  isa: { readonly fpu: boolean; readonly mve?: boolean; readonly smull?: boolean },
): RequantPlan {
  if (isa.mve && numerics.profile === "ort") return planFloat(layer, "exact in float32, four channels per vector");
  const isNarrowMultiplier = isa.smull === false;
  const cheapest = (isNarrowMultiplier ? planSplit(layer, numerics) : undefined) ?? planShort(layer, numerics);
  if (cheapest) return cheapest;
  if (numerics.profile === "fast") return planSingle(layer);
  if (isa.fpu) return planFloat(layer, "exact in float32 on the FPU; no short integer form fits every channel");
  return (
    planWindow(layer, numerics) ??
    planFloat(layer, "accumulators beyond the integer window form: float32 as ONNX Runtime has it")
  );
}

/** Exponents stay below this so that products with thresholds are exact in a double. */
const MAX_EXPONENT = 44;

function planShort(layer: RequantLayer, numerics: Numerics): RequantPlan | undefined {
  const varying = layer.channels.filter(
    (channel) => onlyValue(referenceOf(layer, numerics, channel), channel) === undefined,
  );
  const largest = Math.max(2 ** (30 - MAX_EXPONENT), ...varying.map((channel) => channel.scale));
  // mult < 2^31 for the largest scale; the shift is common to the layer.
  const exponent = 30 - Math.floor(Math.log2(largest));
  const shift = exponent - 32;
  if (shift < 0 || shift > 31) return undefined;
  const words = new Int32Array(layer.channels.length * 3);
  for (let c = 0; c < layer.channels.length; c++) {
    const channel = must(layer.channels[c], "channel");
    const found = shortChannel(layer, numerics, channel, exponent);
    if (!found) return undefined;
    words.set(found, 3 * c);
  }
  const { zeroPoint, min, max } = layer;
  return {
    form: "short",
    fields: { form: formCode.short, shift, zero_point: zeroPoint, min, max },
    words,
    wordsPerChannel: 3,
    biases: biasesOf(layer),
    reach: reachOf(layer),
    why: `requantize in one multiply: proven for all ${layer.channels.length} channels`,
  };
}

/** [bias, mult, add] of one channel, or undefined when no parameters reproduce every threshold. */
function shortChannel(
  layer: RequantLayer,
  numerics: Numerics,
  channel: RequantChannel,
  exponent: number,
): readonly [number, number, number] | undefined {
  const requantize = referenceOf(layer, numerics, channel);
  const unit = 2 ** exponent;
  const only = onlyValue(requantize, channel);
  if (only !== undefined) {
    const add = only * 2 ** (exponent - 32);
    return Math.abs(add) < 2 ** 31 ? [channel.bias, 0, add] : undefined;
  }
  const steps = thresholds(requantize, layer, channel);
  const ideal = Math.round(channel.scale * unit);
  for (let attempt = 0; attempt < 9; attempt++) {
    const mult = ideal + (attempt % 2 === 0 ? attempt / 2 : -(attempt + 1) / 2);
    if (mult <= 0 || mult >= 2 ** 31) continue;
    const fit = fitOffset(steps, mult, unit, layer.zeroPoint, endBounds(requantize, layer, channel, mult, unit));
    if (!fit) continue;
    const { offset, add } = fit;
    if (channel.accMax + offset > 2 ** 31 - 1 || Math.abs(add) >= 2 ** 31) continue;
    // ReLU makes negative accumulators 0, whose result must be the zero point.
    if (isRelu(layer) && Math.floor(add / 2 ** (exponent - 32)) !== layer.zeroPoint) continue;
    // hi32(product) + add must stay within int32.
    const reach =
      Math.max(Math.abs(channel.accMin + offset), Math.abs(channel.accMax + offset)) * (mult / 2 ** 32) +
      Math.abs(add) +
      1;
    const bias = channel.bias + offset;
    if (reach >= 2 ** 31 || bias !== (bias | 0)) continue;
    return [bias, mult, add];
  }
  return undefined;
}

/** Bounds of d*mult + add*2^32: at least `low`, below `high`. */
interface OffsetBounds {
  readonly low: number;
  readonly high: number;
}

/**
 * What the ends of the reachable range ask of d and add, for v the value there: (accMin + d)*mult + add*2^32 >= v*unit and
 * (accMax + d)*mult + add*2^32 < (v + 1)*unit. Thresholds do not imply it, since the next one beyond an end has no other
 * bound; a clamp does. Exact in a double like the thresholds: an end that no clamp holds lies near v*unit/mult.
 */
function endBounds(
  requantize: Requantize,
  layer: RequantLayer,
  channel: RequantChannel,
  mult: number,
  unit: number,
): OffsetBounds {
  const first = requantize(channel.accMin);
  const last = requantize(channel.accMax);
  return {
    low: first > layer.min ? (first - layer.zeroPoint) * unit - channel.accMin * mult : Number.NEGATIVE_INFINITY,
    high: last < layer.max ? (last + 1 - layer.zeroPoint) * unit - channel.accMax * mult : Number.POSITIVE_INFINITY,
  };
}

/**
 * Finds d and add with, for each threshold (k, T):  (T + d)*mult + add*2^32 >= k*unit  and  (T - 1 + d)*mult + add*2^32 < k*unit.
 * Everything is an exact integer in a double: thresholds lie near k*unit/mult.
 */
function fitOffset(
  steps: Float64Array,
  mult: number,
  unit: number,
  zeroPoint: number,
  ends: OffsetBounds,
): { offset: number; add: number } | undefined {
  let { low, high } = ends;
  for (let i = 0; i < steps.length; i += 2) {
    const need = ((steps[i] ?? 0) - zeroPoint) * unit - (steps[i + 1] ?? 0) * mult;
    if (need > low) low = need;
    if (need + mult < high) high = need + mult;
    if (low >= high) return undefined;
  }
  const word = 2 ** 32;
  for (let offset = 0; offset <= MAX_OFFSET; offset++) {
    const add = Math.ceil((low - offset * mult) / word);
    if (add * word + offset * mult < high) return { offset, add: add + (zeroPoint * unit) / word };
  }
  return undefined;
}

function planSingle(layer: RequantLayer): RequantPlan {
  const words = new Int32Array(layer.channels.length * 3);
  layer.channels.forEach((channel, c) => {
    const { multiplier, shift } = fixedPoint(channel.scale);
    // |acc * multiplier| < 2^62: from a shift of 63 on the result is 0, and C cannot shift an int64 by 64.
    words.set(shift > 62 ? [channel.bias, 0, 1] : [channel.bias, multiplier, shift], 3 * c);
  });
  const { zeroPoint, min, max } = layer;
  return {
    form: "single",
    fields: { form: formCode.single, shift: 0, zero_point: zeroPoint, min, max },
    words,
    wordsPerChannel: 3,
    biases: biasesOf(layer),
    reach: reachOf(layer),
    why: "single rounding, the definition of the fast profile",
  };
}

function planFloat(layer: RequantLayer, why: string): RequantPlan {
  const words = new Int32Array(layer.channels.length * 2);
  layer.channels.forEach((channel, c) => {
    words.set([channel.bias, bitsOf(channel.scale)], 2 * c);
  });
  const { zeroPoint, min, max } = layer;
  return {
    form: "float",
    fields: { form: formCode.float, shift: isNarrow(layer) ? 1 : 0, zero_point: zeroPoint, min, max },
    words,
    wordsPerChannel: 2,
    biases: biasesOf(layer),
    reach: reachOf(layer),
    why: `requantize ${why}`,
  };
}

/** Whether results stay within an int16 before the clamp, which is int8's own or ReLU's: then kernels saturate halves of a register. */
function isNarrow(layer: RequantLayer): boolean {
  const { channels, min, max } = layer;
  if (!isRelu(layer) && (min !== -128 || max !== 127)) return false;
  return channels.every((channel) => magnitudeOf(channel) * channel.scale < 2 ** 15 - 256);
}

/** Whether the lower clamp is ReLU's, at the zero point: C applies it to the accumulator (lwc_requant_is_relu). */
function isRelu({ zeroPoint, min, max }: RequantLayer): boolean {
  return min === zeroPoint && (min > -128 || max < 127);
}

/** What the C form computes for channel c, line for line (runtime-c/src/lwc_requant.h); `acc` includes the real bias. */
export function applyRequant(plan: RequantPlan, c: number, acc: number): number {
  const { shift, zero_point: zeroPoint, min, max } = plan.fields;
  const words = plan.words.subarray(c * plan.wordsPerChannel, (c + 1) * plan.wordsPerChannel);
  const [bias = 0, mult = 0, last = 0] = words;
  const clamped = (y: number): number => Math.min(max, Math.max(min, y));
  switch (plan.form) {
    case "short": {
      const high = Number((BigInt(acc + bias - must(plan.biases[c], "bias")) * BigInt(mult)) >> 32n);
      return clamped((high + last) >> shift);
    }
    case "window":
      return applyWindow(plan.fields, words, acc);
    case "split":
      return applySplit(plan.fields, words, acc);
    case "single":
      return clamped(Number((BigInt(acc) * BigInt(mult) + (1n << BigInt(last - 1))) >> BigInt(last)) + zeroPoint);
    case "float": {
      const value = Math.fround(Math.fround(acc) * floatOf(mult));
      return roundHalfEven(Math.min(max - zeroPoint, Math.max(min - zeroPoint, value))) + zeroPoint;
    }
  }
}
