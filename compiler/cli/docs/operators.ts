/** The documentation of operators, from the tables that the compiler itself uses. Pure. */
import { importedOperators } from "../../frontend/onnx/importers/index.js";
import { allOps } from "../../ops/index.js";

/** A row per operator of the compiler. */
export function operatorTable(): string {
  const rows = allOps().map(({ kind, summary }) => `| \`${kind}\` | ${summary} |`);
  return ["| operator | what it does |", "|---|---|", ...rows].join("\n");
}

export function operatorsPage(): string {
  const sections = allOps().map(({ kind, summary, attrs, arity }) => {
    const inputs = [
      arity.activations === "many"
        ? "any number of activations"
        : `${arity.activations} activation${arity.activations === 1 ? "" : "s"}`,
      ...arity.constants.map(
        (constant) => `${constant.name} (constant ${constant.dtype}${constant.optional === true ? ", optional" : ""})`,
      ),
    ];
    const rows = Object.entries(attrs).map(([name, spec]) => `| \`${name}\` | ${spec.type} | ${spec.doc} |`);
    const table = rows.length === 0 ? [] : ["", "| attribute | type | meaning |", "|---|---|---|", ...rows];
    return [
      `## ${kind}`,
      "",
      `${summary[0]?.toUpperCase()}${summary.slice(1)}.`,
      "",
      `Inputs: ${inputs.join(", ")}.`,
      ...table,
    ].join("\n");
  });
  const onnx = importedOperators().map((name) => `\`${name}\``);
  return `${[
    "# Operators",
    "",
    "Generated from the op table and the importer table by `npm run docs`.",
    "",
    "lwc reads these ONNX operators, between QuantizeLinear and DequantizeLinear or in the QLinear form of ONNX Runtime:",
    "",
    `${onnx.join(", ")}.`,
    "",
    "Relu and Clip become the clamp of the operator in front of them. Every chain of element-wise functions of one quantized",
    "tensor (h-swish, h-sigmoid, sigmoid, tanh, leaky ReLU, rescaling, arithmetic with constants) becomes one `lookup`.",
    "Transposes and reshapes become names of axes wherever the order in memory allows.",
    "",
    "What the compiler makes of them:",
    "",
    ...sections.flatMap((section) => [section, ""]),
  ].join("\n")}`;
}

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`. */
export function replaceBetween(text: string, name: string, content: string): string {
  const pattern = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- /${name} -->)`);
  return text.replace(pattern, (_, open: string, close: string) => `${open}${content}\n${close}`);
}
