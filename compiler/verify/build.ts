/** Builds the harness with the generated code: for the workstation with sanitizers, for a target's machine in QEMU. */
import { fail } from "../diagnostics.js";
import type { QemuMachine, Target } from "../targets.js";
import { caseBytes, type HarnessModel } from "./harness-model.js";
import { runTool, type Tool } from "./toolchain.js";
import type { Workspace } from "./workspace.js";

/** Exactness needs no fused multiply-add (docs/numerics.md). */
const commonFlags = ["-std=c11", "-ffp-contract=off"];

/** What generated code promises to pass; asked for with `strict`, since another compiler version may know more warnings. */
const warningFlags = (
  "-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wcast-align -Wcast-qual -Wstrict-prototypes " +
  "-Wmissing-prototypes -Wvla -Wdouble-promotion -Werror"
).split(" ");

const sanitizerFlags = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/** An image for one of the target's machines, relative to the workspace. */
export interface TargetImage {
  readonly image: string;
  readonly machine: QemuMachine;
  /** Objects of the generated code, as the linker's map names them. */
  readonly modelObjects: readonly string[];
}

/** The linker's map of an image, written beside it. */
export function mapFileOf(built: TargetImage): string {
  return `${built.image}.map`;
}

/**
 * For images that are measured: line numbers of the generated code, which change no instruction, and a harness that calls it
 * by BL even where a jump would do, so that the end of the call has an address.
 */
const lineFlags = ["-g"];
const harnessCallFlags = ["-fno-optimize-sibling-calls"];

/** Static data of the harness, in bytes. */
const staticReserve = 256;

/** Builds the sanitized program; returns its path in the workspace. */
export async function buildHost(workspace: Workspace, model: HarnessModel, strict: boolean): Promise<string> {
  const harness = ["harness/harness_main.c", "harness/harness_host.c", "harness/harness_model.c"];
  const executable = "harness-host";
  const flags = [...commonFlags, ...sanitizerFlags, ...(strict ? warningFlags : []), ...workspace.includes];
  await compileWith("gcc", workspace, model, [
    ...flags,
    ...workspace.modelSources,
    ...harness,
    "-o",
    executable,
    "-lm",
  ]);
  return executable;
}

/** Checks what generated code promises beyond gcc: no warning from clang, and a header that C++11 accepts. */
export async function checkPortability(workspace: Workspace, model: HarnessModel): Promise<void> {
  const syntaxOnly = [...warningFlags, ...workspace.includes, "-fsyntax-only"];
  await compileWith("clang", workspace, model, [...commonFlags, ...syntaxOnly, ...workspace.modelSources]);
  const cxxFlags = syntaxOnly.filter((flag) => !/strict-prototypes|missing-prototypes/.test(flag));
  await compileWith("g++", workspace, model, [
    "-std=c++11",
    ...cxxFlags,
    "-x",
    "c++",
    "-include",
    model.header,
    "/dev/null",
  ]);
}

/**
 * Builds for the target's machines in turn, until one has room. Weights that do not fit the machine's code memory move to its
 * large memory.
 */
