/** The view of <name>_weights.h and <name>_weights.c. */
import { commentText, wrapText } from "./c-comment.js";
import { arrayText, cTypeOf, maxColumns } from "./c-literal.js";
import type { ConstantArray } from "./constants.js";
import type { ArrayView, BannerView, WeightsView } from "./view.js";

export interface WeightsFile {
  /** Of the program, or of the programs together. */
  readonly name: string;
  readonly macro: string;
  readonly banner: BannerView;
  /** False leaves out the elements, for the header. */
  readonly body: boolean;
  /** What the macro that goes in front of each definition is called behind the model's prefix. */
  readonly attribute: "WEIGHTS" | "HOT_WEIGHTS";
  /** True where the users are several programs. */
  readonly isLinked: boolean;
}

export function weightsView(arrays: readonly ConstantArray[], file: WeightsFile): WeightsView {
  return {
    banner: file.banner,
    name: file.name,
    guard: `${file.macro}_WEIGHTS_H`,
    attribute: `${file.macro}_${file.attribute}`,
    attributeNotes: wrapText(attributeNotes[file.attribute], maxColumns - " * ".length),
    arrays: arrays.map((array) => arrayView(array, file)),
  };
}

/** What the macros are for. */
const attributeNotes = {
  WEIGHTS:
    'Where constants lie: the linker\'s choice, or what the build defines, as __attribute__((section(".qspi"))).',
  HOT_WEIGHTS:
    'Define it as the attribute of a section that start-up code copies to fast RAM, as __attribute__((section(".itcm_data"))), or let the linker script name this file. Without that the constants work where they are, and slower.',
} as const;

function arrayView(array: ConstantArray, { body, isLinked, macro, attribute }: WeightsFile): ArrayView {
  const { data, align, name, source } = array;
  const users = array.users.map(({ program, steps }) => {
    const list = `${steps.length === 1 ? "step" : "steps"} ${steps.join(", ")}`;
    return isLinked ? `${list} of ${program}` : list;
  });
  const comment = `${commentText(source, 60)}: ${commentText(array.comment)}; ${data.byteLength} bytes, read by ${users.join("; ")}`;
  return {
    comment: wrapText(comment, maxColumns - "/*  */".length).join("\n   "),
    attribute: `${macro}_${attribute}`,
    declaration: `LWC_ALIGNED(${align}) const ${cTypeOf(data)} ${name}[${data.length}]`,
    body: body ? arrayText(data) : "",
  };
}
