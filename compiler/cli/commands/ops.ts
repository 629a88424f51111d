/** `lwc ops`: the operators, from the op table; and what ONNX operators they come from. */
import { importedOperators } from "../../frontend/onnx/importers/index.js";
import { allOps } from "../../ops/index.js";
import { say } from "../say.js";

export function runOps(options: { readonly json?: boolean }): void {
  const ops = allOps().map(({ kind, summary, attrs }) => ({
    kind,
    summary,
    attributes: Object.entries(attrs).map(([name, spec]) => ({ name, ...spec })),
  }));
  const onnx = importedOperators();
  if (options.json === true) {
    say(JSON.stringify({ operators: ops, onnx }, undefined, 1));
    return;
  }
  say("operators of the compiler");
  for (const { kind, summary, attributes } of ops) {
    say(`  ${kind.padEnd(16)} ${summary}`);
    for (const { name, doc } of attributes) say(`  ${"".padEnd(16)}   ${name}: ${doc}`);
  }
  say("\nONNX operators that it reads (Quantize/Dequantize around them, or the QLinear forms)");
  say(
    wrap(onnx.join(", "), 96)
      .map((line) => `  ${line}`)
      .join("\n"),
  );
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + word.length + 1 > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
