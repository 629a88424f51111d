/** bench/architectures.json and .md: what became of each architecture in its published size. */
import { recordRow } from "./recorded-rows.js";

/** Figures that are absent were not reached; `note` says why. */
export interface ArchitectureRow {
  readonly name: string;
  readonly title: string;
  readonly parameters?: number;
  readonly macs: number;
  /** Without the buffers of the caller. */
  readonly arenaBytes: number;
  /** Code, weights, tables and other constants of the generated code in the image for Cortex-M7. */
  readonly flashBytes?: number;
  /** One inference on Cortex-M7. */
  readonly instructions?: number;
  /** Cases on the host, and those that differ from the reference. */
  readonly host?: Counted;
  readonly qemu?: Counted;
  /** ONNX Runtime: output values that differ from the reference, of how many. */
  readonly onnxruntime?: Counted & { readonly max: number; readonly floatNodes: number };
  readonly note?: string;
}

interface Counted {
  readonly of: number;
  readonly differing: number;
}

/** Adds or replaces the row of an architecture. */
export function recordArchitecture(row: ArchitectureRow): Promise<void> {
  return recordRow<ArchitectureRow>("architectures", row, {
    isSame: ({ name }) => name === row.name,
    compare: (a, b) => a.macs - b.macs,
    markdown: table,
  });
}

const number = (value: number | undefined): string => (value === undefined ? "" : value.toLocaleString("en"));
const count = (value: Counted | undefined): string => (value === undefined ? "" : `${value.differing} of ${value.of}`);

function table(rows: readonly ArchitectureRow[]): string {
  const columns = [
    "architecture",
    "parameters",
    "M MAC",
    "arena",
    "flash",
    "M instructions",
    "host",
    "QEMU",
    "ONNX Runtime",
    "",
  ];
  const lines = rows.map((row) =>
    [
      row.title,
      number(row.parameters),
      (row.macs / 1e6).toFixed(1),
      number(row.arenaBytes),
      number(row.flashBytes),
      row.instructions === undefined ? "" : (row.instructions / 1e6).toFixed(1),
      count(row.host),
      count(row.qemu),
      row.onnxruntime === undefined
        ? ""
        : `${count(row.onnxruntime)}, at most ${row.onnxruntime.max}; ${row.onnxruntime.floatNodes} nodes in float`,
      row.note ?? "",
    ].join(" | "),
  );
  return [
    "# Architectures in their published size",
    "",
    "Written by `npm run test:full`: float ONNX with seeded weights, `lwc quantize`, compiled for cortex-m7 with the default",
    "options. `parameters` and `M MAC` of the float network, as papers count them; `arena` and `flash` in bytes; instructions of",
    "one inference in QEMU. `host` and `QEMU`: cases of which an output byte differs from the reference. `ONNX Runtime`: output",
    "values that differ from the reference, by how many steps, and how many nodes ONNX Runtime computes in float",
    "([docs/numerics.md](../docs/numerics.md)).",
    "",
    `| ${columns.join(" | ")} |`,
    `|${columns.map((_, i) => (i === 0 || i === columns.length - 1 ? "---" : "---:")).join("|")}|`,
    ...lines.map((line) => `| ${line} |`),
    "",
  ].join("\n");
}
