/** Rewrites a model of an older operator set as one of opset 13: what became an input, what changed its meaning. */
import { fail } from "../diagnostics.js";
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor } from "../frontend/onnx/onnx-model.js";

/** First operator set with per-channel QuantizeLinear. */
export const targetOpset = 13;
/** Operator set whose broadcasting is that of today. */
export const oldestOpset = 7;

/** The model in opset 13, or as it is where it is newer. */
export function upgradeOpset(model: OnnxModel): OnnxModel {
  const opset = model.opsets.get("") ?? 0;
  if (opset >= targetOpset) return model;
  const initializers = new Map(model.initializers);
  const nodes = model.nodes.flatMap((node) => upgradeNode(node, opset, initializers));
  return { ...model, opsets: new Map(model.opsets).set("", targetOpset), nodes, initializers };
}

type Upgrade = (node: OnnxNode, opset: number, constants: Map<string, OnnxTensor>) => readonly OnnxNode[];

function upgradeNode(node: OnnxNode, opset: number, constants: Map<string, OnnxTensor>): readonly OnnxNode[] {
  const upgrade = node.domain === "" ? upgrades.get(node.opType) : undefined;
  return upgrade ? upgrade(node, opset, constants) : [node];
}

/** Attributes of these names become inputs from `at` on, in this order; absent ones are omitted inputs. */
function attributesToInputs(names: readonly string[], at: number, dtype: "int64" | "float32"): Upgrade {
  return (node, _opset, constants) => {
    if (!names.some((name) => node.attributes.has(name))) return [node];
    const added = names.map((name) => {
      const value = node.attributes.get(name);
      if (value === undefined) return "";
      const id = `${node.name}_${name}_input`;
      constants.set(id, constantOf(id, value, dtype));
      return id;
    });
    const inputs = [...node.inputs.slice(0, at), ...added];
    while (inputs.at(-1) === "") inputs.pop();
    return [{ ...node, inputs, attributes: without(node.attributes, names) }];
  };
}

function constantOf(name: string, value: OnnxAttribute, dtype: "int64" | "float32"): OnnxTensor {
  const numbers = typeof value === "number" ? [value] : Array.isArray(value) ? value.map(Number) : [];
  const dims = typeof value === "number" ? [] : [numbers.length];
  return { name, dtype, dims, data: dtype === "int64" ? Float64Array.from(numbers) : Float32Array.from(numbers) };
}

function without(
  attributes: ReadonlyMap<string, OnnxAttribute>,
  names: readonly string[],
): ReadonlyMap<string, OnnxAttribute> {
  return new Map([...attributes].filter(([name]) => !names.includes(name)));
}

function drop(...names: readonly string[]): Upgrade {
  return (node) => [{ ...node, attributes: without(node.attributes, names) }];
}

/** Before opset 13 Softmax ran over all axes from `axis` on, flattened; the same where only the axis itself is larger than 1. */
const softmax: Upgrade = (node) => {
  const axis = Number(node.attributes.get("axis") ?? 1);
  const [input = "", output = ""] = [node.inputs[0], node.outputs[0]];
  const flat = `${output}_flat`;
  const result = `${output}_flat_result`;
  const shape = `${output}_shape`;
  const step = (name: string, opType: string, inputs: readonly string[], outputs: readonly string[]): OnnxNode => ({
    name: `${node.name}_${name}`,
    opType,
    domain: "",
    inputs,
    outputs,
    attributes: new Map<string, OnnxAttribute>(opType === "Flatten" ? [["axis", axis]] : []),
  });
  return [
    step("flatten", "Flatten", [input], [flat]),
    { ...node, inputs: [flat], outputs: [result], attributes: new Map([["axis", -1]]) },
    step("shape", "Shape", [input], [shape]),
    step("unflatten", "Reshape", [result, shape], [output]),
  ];
};

/** Upsample: nearest took the lower neighbour of x / scale, as Resize does with these settings. */
const upsample: Upgrade = (node, opset, constants) => {
  const scales = node.attributes.get("scales");
  const id = `${node.name}_scales_input`;
  if (scales !== undefined) constants.set(id, constantOf(id, scales, "float32"));
  const inputs = [node.inputs[0] ?? "", "", opset < 9 || scales !== undefined ? id : (node.inputs[1] ?? "")];
  return [resize(node, inputs, "floor")];
};

