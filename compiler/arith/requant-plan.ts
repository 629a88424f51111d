/**
 * Chooses how a layer requantizes in C and proves it. Both the reference and each C form are monotone step functions of
 * the accumulator with at most 255 steps, so agreeing at every threshold of the reachable range, and one below it, is
 * agreeing everywhere (docs/numerics.md). Forms, cheapest first:
 *
 *  SHORT   ((hi32((acc + d) * mult) + add) >> shift), d folded into the bias, add holding rounding and zero point
 *  FLOAT   what ONNX Runtime does, in float32: for cores with an FPU, and for ranges that WINDOW cannot carry
 *  WINDOW  64-bit product with an exact slow path near ties: for cores without an FPU
 *  SINGLE  the `fast` profile's definition itself
 */
import { invariant, must } from "../diagnostics.js";
import type { Numerics } from "./numerics.js";
import { fixedPoint, makeRequantize, type Requantize } from "./requant.js";
import { roundHalfEven } from "./saturate.js";

export interface RequantChannel {
  /** float32 scale from accumulator to output. */
  readonly scale: number;
  readonly bias: number;
  /** Reachable accumulator range, bias included. */
  readonly accMin: number;
  readonly accMax: number;
}

export interface RequantLayer {
  readonly channels: readonly RequantChannel[];
  readonly zeroPoint: number;
  readonly min: number;
  readonly max: number;
}

export type RequantForm = "short" | "window" | "float" | "single";

export interface RequantPlan {
  readonly form: RequantForm;
  /** Fields of struct lwc_requant. */
  readonly fields: {
    readonly form: number;
    readonly shift: number;
    readonly zero_point: number;
    readonly min: number;
    readonly max: number;
  };
  /** Per channel, see lwc.h: bias first. */
  readonly words: Int32Array;
  readonly wordsPerChannel: number;
  /** The layer's own biases: a short form adds its offset to them in `words`. */
  readonly biases: readonly number[];
  readonly why: string;
}

/** LWC_REQUANT_* of lwc.h. */
const formCode = { short: 0, window: 1, float: 2, single: 3 } as const;

/** Accumulators stay exact in float32 and in the window form up to here. */
const EXACT = 2 ** 24;

export function planRequant(layer: RequantLayer, numerics: Numerics, isa: { readonly fpu: boolean }): RequantPlan {
  const short = planShort(layer, numerics);
  if (short) return short;
  if (numerics.profile === "fast") return planSingle(layer);
  if (isa.fpu) return planFloat(layer, "exact in float32 on the FPU; no short integer form fits every channel");
  return (
    planWindow(layer, numerics) ??
    planFloat(layer, "accumulators beyond the integer window form: float32 as ONNX Runtime has it")
  );
}

/** Smallest accumulator for each output value k in (min, max] that is reachable, as [k, accumulator] flattened. */
export function thresholds(requantize: Requantize, layer: RequantLayer, channel: RequantChannel): Float64Array {
  const low = requantize(channel.accMin);
  const high = requantize(channel.accMax);
  const out = new Float64Array(2 * (high - low));
  for (let k = low + 1, i = 0; k <= high; k++) {
    let at = Math.min(
      channel.accMax,
      Math.max(channel.accMin + 1, Math.ceil((k - layer.zeroPoint - 0.5) / channel.scale)),
    );
    if (requantize(at) >= k) {
      let step = 1;
      while (at - step > channel.accMin && requantize(at - step) >= k) step *= 2;
      at = bisect(requantize, Math.max(channel.accMin, at - step), at, k);
    } else {
      let step = 1;
      while (at + step < channel.accMax && requantize(at + step) < k) step *= 2;
      at = bisect(requantize, at, Math.min(channel.accMax, at + step), k);
    }
    out[i++] = k;
    out[i++] = at;
  }
  return out;
}

/** Smallest accumulator in (below, reached] with value >= k, given value(below) < k <= value(reached). */
function bisect(requantize: Requantize, below: number, reached: number, k: number): number {
  let lo = below;
  let hi = reached;
  while (hi - lo > 1) {
    const middle = Math.floor((lo + hi) / 2);
    if (requantize(middle) >= k) hi = middle;
    else lo = middle;
  }
  return hi;
}

