/** `lwc run`: one inference by the reference interpreter on a file. */
import { makeNumerics } from "../../arith/numerics.js";
import { compile } from "../../compile.js";
import { fail } from "../../diagnostics.js";
import { tensorOf } from "../../ir/graph.js";
import { interpret } from "../../reference/interpret.js";
import { casesFromFiles } from "../../verify/inputs.js";
import { fromIr } from "../../verify/port-values.js";
import { loadTarget } from "../../verify/target-files.js";
import { type ImageOptions, imageInput, isImage } from "../image-input.js";
import { printable } from "../print-diagnostics.js";
import { type ModelOptions, readFile, readModel } from "../read-model.js";
import { say } from "../say.js";

export interface RunCommand extends ModelOptions, ImageOptions {
  readonly input: readonly string[];
  readonly json?: boolean;
}

/** Values printed of an output. */
const top = 5;

export async function runRun(model: string, options: RunCommand, command: string): Promise<void> {
  const file = readModel(model, options, command);
  const { program } = compile(file.bytes, await loadTarget("host"), file.options);
  const { graph } = program;
  if (options.input.length === 0)
    fail({ code: "LWC7140", kind: "error", message: "--input is missing: expected one file per graph input" });
  const notes: string[] = [];
  const first = options.input[0] ?? "";
  const inputs = isImage(first)
    ? graph.inputs.slice(0, 1).map((port) => imageInput(graph, port, first, readFile(first, "image"), options, notes))
    : (casesFromFiles(
        graph,
        options.input.map((path) => ({ path, bytes: readFile(path, "input") })),
      )[0]?.inputs ?? []);
  const { outputs } = interpret(graph, makeNumerics(program.options.numerics), inputs);
  const results = graph.outputs.map((port, i) => {
    const integers = outputs[i] ?? new Int8Array(0);
    const quant = tensorOf(graph, port.tensor).quant;
    const scale = quant?.scales[0] ?? 1;
    const inModelOrder = Array.from(fromIr(graph, { ...port, dtype: "int32" }, integers), Number);
    return {
      name: port.name,
      shape: port.shape,
      integers: inModelOrder,
      values: inModelOrder.map((q) => scale * (q - (quant?.zeroPoint ?? 0))),
    };
  });
  if (options.json === true) return say(JSON.stringify({ notes, outputs: results }, undefined, 1));
  for (const note of notes) say(note);
  for (const { name, shape, integers, values } of results) {
    say(`output "${printable(name)}" [${shape.join(",")}]`);
    const order = values.map((_, i) => i).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0));
    for (const i of order.slice(0, top)) say(`  [${i}] ${(values[i] ?? 0).toPrecision(6)} (${integers[i]})`);
    if (order.length > top) say(`  ${order.length - top} more`);
  }
}
