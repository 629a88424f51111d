/** What a row of the tables of architectures says. */
import type { FloatModel } from "../float-builder.js";

export interface Architecture {
  /** File-name safe and unique. */
  readonly name: string;
  readonly title: string;
  readonly year: number;
  readonly arxiv: string;
  /** Every kind of block, few of them, on a small input. */
  readonly tiny: () => FloatModel;
  readonly published: () => FloatModel;
  readonly reference: Reference;
}

/** What the literature states of the published size; absent where it states nothing. */
export interface Reference {
  readonly parameters?: number;
  /** Whether `parameters` leaves out BatchNorm's. */
  readonly withoutNormalization?: boolean;
  /** Multiply-accumulates. */
  readonly macs?: number;
  /** Where the numbers stand, and where they count differently from the builder. */
  readonly source: string;
}

export const imageNet = { size: 224, width: 1, classes: 1000 };
export const tinySize = { size: 32, width: 0.25, classes: 10 };
