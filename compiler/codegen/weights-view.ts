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
  /** True where the users are several programs. */
  readonly isLinked: boolean;
}

export function weightsView(arrays: readonly ConstantArray[], file: WeightsFile): WeightsView {
  return {
    banner: file.banner,
    name: file.name,
    guard: `${file.macro}_WEIGHTS_H`,
    arrays: arrays.map((array) => arrayView(array, file)),
  };
}

function arrayView(array: ConstantArray, { body, isLinked }: WeightsFile): ArrayView {
  const { data, align, name, source } = array;
  const users = array.users.map(({ program, steps }) => {
    const list = `${steps.length === 1 ? "step" : "steps"} ${steps.join(", ")}`;
    return isLinked ? `${list} of ${program}` : list;
  });
  const comment = `${commentText(source, 60)}: ${commentText(array.comment)}; ${data.byteLength} bytes, read by ${users.join("; ")}`;
  return {
    comment: wrapText(comment, maxColumns - "/*  */".length).join("\n   "),
    declaration: `LWC_ALIGNED(${align}) const ${cTypeOf(data)} ${name}[${data.length}]`,
    body: body ? arrayText(data) : "",
  };
}
