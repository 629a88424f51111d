/**
 * The quantized model on the held-out pictures, by ONNX Runtime, by lwc's reference interpreter and by the generated C in QEMU.
 * They must agree in every bit of every logit. Needs the built compiler and the toolchain (`npm run build`, `npm run setup` in
 * the root).
 */
import * as ort from "onnxruntime-node";
import { compile, makeNumerics, prepareInterpreter } from "../../../dist/compiler/index.js";
import { fromIr, toIr } from "../../../dist/compiler/verify/port-values.js";
import { loadTarget } from "../../../dist/compiler/verify/target-files.js";
import { runInQemu } from "../run-in-qemu.mjs";
import { toInput } from "./data.mjs";

/** @returns {Promise<{ right: number, different: number }>} */
export async function check(model, pictures) {
  const session = await ort.InferenceSession.create(model, {
    graphOptimizationLevel: "extended",
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { qdqisint8allowed: "1" } },
  });
  const { program } = compile(model, await loadTarget("host"), { name: "digits" });
  const { graph } = program;
  const [inputPort] = graph.inputs;
  const [outputPort] = graph.outputs;
  const interpret = prepareInterpreter(graph, makeNumerics(program.options.numerics));

  const inputs = pictures.map(({ pixels }) => toInput(pixels));
  const emulated = await runInQemu(model, inputs);

  let right = 0;
  let different = 0;
  for (const [i, { label }] of pictures.entries()) {
    const input = inputs[i];
    const fetched = await session.run({ image: new ort.Tensor("float32", input, inputPort.shape) });
    const logits = fromIr(graph, outputPort, interpret([toIr(graph, inputPort, input)]).outputs[0]);
    const others = [fetched.logits.data, emulated.logits[i]];
    if (others.some((other) => logits.some((value, k) => value !== other[k]))) different++;
    if (logits.indexOf(Math.max(...logits)) === label) right++;
  }
  await session.release();
  return { right, different };
}
