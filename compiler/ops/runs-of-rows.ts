/** Rows that lie side by side in one call: kernels that take a run of pixels have a function that takes several runs. */
import type { KernelCall } from "./kernel.js";

/**
 * The call for an image of `rows` rows as one for up to as many rows, over its input; undefined where the kernel has no function that
 * does so.
 */
export function runsOfRows(call: KernelCall, { rows, inRowBytes, outRowBytes, all }: RowRuns): KernelCall | undefined {
  const { params, runsOfRows: kernel } = call;
  const { pixels } = params.fields;
  if (kernel === undefined || call.drive.kind !== "flat" || typeof pixels !== "number") return undefined;
  const { inPlace: _, runsOfRows: __, ...rest } = call;
  return {
    ...rest,
    kernel,
    params: { ...params, fields: { ...params.fields, pixels: pixels / rows } },
    drive: { kind: "runs", rows: all, inRowBytes: [inRowBytes], outRowBytes, block: rows },
    why: `${call.why}; up to ${rows} rows per call, over their input`,
  };
}

interface RowRuns {
  /** Of a call. */
  readonly rows: number;
  readonly inRowBytes: number;
  readonly outRowBytes: number;
  /** Of the layer. */
  readonly all: number;
}
