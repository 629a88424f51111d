/**
 * Constant folding by running the model once: whatever depends on constants and shapes alone has one value, and ONNX Runtime
 * computes it as it would at run time. The same run tells the shape of every value.
 */
import { invariant, must } from "../diagnostics.js";
import type { OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from "../frontend/onnx/onnx-model.js";
import { writeOnnx } from "../frontend/onnx/write-model.js";
import { elementCount, type Shape } from "../ir/shape.js";
import { dropUnused } from "./float-graph.js";
import type { LoadModel, RunTensor } from "./float-runner.js";

/** Operators whose result depends on the shape of their input alone. */
const ofShapes: ReadonlySet<string> = new Set(["Shape", "Size"]);

/** The model with constants for whatever is constant, given that its inputs have fixed shapes. */
export async function foldConstants(model: OnnxModel, load: LoadModel): Promise<OnnxModel> {
  const fixed = new Set(model.initializers.keys()).add("");
  const foldable: OnnxNode[] = [];
  for (const node of model.nodes) {
    if (!ofShapes.has(node.opType) && !node.inputs.every((name) => fixed.has(name))) continue;
    foldable.push(node);
    for (const name of node.outputs) fixed.add(name);
  }
  if (foldable.length === 0) return dropUnused(model);
  const folded = new Set(foldable);
  const rest = model.nodes.filter((node) => !folded.has(node));
  const read = new Set([...rest.flatMap((node) => node.inputs), ...model.outputs.map((info) => info.name)]);
  const wanted = foldable.flatMap((node) => node.outputs).filter((name) => name !== "" && read.has(name));
  const values = await runOnce(model, wanted, load);
  const initializers = new Map(model.initializers);
  for (const name of wanted) initializers.set(name, asConstant(name, must(values.get(name), name)));
  return dropUnused({ ...model, nodes: rest, initializers });
}

/** Shapes of all float values, from one run. */
export async function inferShapes(model: OnnxModel, load: LoadModel): Promise<ReadonlyMap<string, Shape>> {
  const names = model.nodes.flatMap((node) => node.outputs).filter((name) => name !== "");
  const values = await runOnce(model, names, load);
  const shapes = new Map(model.inputs.map((info) => [info.name, fixedDims(info)]));
  for (const name of names) {
    const value = must(values.get(name), name);
    if (value.isFloat) shapes.set(name, value.dims);
  }
  return shapes;
}

/** Values of `names` when every input is zero. */
async function runOnce(
  model: OnnxModel,
  names: readonly string[],
  load: LoadModel,
): Promise<ReadonlyMap<string, RunTensor>> {
  if (names.length === 0) return new Map();
  const session = await load(writeOnnx(withOutputs(model, names), "lwc"));
  try {
    const inputs = model.inputs.map((info): readonly [string, RunTensor] => {
      const dims = fixedDims(info);
      return [info.name, { dims, data: new Float32Array(elementCount(dims)), isFloat: true }];
    });
    return await session.run(new Map(inputs));
  } finally {
    await session.release();
  }
}

/** The model with these values as its outputs, of types that the runtime infers. */
export function withOutputs(model: OnnxModel, names: readonly string[]): OnnxModel {
  const outputs = names.map((name): OnnxValueInfo => ({ name, dtype: undefined, dtypeName: "", dims: undefined }));
  return { ...model, outputs };
}

/** Dimensions of a graph input of a model whose input shapes are fixed. */
export function fixedDims(info: OnnxValueInfo): Shape {
  return (info.dims ?? []).map((dim) => {
    invariant(typeof dim === "number", `dimension "${dim}" of "${info.name}" is fixed`);
    return dim;
  });
}

function asConstant(name: string, value: RunTensor): OnnxTensor {
  return value.isFloat
    ? { name, dtype: "float32", dims: value.dims, data: Float32Array.from(value.data) }
    : { name, dtype: "int64", dims: value.dims, data: Float64Array.from(value.data) };
}