export async function buildTarget(
  workspace: Workspace,
  model: HarnessModel,
  target: Target,
  strict: boolean,
): Promise<TargetImage> {
  const tool = "arm-none-eabi-gcc";
  const flags = [...target.cflags, ...commonFlags, "-O2", "-ffunction-sections", "-fdata-sections"];
  const platform = [
    "harness/harness_main.c",
    "harness/harness_semihosting.c",
    "harness/harness_model.c",
    "qemu/startup.c",
    "qemu/semihosting.c",
  ];
  const include = [...workspace.includes, "-Iqemu"];
  // Start-up code copies the section.
  const hot = `-DLWC_${model.name.toUpperCase()}_HOT_WEIGHTS=__attribute__((section(".lwc_hot")))`;

  const objects: string[] = [];
  const weights: string[] = [];
  const modelObjects: string[] = [];
  for (const [index, source] of [...workspace.modelSources, ...platform].entries()) {
    const object = `target-${index}.o`;
    const isPlatform = platform.includes(source);
    const warnings = strict && !isPlatform ? warningFlags : [];
    const measuring = isPlatform ? harnessCallFlags : lineFlags;
    await compileWith(tool, workspace, model, [
      ...flags,
      ...warnings,
      ...measuring,
      ...include,
      ...(source === `${model.name}_hot.c` ? [hot] : []),
      "-c",
      source,
      "-o",
      object,
    ]);
    if (!isPlatform) modelObjects.push(object);
    if (source.endsWith("_weights.c")) weights.push(object);
    else objects.push(object);
  }

  const refusals: string[] = [];
  for (const machine of target.qemu) {
    const stackBytes = stackFor(machine, model);
    if (stackBytes < machine.stackBytes) {
      refusals.push(`${machine.machine}: needs ${caseBytes(model)} bytes of RAM and ${machine.stackBytes} of stack`);
      continue;
    }
    const image = `harness-${machine.machine}.elf`;
    const link = [
      ...target.cflags,
      "-nostartfiles",
      "--specs=nosys.specs",
      "-Tqemu/link.ld",
      ...linkSymbols(machine, stackBytes),
      "-Wl,--gc-sections",
      `-Wl,-Map=${image}.map`,
    ];
    let result = await runTool(tool, [...link, ...objects, ...weights, "-o", image], { cwd: workspace.directory });
    if (result.exitCode !== 0 && machine.large !== undefined) {
      const moved = await moveToLarge(workspace, weights);
      modelObjects.push(...moved);
      result = await runTool(tool, [...link, ...objects, ...moved, "-o", image], { cwd: workspace.directory });
    }
    if (result.exitCode === 0) return { image, machine, modelObjects };
    refusals.push(`${machine.machine}: ${firstLines(result.text)}`);
  }
  return fail({
    code: "LWC6003",
    kind: "unsupported",
    message: `model "${model.name}" fits no QEMU machine of target ${target.name}: ${refusals.join("; ") || "the target names none"}`,
  });
}

/** Stack of the image: where there is no large memory, all that a case leaves. */
function stackFor(machine: QemuMachine, model: HarnessModel): number {
  const rest = machine.ram.bytes + (machine.large?.bytes ?? 0) - staticReserve - caseBytes(model);
  return machine.large === undefined ? Math.floor(rest / 8) * 8 : Math.min(rest, machine.stackBytes);
}

async function moveToLarge(workspace: Workspace, objects: readonly string[]): Promise<readonly string[]> {
  const moved: string[] = [];
  for (const object of objects) {
    const large = `large-${object}`;
    const result = await runTool("arm-none-eabi-objcopy", ["--prefix-alloc-sections=.large", object, large], {
      cwd: workspace.directory,
    });
    if (result.exitCode !== 0) {
      return fail({ code: "LWC9603", kind: "bug", message: `objcopy: ${firstLines(result.text)}` });
    }
    moved.push(large);
  }
  return moved;
}

function linkSymbols(machine: QemuMachine, stackBytes: number): readonly string[] {
  const large = machine.large ?? { origin: "0x00000000", bytes: 0 };
  const symbols = {
    LWC_CODE_ORIGIN: machine.code.origin,
    LWC_CODE_BYTES: machine.code.bytes,
    LWC_RAM_ORIGIN: machine.ram.origin,
    LWC_RAM_BYTES: machine.ram.bytes,
    LWC_LARGE_ORIGIN: large.origin,
    LWC_LARGE_BYTES: large.bytes,
    LWC_STACK_BYTES: stackBytes,
  };
  return Object.entries(symbols).map(([name, value]) => `-Wl,--defsym=${name}=${value}`);
}

async function compileWith(
  tool: Tool,
  workspace: Workspace,
  model: HarnessModel,
  args: readonly string[],
): Promise<void> {
  const result = await runTool(tool, args, { cwd: workspace.directory });
  if (result.exitCode !== 0) {
    fail({
      code: "LWC6002",
      kind: "bug",
      message: `${tool} rejects the C that was generated for "${model.name}": ${firstLines(result.text)}`,
      hint: "please report this with the model or its .lwir dump",
    });
  }
}

function firstLines(text: string): string {
  const lines = text.split("\n").filter((line) => /error|overflow|undefined|will not fit/.test(line));
  return (lines.length > 0 ? lines : text.split("\n")).slice(0, 4).join(" | ").slice(0, 1000);
}
