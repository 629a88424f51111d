/** Runs compilers and emulators; says which package to install where one is missing. */
import { execa } from "execa";
import { fail } from "../diagnostics.js";

export type Tool =
  | "gcc"
  | "g++"
  | "clang"
  | "arm-none-eabi-gcc"
  | "arm-none-eabi-objcopy"
  | "arm-none-eabi-nm"
  | "arm-none-eabi-addr2line"
  | "qemu-system-arm";

const packages: Readonly<Record<Tool, string>> = {
  gcc: "gcc libc6-dev",
  "g++": "g++",
  clang: "clang",
  "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
  "arm-none-eabi-objcopy": "binutils-arm-none-eabi",
  "arm-none-eabi-nm": "binutils-arm-none-eabi",
  "arm-none-eabi-addr2line": "binutils-arm-none-eabi",
  "qemu-system-arm": "qemu-system-arm",
};

export interface ToolResult {
  readonly exitCode: number | undefined;
  readonly timedOut: boolean;
  /** Standard output and error in the order written. */
  readonly text: string;
}

/** Runs a tool in `cwd`; a non-zero exit is a result, a missing tool a diagnostic. */
export async function runTool(
  tool: Tool | { readonly executable: string },
  args: readonly string[],
  options: { readonly cwd: string; readonly timeoutSeconds?: number; readonly env?: Readonly<Record<string, string>> },
): Promise<ToolResult> {
  const command = typeof tool === "string" ? tool : tool.executable;
  const result = await execa(command, args, {
    cwd: options.cwd,
    reject: false,
    all: true,
    stdin: "ignore",
    env: { ...options.env },
    ...(options.timeoutSeconds === undefined
      ? {}
      : { timeout: options.timeoutSeconds * 1000, killSignal: "SIGKILL" as const }),
  });
  if (typeof tool === "string" && "code" in result && result.code === "ENOENT") {
    return fail({
      code: "LWC6001",
      kind: "error",
      message: `${tool} is not installed`,
      hint: `run targets/install-toolchain.sh, or: sudo apt-get install -y ${packages[tool]}`,
    });
  }
  return { exitCode: result.exitCode, timedOut: result.timedOut, text: String(result.all ?? "") };
}
