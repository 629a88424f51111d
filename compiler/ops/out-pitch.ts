/**
 * Output pixels at a distance: kernels with an `out_pitch` among their parameters write the pixels of a tensor between those of
 * others, into the tensor that joins them.
 */
import type { KernelCall, StructLiteral } from "./kernel.js";

/** The same call with output pixels of `width` bytes, `pitch` bytes apart; undefined where the kernel cannot place them so. */
export function atPitch(
  call: KernelCall,
  { pitch, width }: { readonly pitch: number; readonly width: number },
): KernelCall | undefined {
  const { params, drive, maxPitch = Number.POSITIVE_INFINITY } = call;
  const { out_pitch: own, runs, run } = params.fields;
  if (typeof own !== "number" || pitch > maxPitch || drive.kind === "accumulate") return undefined;
  // Kernels that do not tell pixels apart get a run of values for each.
  const split: StructLiteral =
    typeof runs === "number" && typeof run === "number" ? { runs: (runs * run) / width, run: width } : {};
  const fields = { ...params.fields, ...split, out_pitch: pitch };
  const wide = drive.kind === "flat" ? drive : { ...drive, outRowBytes: (drive.outRowBytes / own) * pitch };
  return { ...call, params: { ...params, fields }, drive: wide };
}
