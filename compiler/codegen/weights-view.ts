/** The view of <name>_weights.h and <name>_weights.c. */
import { tensorOf } from "../ir/graph.js";
import type { Program } from "../schedule/schedule.js";
import { smallBannerView } from "./banner-view.js";
import type { Bindings } from "./bindings.js";
import { commentText, wrapText } from "./c-comment.js";
import { arrayText, cTypeOf, maxColumns } from "./c-literal.js";
import type { ConstantArray } from "./constants.js";
import type { ArrayView, WeightsView } from "./view.js";

/** `body` false leaves out the elements, for the header. */
export function weightsView(
  program: Program,
  bindings: Bindings,
  file: string,
  what: string,
  body: boolean,
): WeightsView {
  return {
    banner: smallBannerView(program, file, what),
    name: program.name,
    guard: `${bindings.macro}_WEIGHTS_H`,
    arrays: bindings.constants.arrays.map((array) => arrayView(program, array, body)),
  };
}

function arrayView(program: Program, array: ConstantArray, body: boolean): ArrayView {
  const { data, align, name, steps } = array;
  const source = tensorOf(program.graph, array.owner).source || array.owner;
  const users = `${steps.length === 1 ? "step" : "steps"} ${steps.join(", ")}`;
  const comment = `${commentText(source, 60)}: ${commentText(array.comment)}; ${data.byteLength} bytes, read by ${users}`;
  return {
    comment: wrapText(comment, maxColumns - "/*  */".length).join("\n   "),
    declaration: `LWC_ALIGNED(${align}) const ${cTypeOf(data)} ${name}[${data.length}]`,
    body: body ? arrayText(data) : "",
  };
}
