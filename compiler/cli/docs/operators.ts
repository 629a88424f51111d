/** The documentation of operators, from the tables that the compiler itself uses. Pure. */
import { importedOperators } from "../../frontend/onnx/importers/index.js";
import { missingOperators } from "../../frontend/onnx/missing-operators.js";
import { operatorRows } from "../../frontend/onnx/operator-rows.js";
import { allOps } from "../../ops/index.js";
import type { TargetFile } from "../../targets.js";

/** A row per operator of the compiler. */
export function operatorTable(): string {
  const rows = allOps().map(({ kind, summary }) => `| \`${kind}\` | ${summary} |`);
  return ["| operator | what it does |", "|---|---|", ...rows].join("\n");
}

/** The instruction sets that kernels are written for, by what the cores that list them have. */
const isaColumns = ["any core", "no DSP extension", "DSP extension", "Helium"] as const;

/** The column of a kernel, from the cores whose files list it; what no file prices runs anywhere. */
function isaOf(kernel: string, targets: readonly TargetFile[]): (typeof isaColumns)[number] {
  const cores = targets.filter((target) => target.kind === "core");
  const listing = cores.filter((target) => target.kernels && kernel in target.kernels);
  if (listing.length === 0 || listing.length === cores.length) return "any core";
  if (listing.every((target) => target.isa?.mve)) return "Helium";
  if (listing.every((target) => target.isa?.dsp)) return "DSP extension";
  return listing.some((target) => target.isa?.dsp) ? "any core" : "no DSP extension";
}

function kernelTable(targets: readonly TargetFile[]): readonly string[] {
  const rows = allOps().map(({ kind, kernels }) => {
    const names = [...new Set((kernels ?? [{ kernel: "lwc_copy_s8" }]).map(({ kernel }) => kernel))];
    const cells = isaColumns.map((column) =>
      names
        .filter((name) => isaOf(name, targets) === column)
        .map((name) => `\`${name.replace(/^lwc_/, "")}\``)
        .join(", "),
    );
    return `| \`${kind}\` | ${cells.join(" | ")} |`;
  });
  return [`| operator | ${isaColumns.join(" | ")} |`, "|---|---|---|---|---|", ...rows];
}

function onnxTable(): readonly string[] {
  const rows = importedOperators().map((name) => {
    const row = operatorRows[name];
    const becomes = (row?.becomes ?? []).map((kind) => `\`${kind}\``).join(", ");
    return `| ${name} | ${becomes} | ${row?.how ?? ""} | ${row?.attributes ?? ""} | ${row?.refused ?? ""} |`;
  });
  return ["| ONNX | becomes | how | attributes | refused |", "|---|---|---|---|---|", ...rows];
}

function missingTable(): readonly string[] {
  const rows = Object.entries(missingOperators).map(([name, { why, hint }]) => `| ${name} | ${why} | ${hint} |`);
  return ["| ONNX | why not | what to do |", "|---|---|---|", ...rows];
}

/** `targets`: the files of targets/, for the table of kernels. */
export function operatorsPage(targets: readonly TargetFile[]): string {
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
      `### ${kind}`,
      "",
      `${summary[0]?.toUpperCase()}${summary.slice(1)}.`,
      "",
      `Inputs: ${inputs.join(", ")}.`,
      ...table,
    ].join("\n");
  });
  return `${[
    "# Operators",
    "",
    "Generated from the op table, the importer table and targets/*.json by `npm run docs`.",
    "",
    "## By ONNX operator",
    "",
    "Between QuantizeLinear and DequantizeLinear, or in the QLinear form of ONNX Runtime. Relu and Clip become the clamp of the operator",
    "in front of them. Every chain of element-wise functions of one quantized tensor becomes one table, with constants that differ from",
    "channel to channel one for each. Transposes and reshapes become names of axes wherever the order in memory allows. Whatever is",
    "computed from constants and shapes alone is computed at compile time.",
    "",
    ...onnxTable(),
    "",
    "## Not supported",
    "",
    "A diagnostic names the node (LWC1300) and says what to do:",
    "",
    ...missingTable(),
    "",
    "## Kernels",
    "",
    "The compiler chooses among them by the costs in [targets/](../targets/README.md).",
    "",
    ...kernelTable(targets),
    "",
    "## Operators of the compiler",
    "",
    ...sections.flatMap((section) => [section, ""]),
  ].join("\n")}`;
}

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`. */
export function replaceBetween(text: string, name: string, content: string): string {
  const pattern = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- /${name} -->)`);
  return text.replace(pattern, (_, open: string, close: string) => `${open}${content}\n${close}`);
}
