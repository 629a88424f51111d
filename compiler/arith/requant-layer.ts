/** Requantization of a layer as planned for C: what goes in, what comes out, and what the planners of all forms share. */
import type { Numerics } from "./numerics.js";
import { makeRequantize, type Requantize } from "./requant.js";

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

export type RequantForm = "short" | "window" | "float" | "single" | "split";

/** Fields of struct lwc_requant; those that a form does not read are left out. */
export type RequantFields = {
  readonly form: number;
  readonly shift: number;
  readonly low_bits?: number;
  readonly window?: number;
  readonly zero_point: number;
  readonly min: number;
  readonly max: number;
};

export interface RequantPlan {
  readonly form: RequantForm;
  readonly fields: RequantFields;
  /** Per channel, see lwc.h: bias first. */
  readonly words: Int32Array;
  readonly wordsPerChannel: number;
  /** Largest magnitude of an accumulator, with the offset of a short form. */
  readonly reach: number;
  /** The layer's own biases: a short form adds its offset to them in `words`. */
  readonly biases: readonly number[];
  readonly why: string;
}

/** LWC_REQUANT_* of lwc.h. */
export const formCode = { short: 0, window: 1, float: 2, single: 3, split: 4 } as const;

/** Offsets d tried per channel when looking for a short form. */
export const MAX_OFFSET = 4096;

/** The reference function of one channel. */
export function referenceOf(layer: RequantLayer, numerics: Numerics, channel: RequantChannel): Requantize {
  const { zeroPoint, min, max } = layer;
  return makeRequantize(numerics, { scale: channel.scale, zeroPoint, min, max });
}

/** The only value of a channel whose reachable accumulators all yield the same; then its scale does not matter. */
export function onlyValue(requantize: Requantize, channel: RequantChannel): number | undefined {
  const value = requantize(channel.accMin);
  return requantize(channel.accMax) === value ? value : undefined;
}

export function reachOf(layer: RequantLayer): number {
  return Math.max(...layer.channels.map(magnitudeOf)) + MAX_OFFSET;
}

/** Largest magnitude of a channel's accumulators. */
export function magnitudeOf({ accMin, accMax }: RequantChannel): number {
  return Math.max(Math.abs(accMin), Math.abs(accMax));
}

export function biasesOf(layer: RequantLayer): readonly number[] {
  return layer.channels.map((channel) => channel.bias);
}

const scratchF32 = new Float32Array(1);
const scratchI32 = new Int32Array(scratchF32.buffer);

/** The bits of a float32 as an int32. */
export function bitsOf(value: number): number {
  scratchF32[0] = value;
  return scratchI32[0] ?? 0;
}

/** The float32 with these bits. */
export function floatOf(bits: number): number {
  scratchI32[0] = bits;
  return scratchF32[0] ?? 0;
}
