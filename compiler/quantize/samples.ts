/** One sample: the float32 values of each graph input, in the model's own layout (NCHW as a rule), batch 1. */
export interface Sample {
  readonly name: string;
  readonly inputs: ReadonlyMap<string, Float32Array>;
  readonly label?: number;
}

/** Samples one at a time, so that ten thousand images never sit in memory; may be iterated several times. */
export interface SampleSource {
  readonly count: number;
  [Symbol.asyncIterator](): AsyncIterator<Sample>;
}
