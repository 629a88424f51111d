/** What `lwc quantize` found and decided, as data: the command line prints it as text, JSON and HTML. */
import type { Diagnostic } from "../diagnostics.js";

/** How ranges of activations are chosen from what the samples showed. */
export type CalibrationMethod = "minmax" | "percentile" | "entropy" | "mse";

/** A measure over samples. Ratios are in [0, 1], SQNR in dB. */
export interface Quality {
  readonly samples: number;
  /** Share of samples whose label is the largest output; absent without labels. */
  readonly top1?: number;
  /** Share of samples whose label is among the five largest outputs; absent without labels or with fewer than six classes. */
  readonly top5?: number;
  /** Mean of a supplied score over the samples; higher is better. */
  readonly score?: number;
}

/** Int8 against float on the same samples. */
export interface Int8Quality extends Quality {
  /** Share of samples where float and int8 have the same largest output. */
  readonly agreement: number;
  /** Signal-to-quantization-noise ratio of the outputs, mean over samples, in dB. */
  readonly sqnr: number;
}

export interface LayerDamage {
  /** Name of the value in the float model. */
  readonly tensor: string;
  /** Node that computes it: "Conv \"features.3\"". */
  readonly node: string;
  readonly opType: string;
  /** Float against int8 at this point of the network, in dB: holds the damage of all layers before it too. */
  readonly sqnr: number;
  /** Cosine of float and int8 values. */
  readonly cosine: number;
  /** dB lost from the worst input of the node to its result: what this node adds. */
  readonly loss: number;
}

export interface TriedMethod {
  readonly method: CalibrationMethod;
  readonly equalized: boolean;
  readonly biasCorrected: boolean;
  /** On the calibration samples. */
  readonly quality: Int8Quality;
  readonly chosen: boolean;
}

export interface TensorParameters {
  readonly tensor: string;
  readonly kind: "activation" | "weights" | "bias";
  /** The value that the layer of these weights or of this bias computes. */
  readonly layer?: string;
  /** One scale, or one per output channel. */
  readonly scales: readonly number[];
  readonly zeroPoint: number;
  /** Range seen in the samples, or of the weights. */
  readonly min: number;
  readonly max: number;
  /** Set by a file of overrides. */
  readonly overridden: boolean;
}

/** Something to keep an eye on. */
export interface Advice {
  /** A layer, or what else it is about. */
  readonly about: string;
  /** The value in the float model, where it is about a layer. */
  readonly tensor?: string;
  readonly finding: string;
  readonly tryThis: string;
}

export interface QuantizeReport {
  readonly model: string;
  /** The command that makes the same bytes again. */
  readonly command: string;
  /** SHA-256 of the float model and of the result, in hex; empty where nobody computed it. */
  readonly hashes: { readonly float: string; readonly int8: string };
  readonly sizes: { readonly float: number; readonly int8: number };
  readonly calibrationSamples: number;
  readonly method: CalibrationMethod;
  readonly tried: readonly TriedMethod[];
  /** On held-back samples; on the calibration samples where none are held back. */
  readonly float: Quality;
  readonly int8: Int8Quality;
  readonly heldBack: boolean;
  /** Most damage first, by `loss`. */
  readonly layers: readonly LayerDamage[];
  readonly advice: readonly Advice[];
  readonly parameters: readonly TensorParameters[];
  readonly warnings: readonly Diagnostic[];
}