/** Resize of opset 10: nearest took the lower neighbour of x / scale along axes that grow, the upper one where they shrink. */
const resizeBefore11: Upgrade = (node, opset, constants) => {
  if (opset >= 11) return [node];
  const [input = "", name = ""] = node.inputs;
  const scales = Array.from(constants.get(name)?.data ?? []);
  const [isShrinking, isGrowing] = [scales.some((scale) => scale < 1), scales.some((scale) => scale > 1)];
  const isNearest = (node.attributes.get("mode") ?? "nearest") === "nearest";
  if (!isShrinking || !isNearest) return [resize(node, [input, "", name], "floor")];
  if (!isGrowing) return [resize(node, [input, "", name], "ceil")];
  const part = (suffix: string, kept: readonly number[]): string => {
    const id = `${node.name}_${suffix}`;
    constants.set(id, constantOf(id, kept, "float32"));
    return id;
  };
  const smaller = part(
    "shrinking",
    scales.map((scale) => Math.min(1, scale)),
  );
  const larger = part(
    "growing",
    scales.map((scale) => Math.max(1, scale)),
  );
  const between = `${node.outputs[0]}_shrunk`;
  return [
    { ...resize(node, [input, "", smaller], "ceil"), name: `${node.name}_shrink`, outputs: [between] },
    resize(node, [between, "", larger], "floor"),
  ];
};

function resize(node: OnnxNode, inputs: readonly string[], nearest: "floor" | "ceil"): OnnxNode {
  const attributes = new Map<string, OnnxAttribute>([
    ["mode", node.attributes.get("mode") ?? "nearest"],
    ["coordinate_transformation_mode", "asymmetric"],
    ["nearest_mode", nearest],
  ]);
  return { ...node, opType: "Resize", inputs, attributes };
}

const batchNormalization: Upgrade = (node) => {
  if (Number(node.attributes.get("spatial") ?? 1) !== 1) {
    fail({
      code: "LWC8001",
      kind: "unsupported",
      message: `BatchNormalization "${node.name}" with spatial = 0`,
      where: { node: `BatchNormalization "${node.name}"` },
      hint: "export with opset 9 or later",
    });
  }
  return [{ ...node, outputs: node.outputs.slice(0, 1), attributes: without(node.attributes, ["spatial", "is_test"]) }];
};

const upgrades: ReadonlyMap<string, Upgrade> = new Map([
  ["BatchNormalization", batchNormalization],
  ["Clip", attributesToInputs(["min", "max"], 1, "float32")],
  ["Dropout", drop("ratio", "is_test", "seed")],
  ["LogSoftmax", softmax],
  ["Pad", padToInputs],
  ["ReduceSum", attributesToInputs(["axes"], 1, "int64")],
  ["Resize", resizeBefore11],
  ["Slice", attributesToInputs(["starts", "ends", "axes"], 1, "int64")],
  ["Softmax", softmax],
  ["Split", attributesToInputs(["split"], 1, "int64")],
  ["Squeeze", attributesToInputs(["axes"], 1, "int64")],
  ["Unsqueeze", attributesToInputs(["axes"], 1, "int64")],
  ["Upsample", upsample],
]);

function padToInputs(node: OnnxNode, _opset: number, constants: Map<string, OnnxTensor>): readonly OnnxNode[] {
  const pads = node.attributes.get("pads");
  if (pads === undefined) return [node];
  const id = `${node.name}_pads_input`;
  constants.set(id, constantOf(id, pads, "int64"));
  const inputs = [node.inputs[0] ?? "", id];
  const value = node.attributes.get("value");
  if (value !== undefined) {
    constants.set(`${id}_value`, constantOf(`${id}_value`, value, "float32"));
    inputs.push(`${id}_value`);
  }
  return [{ ...node, inputs, attributes: without(node.attributes, ["pads", "value"]) }];
}
