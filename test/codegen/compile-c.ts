/** Runs C compilers on generated files with the warnings that generated code promises to pass, as errors. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../compiler/diagnostics.js";

const warnings = (
  "-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wcast-align -Wcast-qual -Wstrict-prototypes " +
  "-Wmissing-prototypes -Wvla -Wdouble-promotion -Werror"
).split(" ");

const cFlags = ["-std=c11", "-ffp-contract=off", ...warnings, "-I.", "-c"];
const cxxFlags = ["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I.", "-fsyntax-only", "-x", "c++"];

/** clang has no C library for Arm: it takes the one of arm-none-eabi-gcc. */
const clangArm = ["clang", "-O2", "--target=arm-none-eabi", "-mthumb", "-mfloat-abi=hard", "-isystem", armHeaders()];

const compilers: Readonly<Record<string, readonly string[]>> = {
  gcc: ["gcc", "-O2"],
  clang: ["clang", "-O2"],
  "arm m7": ["arm-none-eabi-gcc", "-O2", "-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"],
  "arm m0": ["arm-none-eabi-gcc", "-O2", "-mcpu=cortex-m0", "-mthumb"],
  "clang for m4": [...clangArm, "-mcpu=cortex-m4"],
  "clang for m55": [...clangArm, "-mcpu=cortex-m55"],
};

export const compilerNames = Object.keys(compilers);

/** What the compiler has to say about the C files of a directory; "" when it is content. */
export function compileAll(directory: string, compiler: string): string {
  const [command = "", ...options] = compilers[compiler] ?? [];
  const sources = readdirSync(directory).filter((file) => file.endsWith(".c"));
  return sources.map((source) => run(directory, command, [...options, ...cFlags, source, "-o", "/dev/null"])).join("");
}

/** What g++ has to say about a header, included twice. */
export function includeFromCxx(directory: string, header: string): string {
  return run(directory, "g++", [...cxxFlags, "-include", header, "-include", header, "/dev/null"]);
}

/** Builds all C files with sanitizers and runs the result; returns what it prints. */
export function buildAndRun(directory: string): string {
  const sources = readdirSync(directory).filter((file) => file.endsWith(".c"));
  const flags = [
    "-std=c11",
    "-O1",
    "-ffp-contract=off",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-I.",
  ];
  execFileSync("gcc", [...flags, ...sources, "-lm", "-o", "program"], { cwd: directory });
  return execFileSync(join(directory, "program"), { cwd: directory, encoding: "utf8" });
}

function run(directory: string, command: string, args: readonly string[]): string {
  try {
    execFileSync(command, args, { cwd: directory, encoding: "utf8", stdio: "pipe" });
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The folder of string.h, from the list of what a file depends on. */
function armHeaders(): string {
  const args = ["-M", "-include", "string.h", "-x", "c", "/dev/null"];
  const listed = execFileSync("arm-none-eabi-gcc", args, { encoding: "utf8" });
  return must(/(\S+)\/string\.h/.exec(listed)?.[1], "string.h");
}
