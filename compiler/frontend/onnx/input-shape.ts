/** Shapes of graph inputs: batch 1, and what the user says of other symbolic dimensions. */
import { fail } from "../../diagnostics.js";
import type { Shape } from "../../ir/shape.js";
import type { OnnxValueInfo } from "./onnx-model.js";

const maxRank = 8;

export function inputShape(info: OnnxValueInfo, given: ReadonlyMap<string, Shape> | undefined): Shape {
  const { name, dims } = info;
  const wanted = given?.get(name);
  const where = { tensor: name };
  if (!dims && !wanted) {
    return fail({
      code: "LWC1310",
      kind: "error",
      message: `graph input "${name}" has no shape`,
      where,
      hint: `say it: --input-shape ${name}=1x3x96x96`,
    });
  }
  const shape = (wanted ?? dims ?? []).map((dim, axis) => {
    if (wanted || typeof dim === "number") return dim;
    if (axis === 0) return 1;
    return fail({
      code: "LWC1311",
      kind: "error",
      message: `graph input "${name}" has shape [${(dims ?? []).join(",")}]: dimension ${axis} ("${dim}") is not fixed`,
      where,
      hint: `fix it: --input-shape ${name}=${(dims ?? []).map((d, i) => (typeof d === "number" ? d : i === 0 ? 1 : 96)).join("x")}`,
    });
  });
  const fixed = shape.map(Number);
  if (
    dims &&
    wanted &&
    (dims.length !== wanted.length || dims.some((dim, i) => typeof dim === "number" && i > 0 && dim !== wanted[i]))
  ) {
    fail({
      code: "LWC1312",
      kind: "error",
      message: `--input-shape ${name}=${wanted.join("x")} contradicts the model's [${dims.join(",")}]`,
      where,
    });
  }
  if (fixed.length > maxRank)
    fail({
      code: "LWC1313",
      kind: "unsupported",
      message: `graph input "${name}" has ${fixed.length} dimensions, lwc takes up to ${maxRank}`,
      where,
    });
  if (fixed.some((dim) => !Number.isInteger(dim) || dim < 1)) {
    fail({
      code: "LWC1314",
      kind: "error",
      message: `graph input "${name}" has shape [${fixed.join(",")}]: expected positive integers`,
      where,
      hint: `fix it: --input-shape ${name}=1x3x96x96`,
    });
  }
  // A fixed batch other than 1 would change what Reshape constants mean: refuse rather than guess.
  if ((fixed[0] ?? 1) !== 1) {
    fail({
      code: "LWC1315",
      kind: "unsupported",
      message: `graph input "${name}" has batch ${fixed[0]}`,
      where,
      hint: "export with batch 1 or a symbolic batch",
    });
  }
  return fixed;
}
