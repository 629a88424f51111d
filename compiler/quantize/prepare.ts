/**
 * Float preparation: the model as quantization wants it. One operator set, fixed shapes, no arithmetic on constants, batch
 * normalization and constant factors inside the weights, fully connected layers in one form.
 */
import { type Diagnostic, fail } from "../diagnostics.js";
import { inputShape } from "../frontend/onnx/input-shape.js";
import { decodeOnnx, type OnnxModel, type ReadExternal } from "../frontend/onnx/onnx-model.js";
import { sortNodes } from "../frontend/onnx/sort-nodes.js";
import type { Shape } from "../ir/shape.js";
import { advanceClamps } from "./advance-clamps.js";
import { expandFunctions } from "./expand-functions.js";
import { expandLrn } from "./expand-lrn.js";
import { expandSums } from "./expand-sums.js";
import type { PreparedModel } from "./float-graph.js";
import { dropUnused } from "./float-graph.js";
import type { LoadModel } from "./float-runner.js";
import { foldAffine } from "./fold-affine.js";
import { fixedDims, foldConstants, inferShapes } from "./fold-constants.js";
import { nameMeans } from "./name-means.js";
import { normalizeGemm } from "./normalize-gemm.js";
import { removeIdentities } from "./remove-identities.js";
import { oldestOpset, upgradeOpset } from "./upgrade-opset.js";

export interface PrepareOptions {
  readonly inputShapes?: ReadonlyMap<string, Shape>;
  readonly readExternal?: ReadExternal;
}

/** Names and shapes of the graph inputs of a float model. */
export function modelInputs(
  bytes: Uint8Array,
  options: PrepareOptions = {},
): readonly { readonly name: string; readonly shape: Shape }[] {
  const { inputs } = decodeFloat(bytes, options);
  return inputs.map((info) => ({ name: info.name, shape: fixedDims(info) }));
}

/** Throws CompileError for a model that is quantized already, holds NaN or infinity, or takes other inputs than float32. */
export async function prepare(
  bytes: Uint8Array,
  load: LoadModel,
  options: PrepareOptions = {},
): Promise<PreparedModel> {
  const decoded = decodeFloat(bytes, options);
  const sorted: OnnxModel = { ...decoded, nodes: sortNodes(decoded) };
  // What became of an attribute or an input may depend on its value, which the exporter may have left to compute.
  const constant = await foldConstants(removeIdentities(sorted), load);
  const folded = await foldConstants(upgradeOpset(constant), load);
  requireFinite(folded);
  const shaped = withShapes(folded, await inferShapes(folded, load));
  const rewritten = dropUnused(
    advanceClamps(foldAffine(expandLrn(normalizeGemm(nameMeans(expandSums(expandFunctions(shaped))))))),
  );
  return withShapes(rewritten, await inferShapes(rewritten, load));
}

/** The model as the file has it, with fixed shapes of its inputs. */
function decodeFloat(bytes: Uint8Array, options: PrepareOptions): OnnxModel {
  const decoded = decodeOnnx(bytes, options.readExternal, oldestOpset);
  requireFloat(decoded);
  return {
    ...decoded,
    inputs: decoded.inputs.map((info) => ({ ...info, dims: inputShape(info, options.inputShapes) })),
  };
}

function withShapes(model: OnnxModel, shapes: ReadonlyMap<string, Shape>): PreparedModel {
  return { ...model, shapes };
}

const quantizedOperators =
  /^(QuantizeLinear|DequantizeLinear|QLinear\w+|QGemm|ConvInteger|MatMulInteger|DynamicQuantize\w+)$/;

function requireFloat(model: OnnxModel): void {
  const quantized = model.nodes.find((node) => quantizedOperators.test(node.opType));
  if (quantized) {
    fail({
      code: "LWC8003",
      kind: "error",
      message: `the model is quantized already: it holds ${quantized.opType} "${quantized.name}"`,
      hint: "compile it as it is, or quantize the float model that it came from",
    });
  }
  const other = model.inputs.find((info) => info.dtype !== "float32");
  if (other) {
    fail({
      code: "LWC8004",
      kind: "unsupported",
      message: `graph input "${other.name}" has element type ${other.dtypeName}, expected FLOAT`,
      where: { tensor: other.name },
      hint: "export the model with float32 inputs",
    });
  }
}

/** NaN and infinity have no 8-bit form. Masks of -infinity are none of a convolutional network. */
function requireFinite(model: OnnxModel): void {
  const problems: Diagnostic[] = [];
  const bounds = new Set(model.nodes.filter((node) => node.opType === "Clip").flatMap((node) => node.inputs.slice(1)));
  for (const [name, tensor] of model.initializers) {
    if (tensor.dtype !== "float32" || bounds.has(name)) continue;
    const at = tensor.data.findIndex((value) => !Number.isFinite(value));
    if (at < 0) continue;
    problems.push({
      code: "LWC8005",
      kind: "error",
      message: `constant "${name}" holds ${tensor.data[at]} at element ${at}`,
      where: { tensor: name },
      hint: "the training diverged, or the export is damaged: export again from a checkpoint without NaN",
    });
  }
  const first = problems[0];
  if (first) fail(first);
}
