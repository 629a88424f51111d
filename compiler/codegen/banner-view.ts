/** The banner: what a firmware engineer asks before reading code, answered. */
import { programSizes } from "../schedule/program-sizes.js";
import type { Program } from "../schedule/schedule.js";
import { commentText, wrapText } from "./c-comment.js";
import { maxColumns } from "./c-literal.js";
import type { BannerView } from "./view.js";

/** Whose last bit each numerics profile follows. */
const profileText = {
  ort: "ort (ONNX Runtime on x64, byte for byte)",
  "ort-arm64": "ort-arm64 (ONNX Runtime on arm64, byte for byte)",
  fast: "fast (one rounding; equal on every target, may differ from ONNX Runtime in the last bit)",
} as const;

export function bannerView(program: Program, file: string, what: string): BannerView {
  const { options, target } = program;
  const sizes = programSizes(program);
  const entries: readonly (readonly [string, string])[] = [
    ["model", `${program.name}${options.modelHash === "" ? "" : `, SHA-256 ${commentText(options.modelHash, 64)}`}`],
    ...(options.command === "" ? [] : [["command", commentText(options.command, 400)] as const]),
    ["generator", `lwc ${commentText(options.version)}, optimized for ${options.optimize}`],
    ["target", `${commentText(target.name)}: ${commentText(target.title)}`],
    [
      "RAM",
      `${sizes.arenaBytes} bytes of arena in ${program.arena.regions?.map(({ name, used }) => `${commentText(name)} (${used})`).join(", ") ?? "the context"}; ${ioText(program, sizes.ioBytes)}${hotText(program)}`,
    ],
    [
      "flash",
      `${sizes.weightBytes + sizes.tableBytes} bytes of constants (weights ${sizes.weightBytes}, tables ${sizes.tableBytes}), and code`,
    ],
    ["stack", "as the C compiler lays it out; `lwc verify` measures it"],
    ["work", `${sizes.macs} multiply-accumulates per inference`],
    ["numerics", profileText[options.numerics]],
  ];
  const width = Math.max(...entries.map(([label]) => label.length));
  return {
    title: `${file} - ${what}`,
    facts: entries.map(([label, value]) => ({ label: label.padEnd(width), value: wrapFact(label, value, width) })),
  };
}

/** Continues below the value's first line; a command stays on its line, to be copied. */
function wrapFact(label: string, value: string, labelWidth: number): string {
  const indent = " *   ".length + labelWidth + 2;
  if (label === "command") return value;
  return wrapText(value, maxColumns - indent).join(`\n *${" ".repeat(indent - 2)}`);
}

/** The short banner of files that belong to another one. */
export function smallBannerView(program: Program, file: string, what: string): BannerView {
  const { facts } = bannerView(program, file, what);
  return { title: `${file} - ${what}`, facts: facts.filter((fact) => /^(model|generator|flash)/.test(fact.label)) };
}

function hotText({ hot }: Program): string {
  return hot ? `; ${hot.bytes} bytes in ${commentText(hot.region.name)} for constants that start-up code copies` : "";
}

function ioText(program: Program, bytes: number): string {
  return program.options.io === "arena"
    ? `inputs and outputs (${bytes} bytes) are inside`
    : `inputs and outputs (${bytes} bytes) are the caller's`;
}