/** Offsets d tried per channel when looking for a short form. */
const MAX_OFFSET = 4096;
/** Exponents stay below this so that products with thresholds are exact in a double. */
const MAX_EXPONENT = 44;

function planShort(layer: RequantLayer, numerics: Numerics): RequantPlan | undefined {
  const largest = Math.max(...layer.channels.map((channel) => channel.scale));
  // mult < 2^31 for the largest scale; the shift is common to the layer.
  const exponent = Math.min(MAX_EXPONENT, 30 - Math.floor(Math.log2(largest)));
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
  const requantize = makeRequantize(numerics, {
    scale: channel.scale,
    zeroPoint: layer.zeroPoint,
    min: layer.min,
    max: layer.max,
  });
  const steps = thresholds(requantize, layer, channel);
  const unit = 2 ** exponent;
  if (steps.length === 0) {
    // One value only: no multiplication matters.
    const add = requantize(channel.accMin) * 2 ** (exponent - 32);
    return Math.abs(add) < 2 ** 31 ? [channel.bias, 0, add] : undefined;
  }
  const ideal = Math.round(channel.scale * unit);
  for (let attempt = 0; attempt < 9; attempt++) {
    const mult = ideal + (attempt % 2 === 0 ? attempt / 2 : -(attempt + 1) / 2);
    if (mult <= 0 || mult >= 2 ** 31) continue;
    const fit = fitOffset(steps, mult, unit, layer.zeroPoint);
    if (!fit) continue;
    const { offset, add } = fit;
    if (channel.accMax + offset > 2 ** 31 - 1 || Math.abs(add) >= 2 ** 31) continue;
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

/**
 * Finds d and add with, for each threshold (k, T):  (T + d)*mult + add*2^32 >= k*unit  and  (T - 1 + d)*mult + add*2^32 < k*unit.
 * Everything is an exact integer in a double: thresholds lie near k*unit/mult.
 */
function fitOffset(
  steps: Float64Array,
  mult: number,
  unit: number,
  zeroPoint: number,
): { offset: number; add: number } | undefined {
  let low = Number.NEGATIVE_INFINITY;
  let high = Number.POSITIVE_INFINITY;
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
    words.set([channel.bias, multiplier, shift], 3 * c);
  });
  const { zeroPoint, min, max } = layer;
  return {
    form: "single",
    fields: { form: formCode.single, shift: 0, zero_point: zeroPoint, min, max },
    words,
    wordsPerChannel: 3,
    biases: biasesOf(layer),
    why: "single rounding, the definition of the fast profile",
  };
}

function biasesOf(layer: RequantLayer): readonly number[] {
  return layer.channels.map((channel) => channel.bias);
}

const scratchF32 = new Float32Array(1);
const scratchI32 = new Int32Array(scratchF32.buffer);

/** The bits of a float32 as an int32. */
function bitsOf(value: number): number {
  scratchF32[0] = value;
  return scratchI32[0] ?? 0;
}

function planFloat(layer: RequantLayer, why: string): RequantPlan {
  const words = new Int32Array(layer.channels.length * 2);
  layer.channels.forEach((channel, c) => {
    words.set([channel.bias, bitsOf(channel.scale)], 2 * c);
  });
  const { zeroPoint, min, max } = layer;
  return {
    form: "float",
    fields: { form: formCode.float, shift: 0, zero_point: zeroPoint, min, max },
    words,
    wordsPerChannel: 2,
    biases: biasesOf(layer),
    why: `requantize ${why}`,
  };
}

/** scale = mantissa / 2^shift with mantissa in [2^23, 2^24). */
export function splitScale(scale: number): { readonly mantissa: number; readonly shift: number } {
  const bits = bitsOf(scale);
  return { mantissa: (bits & 0x7fffff) | 0x800000, shift: 150 - ((bits >>> 23) & 255) };
}

