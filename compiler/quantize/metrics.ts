/**
 * How close int8 comes to float: accumulators that take one sample at a time and keep sums, never samples.
 * Values are taken as they are: a NaN makes the distances NaN and is never a right answer.
 */
import { invariant } from "../diagnostics.js";

/** Per-sample SQNR is cut here before it is averaged: 8 bits resolve some 50 dB, and an exact result has no finite SQNR. */
export const sqnrCeiling = 60;

type Values = ArrayLike<number>;

/** Index of the largest value, the first of equals; -1 for no values. */
export function argmax(values: Values): number {
  let best = values.length === 0 ? -1 : 0;
  for (let i = 1; i < values.length; i++) {
    if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  }
  return best;
}

/** Whether `label` is among the `k` largest values. Of equal values the one with the lower index counts as larger, as in argmax. */
export function isInTop(values: Values, label: number, k: number): boolean {
  if (!Number.isInteger(label) || label < 0 || label >= values.length) return false;
  const own = values[label] ?? Number.NaN;
  if (Number.isNaN(own)) return false;
  let larger = 0;
  for (let i = 0; i < values.length; i++) {
    const other = values[i] ?? 0;
    if (other > own || (other === own && i < label)) larger++;
  }
  return larger < k;
}

/** Share of samples whose label is among the `k` largest outputs. */
export interface Accuracy {
  readonly add: (output: Values, label: number) => void;
  /** In [0, 1]; undefined before the first sample. */
  readonly value: () => number | undefined;
}

export function topAccuracy(k: number): Accuracy {
  let [hits, samples] = [0, 0];
  return {
    add: (output, label) => {
      samples++;
      if (isInTop(output, label, k)) hits++;
    },
    value: () => (samples === 0 ? undefined : hits / samples),
  };
}

/** What `distance` knows after some samples. */
export interface Distance {
  readonly samples: number;
  /** 10 log10 of the sum of float^2 over the sum of (float - int8)^2, over all samples, in dB; Infinity where all are equal. */
  readonly sqnr: number;
  /** Mean over samples of each one's SQNR, cut to at most `sqnrCeiling`, in dB. */
  readonly meanSqnr: number;
  /** Cosine of the angle between all float and all int8 values, in [-1, 1]; 1 where both are zero, 0 where one is. */
  readonly cosine: number;
  /** Largest |float - int8|. */
  readonly maxAbsError: number;
  /** Mean of float - int8: what bias correction would remove. */
  readonly meanError: number;
  /** Share of samples where both have the same argmax, in [0, 1]. */
  readonly agreement: number;
}

export interface DistanceAccumulator {
  /** Values of one sample, of one length. */
  readonly add: (reference: Values, found: Values) => void;
  /** Undefined before the first sample. */
  readonly value: () => Distance | undefined;
}

export function distance(): DistanceAccumulator {
  let [samples, elements, agreed] = [0, 0, 0];
  let [signal, noise, power, product] = [0, 0, 0, 0];
  let [meanSqnr, maxAbsError, errors] = [0, 0, 0];
  return {
    add: (reference, found) => {
      invariant(reference.length === found.length, `values to compare: ${reference.length} and ${found.length}`);
      let [ownSignal, ownNoise] = [0, 0];
      for (let i = 0; i < reference.length; i++) {
        const a = reference[i] ?? 0;
        const b = found[i] ?? 0;
        const error = a - b;
        ownSignal += a * a;
        ownNoise += error * error;
        power += b * b;
        product += a * b;
        errors += error;
        maxAbsError = Math.max(maxAbsError, Math.abs(error));
      }
      samples++;
      elements += reference.length;
      signal += ownSignal;
      noise += ownNoise;
      meanSqnr += (Math.min(sqnrCeiling, decibels(ownSignal, ownNoise)) - meanSqnr) / samples;
      if (argmax(reference) === argmax(found)) agreed++;
    },
    value: () =>
      samples === 0
        ? undefined
        : {
            samples,
            sqnr: decibels(signal, noise),
            meanSqnr,
            cosine: cosineOf(product, signal, power),
            maxAbsError,
            meanError: elements === 0 ? 0 : errors / elements,
            agreement: agreed / samples,
          },
  };
}

/** Infinity without noise; without a signal but with noise the floor of -`sqnrCeiling`, so that means stay finite. */
export function decibels(signal: number, noise: number): number {
  if (noise === 0) return Number.POSITIVE_INFINITY;
  if (signal === 0) return -sqnrCeiling;
  return 10 * Math.log10(signal / noise);
}

function cosineOf(product: number, power: number, otherPower: number): number {
  if (power === 0 && otherPower === 0) return 1;
  if (power === 0 || otherPower === 0) return 0;
  return Math.min(1, Math.max(-1, product / (Math.sqrt(power) * Math.sqrt(otherPower))));
}
