/** Windows of convolutions and pools: strides, dilations and pads in every spelling of the exporters. */
import { must } from "../../diagnostics.js";
import { type Context, intsAttribute, malformed, numberAttribute, textAttribute, unsupported } from "./context.js";

export interface Window {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** top, left, bottom, right */
  readonly pads: readonly number[];
  /** Height and width of the result. */
  readonly out: readonly number[];
}

/** Reads the window attributes of a node over an input of height and width `size`. */
export function readWindow(context: Context, size: readonly number[], kernel: readonly number[]): Window {
  if (kernel.some((k) => k < 1))
    malformed(context, "LWC1151", `a window of ${kernel.join("x")}: expected positive integers`);
  const declared = intsAttribute(context, "kernel_shape");
  if (declared && (declared.length !== kernel.length || declared.some((k, i) => k !== kernel[i])))
    malformed(context, "LWC1150", `kernel_shape [${declared.join(",")}] does not fit weights of ${kernel.join("x")}`);
  const strides = intsAttribute(context, "strides") ?? [1, 1];
  const dilations = intsAttribute(context, "dilations") ?? [1, 1];
  if (strides.length !== 2 || dilations.length !== 2 || [...strides, ...dilations].some((v) => v < 1)) {
    malformed(
      context,
      "LWC1151",
      `strides [${strides.join(",")}], dilations [${dilations.join(",")}]: expected two positive integers each`,
    );
  }
  const given = intsAttribute(context, "pads");
  const autoPad = textAttribute(context, "auto_pad", "NOTSET");
  const ceil = numberAttribute(context, "ceil_mode", 0) !== 0;
  const axes = [0, 1].map((axis) => {
    const input = must(size[axis], "size");
    const stride = must(strides[axis], "stride");
    const reach = (must(kernel[axis], "kernel") - 1) * must(dilations[axis], "dilation") + 1;
    const [before, after] = padsOf(context, autoPad, given, axis, input, stride, reach);
    return { before, ...extent(input, stride, reach, before, after, ceil) };
  });
  const [vertical, horizontal] = [must(axes[0], "axis"), must(axes[1], "axis")];
  const pads = [vertical.before, horizontal.before, vertical.after, horizontal.after];
  const out = [vertical.out, horizontal.out];
  if (out.some((dim) => dim < 1))
    malformed(
      context,
      "LWC1152",
      `a ${kernel.join("x")} window does not fit an input of ${size.join("x")}`,
      "use a larger input (--input-shape)",
    );
  return { strides, dilations, pads, out };
}

function padsOf(
  context: Context,
  autoPad: string,
  given: readonly number[] | undefined,
  axis: number,
  input: number,
  stride: number,
  reach: number,
): readonly [number, number] {
  switch (autoPad) {
    case "NOTSET":
    case "": {
      const pads = given ?? [0, 0, 0, 0];
      if (pads.length !== 4 || pads.some((pad) => pad < 0))
        return malformed(context, "LWC1153", `pads [${pads.join(",")}]: expected four integers of at least 0`);
      return [must(pads[axis], "pad"), must(pads[axis + 2], "pad")];
    }
    case "VALID":
      return [0, 0];
    case "SAME_UPPER":
    case "SAME_LOWER": {
      const total = Math.max(0, (Math.ceil(input / stride) - 1) * stride + reach - input);
      const small = Math.floor(total / 2);
      return autoPad === "SAME_UPPER" ? [small, total - small] : [total - small, small];
    }
    default:
      return unsupported(context, "LWC1154", `auto_pad "${autoPad}"`, "export with explicit pads");
  }
}

/** Length of the result, and the padding behind the input that yields exactly that length when rounding down. */
function extent(
  input: number,
  stride: number,
  reach: number,
  before: number,
  after: number,
  ceil: boolean,
): { readonly out: number; readonly after: number } {
  const span = input + before + after - reach;
  let out = (ceil ? Math.ceil(span / stride) : Math.floor(span / stride)) + 1;
  // A window that starts in the padding behind the input does not count.
  if (ceil && (out - 1) * stride >= input + before) out--;
  return { out, after: Math.max(after, (out - 1) * stride + reach - input - before) };
}