function planWindow(layer: RequantLayer, numerics: Numerics): RequantPlan | undefined {
  const parts = layer.channels.map((channel) => splitScale(channel.scale));
  const deepest = Math.max(32, ...parts.map((part) => part.shift));
  const shift = deepest - 32;
  if (shift > 15) return undefined;
  const words = new Int32Array(layer.channels.length * 2);
  for (let c = 0; c < layer.channels.length; c++) {
    const channel = must(layer.channels[c], "channel");
    const { mantissa, shift: exponent } = must(parts[c], "scale");
    const mult = mantissa * 2 ** (deepest - exponent);
    const exact = channel.accMin > -EXACT && channel.accMax < EXACT;
    // y = product >> (32 + shift) must stay within int32 and so must y + zero point.
    const reach = Math.max(Math.abs(channel.accMin), Math.abs(channel.accMax)) * channel.scale;
    if (mult >= 2 ** 31 || !exact || reach >= 2 ** 30) return undefined;
    const requantize = makeRequantize(numerics, {
      scale: channel.scale,
      zeroPoint: layer.zeroPoint,
      min: layer.min,
      max: layer.max,
    });
    const steps = thresholds(requantize, layer, channel);
    for (let i = 0; i < steps.length; i += 2) {
      const at = steps[i + 1] ?? 0;
      const agrees = [at - 1, at].every((acc) => requantizeWindow(acc, mult, shift, layer) === requantize(acc));
      invariant(agrees, "the window form equals the float form at every threshold");
    }
    words.set([channel.bias, mult], 2 * c);
  }
  const { zeroPoint, min, max } = layer;
  return {
    form: "window",
    fields: { form: formCode.window, shift, zero_point: zeroPoint, min, max },
    words,
    wordsPerChannel: 2,
    biases: biasesOf(layer),
    why: "requantize in 64-bit integers with an exact path near ties: proven per channel",
  };
}

/** The C window form, line for line. */
export function requantizeWindow(acc: number, mult: number, shift: number, layer: RequantLayer): number {
  const product = BigInt(acc) * BigInt(mult) + (1n << BigInt(31 + shift));
  const fraction = Number(BigInt.asUintN(32, product >> BigInt(shift)));
  const inWindow = (fraction + 0x10000) >>> 0 <= 0x20000;
  const rounded = inWindow ? slowPath(acc, mult, shift) : Number(product >> BigInt(32 + shift));
  return Math.min(layer.max, Math.max(layer.min, rounded + layer.zeroPoint));
}

/** RNE(fl(acc * s)) in integers: the product rounded to 24 significant bits, then to an integer, each half to even. */
function slowPath(acc: number, mult: number, shift: number): number {
  const magnitude = roundShift(round24(BigInt(Math.abs(acc)) * BigInt(mult)), BigInt(32 + shift));
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

/** What the C form computes for channel c, line for line (runtime-c/src/lwc_requant.h); `acc` includes the real bias. */
export function applyRequant(plan: RequantPlan, c: number, acc: number): number {
  const { shift, zero_point: zeroPoint, min, max } = plan.fields;
  const [bias = 0, mult = 0, last = 0] = plan.words.subarray(c * plan.wordsPerChannel, (c + 1) * plan.wordsPerChannel);
  const clamped = (y: number): number => Math.min(max, Math.max(min, y));
  switch (plan.form) {
    case "short": {
      const high = Number((BigInt(acc + bias - must(plan.biases[c], "bias")) * BigInt(mult)) >> 32n);
      return clamped((high + last) >> shift);
    }
    case "window":
      return requantizeWindow(acc, mult, shift, { channels: [], zeroPoint, min, max });
    case "single":
      return clamped(Number((BigInt(acc) * BigInt(mult) + (1n << BigInt(last - 1))) >> BigInt(last)) + zeroPoint);
    case "float": {
      scratchI32[0] = mult;
      const value = Math.fround(Math.fround(acc) * (scratchF32[0] ?? 0));
      return roundHalfEven(Math.min(max - zeroPoint, Math.max(min - zeroPoint, value))) + zeroPoint;
    }
  }
}
