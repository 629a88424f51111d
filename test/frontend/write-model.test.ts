/** Writing models: what was read comes back. */
import { expect, test } from "vitest";
import { decodeOnnx, type OnnxModel } from "../../compiler/frontend/onnx/onnx-model.js";
import { writeOnnx } from "../../compiler/frontend/onnx/write-model.js";
import { OnnxBuilder } from "../support/onnx-builder.js";

function sample(): OnnxModel {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", ["N", 3, 4]);
  const constants = [
    b.constant("float32", [2], [0.5, -1]),
    b.constant("int8", [2, 1], [-128, 127]),
    b.constant("uint8", [1], [255]),
    b.constant("int32", [], [-(2 ** 31)]),
    b.constant("int64", [3], [-1, 2 ** 40, 0]),
  ];
  b.add("Anything", [x, "", ...constants], ["y", "z"], {
    name: "node",
    domain: "com.microsoft",
    attributes: { axis: -1, pads: [0, 1], mode: "constant", alpha: { float: 0.25 } },
  });
  return decodeOnnx(b.output("y", "float32", [1]).output("z", "int64").build());
}

test("names, shapes, attributes and constants of every type survive", () => {
  const model = sample();
  const again = decodeOnnx(writeOnnx(model, "test"));
  expect({ ...again, initializers: [...again.initializers] }).toEqual({
    ...model,
    initializers: [...model.initializers],
  });
  expect(again.nodes[0]!.attributes.get("alpha")).toBe(0.25);
});

test("the same model gives the same bytes", () => {
  expect(Buffer.from(writeOnnx(sample(), "test")).equals(Buffer.from(writeOnnx(sample(), "test")))).toBe(true);
});

test("the largest int64, which a double rounds up, stays the end of a slice", () => {
  const b = new OnnxBuilder(13);
  const x = b.input("x", "float32", [4]);
  const end = b.constant("int64", [1], [0]);
  b.add("Slice", [x, b.constant("int64", [1], [1]), end], ["y"]);
  const model = decodeOnnx(b.output("y", "float32", [3]).build());
  const data = Float64Array.of(2 ** 63);
  const initializers = new Map(model.initializers).set(end, { name: end, dtype: "int64", dims: [1], data });
  const again = decodeOnnx(writeOnnx({ ...model, initializers }, "test"));
  expect(again.initializers.get(end)!.data[0]).toBe(2 ** 63);
});

test("an output of unknown type is named only", () => {
  const model = sample();
  const outputs = [{ name: "z", dtype: undefined, dtypeName: "", dims: undefined }];
  expect(decodeOnnx(writeOnnx({ ...model, outputs }, "test")).outputs[0]).toMatchObject({ name: "z", dims: undefined });
});
