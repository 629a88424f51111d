/** What a user says about samples, and what follows from it for one graph input. */
import { fail } from "../../diagnostics.js";
import type { Shape } from "../../ir/shape.js";

/** A float graph input, its shape fixed and with batch 1. */
export interface SampleInput {
  readonly name: string;
  readonly shape: Shape;
}

/** Options as the command line has them; numbers that are lists are text. */
export interface SampleOptions {
  /** Graph inputs of the model, in its order. */
  readonly inputs: readonly SampleInput[];
  /** A folder or a file for each input; as "input=path" where there are several inputs. */
  readonly paths: readonly string[];
  /** Subtracted after scaling: one number, or one per channel separated by commas. Default 0. */
  readonly mean?: string;
  /** Divides the difference: one number, or one per channel. Default 1. */
  readonly std?: string;
  /** Factor on stored values: default 1/255 for pictures, 1 for .npy and .bin. "1/255" is understood. */
  readonly scale?: string;
  /** "WxH", or "N" for a shorter side of N pixels. */
  readonly resize?: string;
  /** "WxH" or "N" for NxN, cut from the middle after resizing. */
  readonly crop?: string;
  /** Layout of samples in .npy and .bin: "nchw" (default) or "nhwc". The model's own is told by its shape. */
  readonly layout?: string;
  /** Channels of pictures: "rgb" (default) or "bgr". */
  readonly channels?: string;
  /** Values of .bin files: "float32" (default), "uint8" or "int8". */
  readonly dtype?: string;
  /** A JSON file of labels, or "folders" where the name of a picture's folder is its class. */
  readonly labels?: string;
  /** Takes every `shuffleSeed` the same order; without it, the order of the files. */
  readonly shuffleSeed?: string;
  /** Samples left out at the beginning, after shuffling. */
  readonly skip?: string;
  /** Samples taken at most, after skipping. */
  readonly limit?: string;
  /** Share of samples kept from calibration to measure on, in [0, 1). */
  readonly holdBack?: string;
}

/** A size to resize or crop to. */
export type TargetSize =
  | { readonly kind: "exact"; readonly width: number; readonly height: number }
  | { readonly kind: "shorter-side"; readonly side: number };

export function parseSize(flag: string, text: string): TargetSize {
  const exact = /^(\d+)x(\d+)$/i.exec(text);
  const [width, height] = [Number(exact?.[1] ?? text), Number(exact?.[2] ?? text)];
  if (!/^\d+(x\d+)?$/i.test(text) || width < 1 || height < 1 || width > maxSide || height > maxSide) {
    return bad(`${flag} ${text}`, `WIDTHxHEIGHT or one number, from 1 to ${maxSide} pixels`);
  }
  return exact ? { kind: "exact", width, height } : { kind: "shorter-side", side: width };
}

/** Larger pictures than any network takes; keeps a slip of the finger from filling memory. */
const maxSide = 16384;

/** One number for each channel; "1/255" counts as a number. */
export function parseNumbers(flag: string, text: string, channels: number): readonly number[] {
  const list = text.split(",").map(parseNumber);
  const all = list.length === 1 ? new Array<number>(channels).fill(list[0] ?? Number.NaN) : list;
  if (all.length !== channels || !all.every(Number.isFinite)) {
    return bad(`${flag} ${text}`, `one number, or ${channels} separated by commas`);
  }
  return all;
}

/** Like `parseNumbers`, of factors and divisors: zero is refused. */
export function parseFactors(flag: string, text: string, channels: number): readonly number[] {
  const factors = parseNumbers(flag, text, channels);
  return factors.includes(0) ? bad(`${flag} ${text}`, "numbers other than 0") : factors;
}

function parseNumber(text: string): number {
  const parts = text.split("/").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const [value = Number.NaN, divisor = 1] = parts;
  return parts.length > 2 ? Number.NaN : value / divisor;
}

export function parseCount(flag: string, text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : bad(`${flag} ${text}`, "a whole number");
}

export function parseShare(flag: string, text: string): number {
  const share = parseNumber(text);
  return share >= 0 && share < 1 ? share : bad(`${flag} ${text}`, "a share from 0 to below 1, as 0.2");
}

export function choose<T extends string>(flag: string, text: string | undefined, allowed: readonly [T, ...T[]]): T {
  if (text === undefined) return allowed[0];
  return allowed.find((one) => one === text) ?? bad(`${flag} ${text}`, `${allowed.join(" or ")}`);
}

function bad(given: string, expected: string): never {
  return fail({ code: "LWC8101", kind: "error", message: `${given}: expected ${expected}` });
}
