/** Constants that the firmware places: macros in front of them, and a file of its own for what goes to fast RAM. */
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { reportHtml } from "../../compiler/cli/report/html.js";
import { makeReport } from "../../compiler/cli/report/report.js";
import { reportText } from "../../compiler/cli/report/text.js";
import { emit } from "../../compiler/codegen/emit.js";
import { emitLinked } from "../../compiler/codegen/link.js";
import { compileAll, compilerNames } from "./compile-c.js";
import { assets, programOf, smallNet, withFiles } from "./programs.js";

const program = programOf(smallNet(), { hotWeights: { name: "tcm", bytes: 600, cycles: 0 } });
const files = emit(program, assets);
const arraysIn = (path: string): readonly string[] =>
  Array.from(
    (files.find((file) => file.path === path)?.text ?? "").matchAll(
      /^(?:extern )?LWC_ALIGNED\(\d+\) const \w+ (\w+)/gm,
    ),
    ([, name]) => name!,
  );

describe("constants for fast RAM", () => {
  it("are in a file of their own, each constant in one of the two", () => {
    const [hot, cold, declared] = [arraysIn("net_hot.c"), arraysIn("net_weights.c"), arraysIn("net_weights.h")];
    expect(hot).toHaveLength(program.hot!.constants.length);
    expect(cold.length).toBeGreaterThan(0);
    expect([...hot, ...cold].sort()).toEqual([...declared].sort());
  });

  it.each(compilerNames)("compile without a warning: %s", (compiler) => {
    expect(withFiles(files, (directory) => compileAll(directory, compiler))).toBe("");
  });

  it("leave everything else as it is", () => {
    const plain = emit(programOf(smallNet()), assets);
    expect(plain.map(({ path }) => path)).not.toContain("net_hot.c");
    const body = (text: string | undefined): string => (text ?? "").replace(/^\/\*[\s\S]*?\*\//, "");
    const textOf = (list: typeof plain, path: string): string => body(list.find((file) => file.path === path)?.text);
    for (const path of ["net.c", "net.h", "net_weights.h"]) expect(textOf(files, path)).toBe(textOf(plain, path));
  });

  it("are refused for models that are linked", () => {
    const programs = [program, programOf({ ...smallNet(), name: "other" })];
    expect(() => emitLinked({ name: "models", programs, command: "" }, assets)).toThrow(/constants for fast RAM/);
  });
});

it.each([
  ["arm-none-eabi-gcc", ["-mcpu=cortex-m7", "-mthumb"]],
  ["gcc", []],
  ["clang", []],
])("the macros put constants into sections: %s", (compiler, flags) => {
  withFiles(files, (cwd) => {
    const attributes = ["HOT_WEIGHTS", "WEIGHTS"].map(
      (name) => `-DLWC_NET_${name}=__attribute__((section(".${name.toLowerCase()}")))`,
    );
    const sectionsOf = (source: string): string => {
      const args = [
        ...flags,
        "-std=c11",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-I.",
        ...attributes,
        "-c",
        source,
        "-o",
        "a.o",
      ];
      execFileSync(compiler, args, { cwd, stdio: "pipe" });
      return execFileSync("arm-none-eabi-readelf", ["-SW", "a.o"], { cwd, encoding: "utf8" });
    };
    expect(sectionsOf("net_hot.c")).toMatch(/ \.hot_weights +PROGBITS/);
    expect(sectionsOf("net_weights.c")).toMatch(/ \.weights +PROGBITS/);
    expect(sectionsOf("net_weights.c")).not.toContain(".rodata");
  });
});

describe("the report", () => {
  it("lists them with what they save", () => {
    const report = makeReport(program);
    expect(report.hot_weights).toMatchObject({ region: "tcm", room: 600, cycles: 0, flash_cycles: null });
    expect(report.hot_weights!.constants.map(({ bytes }) => bytes)).toEqual(
      program.hot!.constants.map(({ data }) => data.byteLength),
    );
    expect(reportText(report)).toMatch(/HOT WEIGHTS\n {2}\d+ constants in tcm: \d+ of 600 bytes/);
    expect(reportHtml(report)).toContain("<h2>Constants in fast RAM</h2>");
    expect(makeReport(programOf(smallNet())).hot_weights).toBeNull();
    expect(files.find(({ path }) => path === "net.h")?.text).toMatch(/bytes in tcm for constants/);
  });
});
