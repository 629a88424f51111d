/**
 * Quantized addition: the reference function of each profile (docs/numerics.md, "Add"), and the integer form that a kernel
 * uses, verified over all 65,536 pairs.
 */
import { assertNever } from "../diagnostics.js";
import { fma32 } from "./fma.js";
import type { Numerics } from "./numerics.js";
import { clamp, roundHalfEven } from "./saturate.js";

const f32 = Math.fround;

/** Scales and zero points of a + b = c, int8. */
export interface AddQuant {
  readonly scaleA: number;
  readonly zeroA: number;
  readonly scaleB: number;
  readonly zeroB: number;
  readonly scaleC: number;
  readonly zeroC: number;
  /** The tensors were uint8 in the model: the float forms hold zero points and values shifted by 128. */
  readonly unsigned: boolean;
  /** Which operand ONNX Runtime treats as the scalar of a span, which swaps the roles in its x64 form. */
  readonly spanScalar: "none" | "a" | "b";
  readonly min: number;
  readonly max: number;
}

/** (a, b) -> c, all int8. */
export type Binary = (a: number, b: number) => number;

export function makeAdd(numerics: Numerics, q: AddQuant): Binary {
  const sum = unclamped(numerics, q);
  return (a, b) => clamp(sum(a, b), q.min, q.max);
}

function unclamped(numerics: Numerics, q: AddQuant): Binary {
  switch (numerics.profile) {
    case "ort":
      return fusedAdd(q);
    case "ort-arm64":
      return neonAdd(q) ?? genericAdd(q);
    case "fast":
      return fixedAdd(q) ?? genericAdd(q);
    default:
      return assertNever(numerics.profile);
  }
}

/** ONNX Runtime on x64 with AVX2 and FMA. */
function fusedAdd(q: AddQuant): Binary {
  const shift = q.unsigned ? 128 : 0;
  const ratioA = f32(q.scaleA / q.scaleC);
  const ratioB = f32(q.scaleB / q.scaleC);
  const [zeroA, zeroB, zeroC] = [q.zeroA + shift, q.zeroB + shift, q.zeroC + shift];
  if (q.spanScalar === "a") {
    const fixed = f32(zeroC - fma32(ratioB, zeroB, f32(ratioA * zeroA)));
    return (a, b) => roundHalfEven(fma32(b + shift, ratioB, fma32(a + shift, ratioA, fixed))) - shift;
  }
  const fixed = f32(zeroC - fma32(ratioA, zeroA, f32(ratioB * zeroB)));
  return (a, b) => roundHalfEven(fma32(a + shift, ratioA, fma32(b + shift, ratioB, fixed))) - shift;
}

interface Fixed {
  readonly multA: number;
  readonly multB: number;
  readonly shift: number;
}

/** Multipliers of 22 bits at most over a common shift, as ONNX Runtime's NEON kernel has them; undefined out of its range. */
function fixedRatios(q: AddQuant): Fixed | undefined {
  const ratioA = f32(q.scaleA / q.scaleC);
  const ratioB = f32(q.scaleB / q.scaleC);
  const smallest = 2 ** -14;
  if (Math.min(ratioA, ratioB) < smallest || Math.max(ratioA, ratioB) >= 256) return undefined;
  const largest = Math.max(ratioA, ratioB);
  let exponent = Math.floor(Math.log2(largest));
  if (2 ** exponent > largest) exponent--;
  if (2 ** (exponent + 1) <= largest) exponent++;
  const shift = 21 - exponent;
  if (shift < 13 || shift > 31) return undefined;
  const multA = roundHalfEven(f32(ratioA * 2 ** shift));
  const multB = roundHalfEven(f32(ratioB * 2 ** shift));
  return Math.max(multA, multB) < 2 ** 22 ? { multA, multB, shift } : undefined;
}

/** ONNX Runtime on arm64: integers throughout, rounding half away from zero. */
function neonAdd(q: AddQuant): Binary | undefined {
  const fixed = fixedRatios(q);
  if (!fixed) return undefined;
  const { multA, multB, shift } = fixed;
  return (a, b) => {
    const sum = (a - q.zeroA) * multA + (b - q.zeroB) * multB;
    return Math.floor((sum - (sum < 0 ? 1 : 0) + 2 ** (shift - 1)) / 2 ** shift) + q.zeroC;
  };
}

/** Profile fast: the same multipliers, rounding half up. */
function fixedAdd(q: AddQuant): Binary | undefined {
  const fixed = fixedRatios(q);
  if (!fixed) return undefined;
  const { multA, multB, shift } = fixed;
  return (a, b) =>
    Math.floor(((a - q.zeroA) * multA + (b - q.zeroB) * multB + 2 ** (shift - 1)) / 2 ** shift) + q.zeroC;
}

/** Dequantize, add, quantize, each step in float32. */
function genericAdd(q: AddQuant): Binary {
  const shift = q.unsigned ? 128 : 0;
  const zeroC = q.zeroC + shift;
  const low = (q.unsigned ? 0 : -128) - zeroC;
  const high = (q.unsigned ? 255 : 127) - zeroC;
  return (a, b) => {
    const sum = f32(f32(f32(q.scaleA * (a - q.zeroA)) + f32(q.scaleB * (b - q.zeroB))) / q.scaleC);
    return roundHalfEven(f32(clamp(sum, low, high) + zeroC)) - shift;
  };
}

