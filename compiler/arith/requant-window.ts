/**
 * Requantization in integers with a test for nearness to a tie. An accumulator times a rounded multiplier is off from the exact
 * product by a known bound; so is a float32 product, by 2^-17 where it does not saturate. Where the fraction of the result lies
 * further from a tie than both together, its floor is what ONNX Runtime rounds to; nearer, the exact path decides. Every
 * threshold is checked besides.
 */
import { invariant, must } from "../diagnostics.js";
import type { Numerics } from "./numerics.js";
import {
  biasesOf,
  bitsOf,
  formCode,
  magnitudeOf,
  onlyValue,
  type RequantChannel,
  type RequantFields,
  type RequantLayer,
  type RequantPlan,
  reachOf,
  referenceOf,
} from "./requant-layer.js";
import { thresholds } from "./requant-thresholds.js";
import { clamp } from "./saturate.js";

/** Accumulators stay exact in float32 up to here. */
const EXACT = 2 ** 24;
/** From this scale on, accumulators beyond EXACT saturate: they reach 256 and the clamps end at most 255 from the zero point. */
const SATURATING = 2 ** -16;
/** Smallest scale whose split the exact path can shift by. */
const SMALLEST = 2 ** -38;
/** Beyond this magnitude of the exact product the result saturates. */
const SATURATED = 257;
/** |fl(v) - v| for |v| < 256, twice over, in units of 2^-32. */
const FLOAT_ERROR = 2 ** 16;

/** scale = mantissa / 2^shift with mantissa in [2^23, 2^24). */
function splitScale(bits: number): { readonly mantissa: number; readonly shift: number } {
  return { mantissa: (bits & 0x7fffff) | 0x800000, shift: 150 - ((bits >>> 23) & 255) };
}

/** A channel that does not always yield the zero point, which a multiplier of 0 does. */
interface VaryingChannel {
  readonly index: number;
  readonly channel: RequantChannel;
  /** Largest magnitude of an accumulator that does not saturate. */
  readonly unsaturated: number;
}

/** The channels that matter, or undefined where the exact path does not hold for one. */
function varyingChannels(layer: RequantLayer, numerics: Numerics): readonly VaryingChannel[] | undefined {
  const zero = clamp(layer.zeroPoint, layer.min, layer.max);
  const varying: VaryingChannel[] = [];
  for (const [index, channel] of layer.channels.entries()) {
    if (onlyValue(referenceOf(layer, numerics, channel), channel) === zero) continue;
    const reach = magnitudeOf(channel);
    // The exact path negates the accumulator.
    const bound = channel.scale >= SATURATING ? 2 ** 31 : EXACT;
    if (reach >= bound || channel.scale < SMALLEST || channel.scale >= 0.5) return undefined;
    varying.push({ index, channel, unsaturated: Math.min(reach, Math.ceil(SATURATED / channel.scale)) });
  }
  return varying;
}

/** Whether the C form equals the reference at both ends, at every threshold and one below each. */
function agrees(
  layer: RequantLayer,
  numerics: Numerics,
  channel: RequantChannel,
  apply: (acc: number) => number,
): boolean {
  const requantize = referenceOf(layer, numerics, channel);
  const holds = (acc: number): boolean => apply(acc) === requantize(acc);
  if (!holds(channel.accMin) || !holds(channel.accMax)) return false;
  const steps = thresholds(requantize, layer, channel);
  for (let i = 1; i < steps.length; i += 2) {
    const at = steps[i] ?? 0;
    if (!holds(at) || !holds(at - 1)) return false;
  }
  return true;
}

/** High word of acc * round(scale * 2^32), rounded. Undefined where the form cannot carry the layer. */
export function planWindow(layer: RequantLayer, numerics: Numerics): RequantPlan | undefined {
  const varying = varyingChannels(layer, numerics);
  if (varying === undefined) return undefined;
  const words = startWords(layer, 3);
  let window = FLOAT_ERROR;
  for (const { index, channel, unsaturated } of varying) {
    // y = product >> 32 must stay within int32 and so must y + zero point.
    if (magnitudeOf(channel) * channel.scale >= 2 ** 30) return undefined;
    const exact = channel.scale * 2 ** 32;
    const mult = Math.round(exact);
    window = Math.max(window, FLOAT_ERROR + Math.ceil(unsaturated * Math.abs(mult - exact)));
    words.set([channel.bias, mult, bitsOf(channel.scale)], 3 * index);
  }
  const { zeroPoint, min, max } = layer;
  const fields = { form: formCode.window, shift: 0, window: logUp(window), zero_point: zeroPoint, min, max };
  for (const { index, channel } of varying) {
    const own = words.subarray(3 * index, 3 * index + 3);
    invariant(
      agrees(layer, numerics, channel, (acc) => applyWindow(fields, own, acc)),
      "the window form equals the float form at every threshold",
    );
  }
  return {
    form: "window",
    fields,
    words,
    wordsPerChannel: 3,
    biases: biasesOf(layer),
    reach: reachOf(layer),
    why: "requantize by the high word of one product, with an exact path near ties: proven per channel",
  };
}

/** Bits of the fraction that a split product keeps, at most. */
const MAX_FRACTION = 20;
/** Widest window of a split product: one result in 32 takes the exact path. */
const MAX_WINDOW = 2 ** 26;

