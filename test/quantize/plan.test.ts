/** Which values are quantized, and which share parameters. */
import { expect, test } from "vitest";
import { openInference } from "../../compiler/cli/float-inference.js";
import { planQuantization, type QuantPlan } from "../../compiler/quantize/plan.js";
import { prepare } from "../../compiler/quantize/prepare.js";
import { OnnxBuilder } from "../support/onnx-builder.js";
import { imageDims, randomConstant } from "./float-nets.js";

const load = await openInference();

async function planOf(build: (b: OnnxBuilder, x: string) => void): Promise<QuantPlan> {
  const b = new OnnxBuilder(13);
  build(b, b.input("x", "float32", imageDims));
  return planQuantization(await prepare(b.build(), load));
}

function conv(b: OnnxBuilder, input: string, outputs = 3): string {
  return b.node("Conv", [input, randomConstant(b, [outputs, 3, 1, 1], 1), randomConstant(b, [outputs], 2)]);
}

const end = ["float32", imageDims] as const;

test("a Relu or Clip folds into the operator in front of it", async () => {
  const plan = await planOf((b, x) => {
    const first = b.node("Relu", [conv(b, x)]);
    const bounds = [b.constant("float32", [], [0]), b.constant("float32", [], [6])];
    b.add("Clip", [b.node("Add", [first, conv(b, first)]), ...bounds], ["y"]);
    b.output("y", ...end);
  });
  expect([...plan.owners.keys()].map((name) => name.replace(/_\d+$/, ""))).toEqual(["x", "Relu", "Conv", "y"]);
  expect([...plan.clamps.values()]).toEqual([
    { low: 0, high: Number.POSITIVE_INFINITY },
    { low: 0, high: 6 },
  ]);
});

test("where others read the value in front of a Relu, both are quantized", async () => {
  const plan = await planOf((b, x) => {
    const shared = conv(b, x);
    b.add("Add", [b.node("Relu", [shared]), conv(b, shared)], ["y"]);
    b.output("y", ...end);
  });
  expect([...plan.owners.keys()].map((name) => name.replace(/_\d+$/, ""))).toEqual(["x", "Conv", "Relu", "Conv", "y"]);
  expect(plan.clamps.size).toBe(0);
});

test("the parts of a hard swish are one function of one value", async () => {
  const plan = await planOf((b, x) => {
    const value = conv(b, x);
    const [three, six] = [b.constant("float32", [], [3]), b.constant("float32", [], [6])];
    const gate = b.node("Clip", [b.node("Add", [value, three]), b.constant("float32", [], [0]), six]);
    b.add("Div", [b.node("Mul", [value, gate]), six], ["y"]);
    b.output("y", ...end);
  });
  expect([...plan.owners.keys()].map((name) => name.replace(/_\d+$/, ""))).toEqual(["x", "Conv", "y"]);
});

test("a gate that others read too is quantized, and is the source of what follows it", async () => {
  const plan = await planOf((b, x) => {
    const gate = b.node("Sigmoid", [x]);
    const doubled = b.node("Add", [gate, b.constant("float32", [], [1])]);
    b.add("Add", [b.node("Mul", [x, doubled]), conv(b, gate)], ["y"]);
    b.output("y", ...end);
  });
  const names = [...plan.owners.keys()].map((name) => name.replace(/_\d+$/, ""));
  expect(names).toEqual(["x", "Sigmoid", "Add", "Mul", "Conv", "y"]);
});

test("movements keep the parameters of what they move", async () => {
  const plan = await planOf((b, x) => {
    const pooled = b.node("MaxPool", [conv(b, x)], { attributes: { kernel_shape: [2, 2] } });
    const turned = b.node("Transpose", [pooled], { attributes: { perm: [0, 2, 3, 1] } });
    b.add("Flatten", [turned], ["y"]);
    b.output("y", "float32", [1, 147]);
  });
  const owners = new Set(plan.owners.values());
  expect(plan.owners.size).toBe(5);
  expect(owners.size).toBe(2);
});

test("a Concat names what it joins, by owner", async () => {
  const plan = await planOf((b, x) => {
    const pooled = b.node("MaxPool", [x], { attributes: { kernel_shape: [1, 1] } });
    b.add("Concat", [pooled, b.node("Relu", [conv(b, x)])], ["y"], { attributes: { axis: 1 } });
    b.output("y", "float32", [1, 6, 8, 8]);
  });
  expect(plan.joins).toEqual([["y", "x", expect.stringMatching(/^Relu/)]]);
});

test("padding with zero keeps parameters, with another number it has its own", async () => {
  const plan = await planOf((b, x) => {
    const pads = b.constant("int64", [8], [0, 0, 1, 1, 0, 0, 1, 1]);
    const zero = b.node("Pad", [x, pads, b.constant("float32", [], [0])]);
    b.add("Pad", [zero, pads, b.constant("float32", [], [-2])], ["y"]);
    b.output("y", "float32", [1, 3, 12, 12]);
  });
  expect(new Set(plan.owners.values())).toEqual(new Set(["x", "y"]));
});

test("operators that cannot be quantized are named, all of them", async () => {
  const planned = planOf((b, x) => {
    const odd = b.node("Hardmax", [x], { name: "choice" });
    const power = b.node("Pow", [odd, conv(b, x)], { name: "power" });
    b.add("MatMul", [power, conv(b, x)], ["y"], { name: "attention" });
    b.output("y", ...end);
  });
  await expect(planned).rejects.toThrow(/LWC8010 .*Hardmax "choice"[\s\S]*Pow "power"[\s\S]*MatMul "attention"/);
});