/** How t = a*multA + b*multB + offset becomes the sum: t >> shift, with a rounding rule. */
export type AddRounding = "floor" | "even" | "away";

export interface AddPlan {
  readonly multA: number;
  readonly multB: number;
  /** Holds the zero points, and the rounding half for "floor". */
  readonly offset: number;
  readonly shift: number;
  readonly rounding: AddRounding;
  /** Pairs for which the integer form is off, as (a + 128) * 256 + (b + 128), each with its right value. */
  readonly exceptions: readonly { readonly pair: number; readonly value: number }[];
}

/**
 * Finds an int32 form equal to the reference on every pair. All of t stays within int32. The few pairs that ONNX Runtime's
 * two float roundings push over a tie are listed as exceptions.
 */
export function planAdd(numerics: Numerics, q: AddQuant): AddPlan {
  const target = tableOf(makeAdd(numerics, q));
  let best: AddPlan | undefined;
  for (const candidate of candidates(q)) {
    const exceptions = exceptionsOf(candidate, target, q, best?.exceptions.length ?? Number.POSITIVE_INFINITY);
    if (!exceptions) continue;
    best = { ...candidate, exceptions };
    if (exceptions.length === 0) break;
  }
  return best ?? { multA: 0, multB: 0, offset: 0, shift: 0, rounding: "floor", exceptions: allPairs(target) };
}

function tableOf(add: Binary): Int8Array {
  const table = new Int8Array(65536);
  for (let a = -128; a < 128; a++) {
    for (let b = -128; b < 128; b++) table[(a + 128) * 256 + b + 128] = add(a, b);
  }
  return table;
}

type Candidate = Omit<AddPlan, "exceptions">;

/** Those that round by a shift alone come first: they take the fewest instructions. */
function* candidates(q: AddQuant): Generator<Candidate> {
  const all = [...everyCandidate(q)];
  yield* all.filter(({ rounding }) => rounding === "floor");
  yield* all.filter(({ rounding }) => rounding !== "floor");
}

function* everyCandidate(q: AddQuant): Generator<Candidate> {
  const ratioA = f32(q.scaleA / q.scaleC);
  const ratioB = f32(q.scaleB / q.scaleC);
  const fixed = fixedRatios(q);
  if (fixed) {
    const { multA, multB, shift } = fixed;
    const base = -q.zeroA * multA - q.zeroB * multB;
    const half = 2 ** (shift - 1);
    yield* whereSafe({ multA, multB, shift, offset: base + half + q.zeroC * 2 ** shift, rounding: "floor" });
    yield* whereSafe({ multA, multB, shift, offset: base, rounding: "away" });
  }
  // As many fraction bits as int32 holds: |t| <= 256 * (multA + multB) + 2^shift * 129.
  const shift = Math.min(30, Math.floor(Math.log2((2 ** 31 - 1) / (256 * (ratioA + ratioB) + 130))));
  if (shift < 1) return;
  const unit = 2 ** shift;
  for (const [da, db] of [
    [0, 0],
    [0, 1],
    [1, 0],
    [0, -1],
    [-1, 0],
    [1, 1],
    [-1, -1],
    [1, -1],
    [-1, 1],
  ] as const) {
    const multA = Math.round(ratioA * unit) + da;
    const multB = Math.round(ratioB * unit) + db;
    const base = q.zeroC * unit - q.zeroA * multA - q.zeroB * multB;
    for (const nudge of [0, 1, -1, 8, -8]) {
      yield* whereSafe({ multA, multB, shift, offset: base + unit / 2 + nudge, rounding: "floor" });
    }
    yield* whereSafe({ multA, multB, shift, offset: base, rounding: "even" });
  }
}

/** Keeps a candidate whose intermediate values fit int32. */
function* whereSafe(candidate: Candidate): Generator<Candidate> {
  const { multA, multB, offset, shift } = candidate;
  const reach = 128 * (Math.abs(multA) + Math.abs(multB)) + Math.abs(offset) + 2 ** shift;
  if (reach < 2 ** 31 && shift >= 1 && shift <= 30) yield candidate;
}

/** The kernel's form, as C computes it. */
export function applyAdd(plan: Candidate, q: AddQuant, a: number, b: number): number {
  const t = a * plan.multA + b * plan.multB + plan.offset;
  const half = 1 << (plan.shift - 1);
  switch (plan.rounding) {
    case "floor":
      return clamp(t >> plan.shift, q.min, q.max);
    case "even":
      return clamp((t + half - 1 + ((t >> plan.shift) & 1)) >> plan.shift, q.min, q.max);
    case "away":
      return clamp(((t + (t >> 31) + half) >> plan.shift) + q.zeroC, q.min, q.max);
    default:
      return assertNever(plan.rounding);
  }
}

function exceptionsOf(
  plan: Candidate,
  target: Int8Array,
  q: AddQuant,
  limit: number,
): AddPlan["exceptions"] | undefined {
  const exceptions: { pair: number; value: number }[] = [];
  for (let pair = 0; pair < 65536; pair++) {
    const value = target[pair] ?? 0;
    if (applyAdd(plan, q, (pair >> 8) - 128, (pair & 255) - 128) === value) continue;
    exceptions.push({ pair, value });
    if (exceptions.length >= limit) return undefined;
  }
  return exceptions;
}

function allPairs(target: Int8Array): AddPlan["exceptions"] {
  return Array.from(target, (value, pair) => ({ pair, value }));
}
