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

export interface TransposedWindow extends Window {
  /** bottom, right */
  readonly outputPadding: readonly number[];
}

/** Dimensions of the map that a node is about; attributes of a 1-D one become those of a map of height 1. */
type Rank = 1 | 2;

/** One value per axis. */
function axesAttribute(context: Context, name: string, rank: Rank, fill: number): readonly number[] | undefined {
  const list = intsAttribute(context, name);
  return list && rank === 1 && list.length === 1 ? [fill, ...list] : list;
}

/** Kernel of a window: height, width. */
export function kernelAttribute(context: Context, rank: Rank): readonly number[] | undefined {
  return axesAttribute(context, "kernel_shape", rank, 1);
}

/** Strides and dilations of a window of this size. */
function readSteps(
  context: Context,
  kernel: readonly number[],
  rank: Rank,
): { readonly strides: readonly number[]; readonly dilations: readonly number[] } {
  if (kernel.some((k) => k < 1))
    malformed(context, "LWC1151", `a window of ${kernel.join("x")}: expected positive integers`);
  const declared = kernelAttribute(context, rank);
  if (declared && (declared.length !== kernel.length || declared.some((k, i) => k !== kernel[i])))
    malformed(context, "LWC1150", `kernel_shape [${declared.join(",")}] does not fit weights of ${kernel.join("x")}`);
  const strides = axesAttribute(context, "strides", rank, 1) ?? [1, 1];
  const dilations = axesAttribute(context, "dilations", rank, 1) ?? [1, 1];
  if (strides.length !== 2 || dilations.length !== 2 || [...strides, ...dilations].some((v) => v < 1)) {
    malformed(
      context,
      "LWC1151",
      `strides [${strides.join(",")}], dilations [${dilations.join(",")}]: expected ${rank} positive ${rank === 1 ? "integer" : "integers"} each`,
    );
  }
  return { strides, dilations };
}

/** Reads the window attributes of a node over an input of height and width `size`. */
export function readWindow(
  context: Context,
  size: readonly number[],
  kernel: readonly number[],
  rank: Rank = 2,
): Window {
  const { strides, dilations } = readSteps(context, kernel, rank);
  const given = padsAttribute(context, rank);
  const autoPad = autoPadOf(context);
  const ceil = numberAttribute(context, "ceil_mode", 0) !== 0;
  const axes = [0, 1].map((axis) => {
    const input = must(size[axis], "size");
    const stride = must(strides[axis], "stride");
    const reach = (must(kernel[axis], "kernel") - 1) * must(dilations[axis], "dilation") + 1;
    const [before, after] = padsOf(autoPad, given, axis, input, stride, reach);
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

/** Reads the window attributes of a transposed convolution; pads are what is cut off its result. */
export function readTransposedWindow(
  context: Context,
  size: readonly number[],
  kernel: readonly number[],
  rank: Rank,
): TransposedWindow {
  const { strides, dilations } = readSteps(context, kernel, rank);
  const given = padsAttribute(context, rank);
  const autoPad = autoPadOf(context);
  const outputPadding = axesAttribute(context, "output_padding", rank, 0) ?? [0, 0];
  const fits = outputPadding.every((p, i) => p >= 0 && p < Math.max(strides[i] ?? 1, dilations[i] ?? 1));
  if (outputPadding.length !== 2 || !fits)
    malformed(
      context,
      "LWC1155",
      `output_padding [${outputPadding.join(",")}]: expected less than strides or dilations`,
    );
  const wanted = axesAttribute(context, "output_shape", rank, 1);
  const axes = [0, 1].map((axis) => {
    const stride = must(strides[axis], "stride");
    const reach = (must(kernel[axis], "kernel") - 1) * must(dilations[axis], "dilation") + 1;
    const whole = (must(size[axis], "size") - 1) * stride + reach + must(outputPadding[axis], "output padding");
    const cut = cutOf(context, { autoPad, given, wanted, axis, whole, target: must(size[axis], "size") * stride });
    return { ...cut, out: whole - cut.before - cut.after };
  });
  const [vertical, horizontal] = [must(axes[0], "axis"), must(axes[1], "axis")];
  const pads = [vertical.before, horizontal.before, vertical.after, horizontal.after];
  const out = [vertical.out, horizontal.out];
  if (out.some((dim) => dim < 1))
    malformed(
      context,
      "LWC1152",
      `its pads [${pads.join(",")}] leave nothing of its result`,
      "use a larger input (--input-shape)",
    );
  return { strides, dilations, pads, outputPadding, out };
}

interface Cut {
  readonly autoPad: AutoPad;
  readonly given: readonly number[];
  /** output_shape */
  readonly wanted: readonly number[] | undefined;
  readonly axis: number;
  /** Length of the result with nothing cut off. */
  readonly whole: number;
  /** Length of the result with auto_pad SAME. */
  readonly target: number;
}

/** What is cut off one axis. An odd amount takes the odd one off the front, except for SAME_UPPER. */
function cutOf(
  context: Context,
  { autoPad, given, wanted, axis, whole, target }: Cut,
): {
  readonly before: number;
  readonly after: number;
} {
  const split = (total: number): { readonly before: number; readonly after: number } => {
    const small = Math.floor(total / 2);
    return autoPad === "SAME_UPPER" ? { before: small, after: total - small } : { before: total - small, after: small };
  };
  if (wanted) {
    const length = wanted[axis] ?? 0;
    if (wanted.length !== 2 || length < 1 || length > whole)
      malformed(
        context,
        "LWC1156",
        `output_shape [${wanted.join(",")}]: axis ${axis} of the result is ${whole} long at most`,
        "use output_padding to lengthen the result",
      );
    return split(whole - length);
  }
  if (autoPad === "NOTSET") return { before: must(given[axis], "pad"), after: must(given[axis + 2], "pad") };
  return split(autoPad === "VALID" ? 0 : Math.max(0, whole - target));
}

const autoPads = ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"] as const;
type AutoPad = (typeof autoPads)[number];

function autoPadOf(context: Context): AutoPad {
  const text = textAttribute(context, "auto_pad", "NOTSET");
  return (
    autoPads.find((name) => name === (text === "" ? "NOTSET" : text)) ??
    unsupported(context, "LWC1154", `auto_pad "${text}"`, "export with explicit pads")
  );
}

/** top, left, bottom, right */
function padsAttribute(context: Context, rank: Rank): readonly number[] {
  const list = intsAttribute(context, "pads") ?? new Array<number>(2 * rank).fill(0);
  if (list.length !== 2 * rank || list.some((pad) => pad < 0))
    malformed(
      context,
      "LWC1153",
      `pads [${list.join(",")}]: expected ${rank === 1 ? "two" : "four"} integers of at least 0`,
    );
  return rank === 1 ? [0, list[0] ?? 0, 0, list[1] ?? 0] : list;
}

function padsOf(
  autoPad: AutoPad,
  given: readonly number[],
  axis: number,
  input: number,
  stride: number,
  reach: number,
): readonly [number, number] {
  if (autoPad === "NOTSET") return [must(given[axis], "pad"), must(given[axis + 2], "pad")];
  if (autoPad === "VALID") return [0, 0];
  const total = Math.max(0, (Math.ceil(input / stride) - 1) * stride + reach - input);
  const small = Math.floor(total / 2);
  return autoPad === "SAME_UPPER" ? [small, total - small] : [total - small, small];
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
