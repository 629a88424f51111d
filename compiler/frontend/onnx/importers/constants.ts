/** Constants inside the graph, and the arithmetic on shapes that exporters leave behind. */
import { elementCount } from "../../../ir/shape.js";
import { type Context, constantInput, type Importer, malformed, numberAttribute, unsupported } from "../context.js";
import type { OnnxTensor } from "../onnx-model.js";

function isTensor(value: unknown): value is OnnxTensor {
  return typeof value === "object" && value !== null && "dims" in value && "data" in value;
}

export const importConstant: Importer = (context) => {
  for (const name of ["value", "value_float", "value_int", "value_floats", "value_ints"]) {
    context.seen.add(name);
    const value = context.node.attributes.get(name);
    if (isTensor(value)) return [{ kind: "constant", tensor: value }];
    if (typeof value === "number")
      return [{ kind: "constant", tensor: numbers(context, [], [value], name === "value_int") }];
    if (Array.isArray(value)) {
      const list: readonly unknown[] = value;
      return [{ kind: "constant", tensor: numbers(context, [list.length], list.map(Number), name === "value_ints") }];
    }
  }
  return unsupported(context, "LWC1220", "it holds neither a tensor nor numbers", "fold constants when exporting");
};

function numbers(context: Context, dims: readonly number[], values: readonly number[], integers: boolean): OnnxTensor {
  const data = integers ? Float64Array.from(values) : Float32Array.from(values);
  return { name: context.node.outputs[0] ?? "", dtype: integers ? "int64" : "float32", dims, data };
}

export const importConstantOfShape: Importer = (context) => {
  const shape = constantInput(context, 0, "the shape");
  if (!shape) return malformed(context, "LWC1101", "input 0 is missing");
  context.seen.add("value");
  const value = context.node.attributes.get("value");
  const dims = Array.from(shape.data);
  const fill = isTensor(value) ? value : numbers(context, [1], [0], false);
  if (dims.some((dim) => !Number.isSafeInteger(dim) || dim < 0) || elementCount(dims) > maxFilled)
    malformed(context, "LWC1221", `it asks for a constant of shape [${dims.slice(0, 8).join(",")}]`);
  const value0 = fill.data[0] ?? 0;
  const filled = filledLike(fill.data, elementCount(dims));
  return [{ kind: "constant", tensor: { ...fill, dims, data: filled.fill(value0) } }];
};

/** More than the weights of any network that fits a microcontroller. */
const maxFilled = 1 << 26;

function filledLike(like: OnnxTensor["data"], length: number): OnnxTensor["data"] {
  if (like instanceof Float32Array) return new Float32Array(length);
  if (like instanceof Int8Array) return new Int8Array(length);
  if (like instanceof Uint8Array) return new Uint8Array(length);
  return like instanceof Int32Array ? new Int32Array(length) : new Float64Array(length);
}

/** Gather from a constant vector, as in Shape -> Gather. */
export const importGather: Importer = (context) => {
  const value = context.input(0);
  const indices = constantInput(context, 1, "the indices");
  numberAttribute(context, "axis", 0);
  if (value?.kind !== "constant" || value.tensor.dims.length !== 1 || !indices) {
    return unsupported(
      context,
      "LWC1222",
      "it gathers from an activation",
      "lwc folds Gather on shapes only; use Slice to pick channels",
    );
  }
  const { tensor } = value;
  const picked = Array.from(
    indices.data,
    (i) =>
      tensor.data[i < 0 ? i + tensor.data.length : i] ??
      malformed(context, "LWC1223", `index ${i} of ${tensor.data.length}`),
  );
  const data = tensor.dtype === "float32" ? Float32Array.from(picked) : Float64Array.from(picked);
  return [{ kind: "constant", tensor: { ...tensor, dims: indices.dims, data } }];
};