/**
 * acc * scale * 2^shift from two 32-bit products, acc * high + (acc * low >> low_bits): multipliers of the layer's common
 * precision, chosen so that no product of a reachable accumulator leaves int32. Where that alone agrees with the reference at
 * every threshold, there is no window. Undefined where it would be too wide, or needs an exact path that a profile lacks.
 */
export function planSplit(layer: RequantLayer, numerics: Numerics): RequantPlan | undefined {
  const varying = varyingChannels(layer, numerics);
  if (varying === undefined) return undefined;
  const { zeroPoint, min, max } = layer;
  const results = varying.map(({ channel }) => magnitudeOf(channel) * channel.scale);
  const shift = Math.min(MAX_FRACTION, 30 - bitLength(Math.max(1, ...results) + Math.abs(zeroPoint) + 2));
  const lowBits = Math.min(16, 31 - bitLength(Math.max(1, ...varying.map(({ channel }) => magnitudeOf(channel)))));
  if (shift < 1 || lowBits < 1) return undefined;
  const words = startWords(layer, 4);
  let window = FLOAT_ERROR;
  for (const { index, channel, unsaturated } of varying) {
    const exact = channel.scale * 2 ** (shift + lowBits);
    const mult = Math.round(exact);
    // One unit for the low product's floor.
    const error = 1 + (unsaturated * Math.abs(mult - exact)) / 2 ** lowBits;
    window = Math.max(window, FLOAT_ERROR + Math.ceil(error * 2 ** (32 - shift)));
    const high = Math.floor(mult / 2 ** lowBits);
    words.set([channel.bias, high, mult - high * 2 ** lowBits, bitsOf(channel.scale)], 4 * index);
  }
  const fields = { form: formCode.split, shift, low_bits: lowBits, window: 0, zero_point: zeroPoint, min, max };
  const holds = (candidate: RequantFields): boolean =>
    varying.every(({ index, channel }) => {
      const own = words.subarray(4 * index, 4 * index + 4);
      return agrees(layer, numerics, channel, (acc) => applySplit(candidate, own, acc));
    });
  const isPlain = holds(fields);
  if (!isPlain && (window > MAX_WINDOW || numerics.profile === "fast")) return undefined;
  const used = isPlain ? fields : { ...fields, window: logUp(window) };
  invariant(isPlain || holds(used), "the split form equals the float form at every threshold");
  return {
    form: "split",
    fields: used,
    words,
    wordsPerChannel: 4,
    biases: biasesOf(layer),
    reach: reachOf(layer),
    why: `requantize by two 32-bit products${isPlain ? "" : ", with an exact path near ties"}: proven per channel`,
  };
}

/** Words with the biases; other words are 0. */
function startWords(layer: RequantLayer, perChannel: number): Int32Array {
  const words = new Int32Array(layer.channels.length * perChannel);
  layer.channels.forEach((channel, c) => {
    words[c * perChannel] = channel.bias;
  });
  return words;
}

/** Smallest n with value <= 2^n. */
function logUp(value: number): number {
  return Math.ceil(Math.log2(value));
}

/** Smallest n with value < 2^n. */
function bitLength(value: number): number {
  return Math.floor(Math.log2(value)) + 1;
}

/** LWC_REQUANT_WINDOW of lwc_requant.h, line for line but for the zero point. */
export function applyWindow(fields: RequantFields, words: Int32Array, acc: number): number {
  const [, mult = 0, scale = 0] = words;
  const half = 2 ** must(fields.window, "window");
  const product = BigInt(acc) * BigInt(mult) + BigInt(2 ** 31 + half);
  const isNear = Number(BigInt.asUintN(32, product)) < 2 * half;
  const rounded = isNear ? nearTie(acc, scale) : Number(product >> 32n);
  return clamp(rounded + fields.zero_point, fields.min, fields.max);
}

/** LWC_REQUANT_SPLIT of lwc_requant.h, line for line. */
export function applySplit(fields: RequantFields, words: Int32Array, acc: number): number {
  const [, high = 0, low = 0, scale = 0] = words;
  const { shift, zero_point: zeroPoint } = fields;
  const half = fields.window ? 2 ** fields.window : 0;
  const start = zeroPoint * 2 ** shift + 2 ** (shift - 1) + half / 2 ** (32 - shift);
  const x = acc * high + ((acc * low) >> must(fields.low_bits, "low bits")) + start;
  invariant(x === (x | 0) && acc * low === ((acc * low) | 0), "split products fit int32");
  const isNear = (x << (32 - shift)) >>> 0 < 2 * half;
  return clamp(isNear ? nearTie(acc, scale) + zeroPoint : x >> shift, fields.min, fields.max);
}

/** RNE(fl(acc * s)) in integers: the product rounded to 24 significant bits, then to an integer, each half to even. */
function nearTie(acc: number, scaleBits: number): number {
  const { mantissa, shift } = splitScale(scaleBits);
  const magnitude = roundShift(round24(BigInt(Math.abs(acc)) * BigInt(mantissa)), BigInt(shift));
  return Number(acc < 0 ? -magnitude : magnitude);
}

function round24(value: bigint): bigint {
  const excess = value.toString(2).length - 24;
  return excess <= 0 ? value : roundShift(value, BigInt(excess)) << BigInt(excess);
}

function roundShift(value: bigint, shift: bigint): bigint {
  const quotient = value >> shift;
  const rest = value - (quotient << shift);
  const half = 1n << (shift - 1n);
  return rest > half || (rest === half && (quotient & 1n) === 1n) ? quotient + 1n : quotient;
}
