/** Runs a built harness over all cases and reads back what it wrote. The formats are those of targets/harness/harness_main.c. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fail } from "../diagnostics.js";
import type { TargetImage } from "./build.js";
import { type HarnessModel, type HarnessPort, portBytes } from "./harness-model.js";
import { runTool, type ToolResult } from "./toolchain.js";
import { readWorkspaceFile, type Workspace } from "./workspace.js";

export type Values = Int8Array | Int32Array;

export interface CaseResult {
  readonly outputs: readonly Values[];
  /** Bytes of stack that run() used; 0 on the host, where it is not measured. */
  readonly stackBytes: number;
  /** What each step wrote, by step index; empty unless the code was emitted with trace. */
  readonly trace: ReadonlyMap<number, Values>;
}

export async function runHost(
  workspace: Workspace,
  model: HarnessModel,
  executable: string,
  cases: readonly (readonly Int8Array[])[],
  trace: boolean,
): Promise<readonly CaseResult[]> {
  await writeInputs(workspace, cases);
  const result = await runTool({ executable: join(workspace.directory, executable) }, [], {
    cwd: workspace.directory,
    timeoutSeconds: timeLimit(model, cases.length, trace),
    // LeakSanitizer cannot run under ptrace and the harness leaks nothing that matters.
    env: { ASAN_OPTIONS: "detect_leaks=0:detect_stack_use_after_return=1", UBSAN_OPTIONS: "print_stacktrace=1" },
  });
  checkRun(result, "host", model, cases.length, trace);
  return readResults(workspace, model, cases.length, trace);
}

export async function runQemu(
  workspace: Workspace,
  model: HarnessModel,
  built: TargetImage,
  cases: readonly (readonly Int8Array[])[],
  trace: boolean,
  qemuOptions: readonly string[] = [],
): Promise<readonly CaseResult[]> {
  await writeInputs(workspace, cases);
  const args = [...qemuOptions, "-M", built.machine.machine, "-display", "none", "-serial", "none", "-monitor", "none"];
  args.push("-semihosting-config", "enable=on,target=native", "-kernel", built.image);
  const result = await runTool("qemu-system-arm", args, {
    cwd: workspace.directory,
    timeoutSeconds: timeLimit(model, cases.length, trace),
  });
  checkRun(result, built.machine.machine, model, cases.length, trace);
  return readResults(workspace, model, cases.length, trace);
}

/**
 * Seconds. Emulated Armv6-M and sanitized code reach some 10 million multiply-accumulates per second even on a busy machine;
 * the limit is for code that hangs.
 */
function timeLimit(model: HarnessModel, cases: number, trace: boolean): number {
  return 120 + (cases * model.macs) / 2e6 + (trace ? 60 : 0);
}

async function writeInputs(workspace: Workspace, cases: readonly (readonly Int8Array[])[]): Promise<void> {
  const count = new Uint8Array(4);
  new DataView(count.buffer).setUint32(0, cases.length, true);
  const parts = cases.flatMap((inputs) =>
    inputs.map((input) => new Uint8Array(input.buffer, input.byteOffset, input.length)),
  );
  for (const old of ["outputs.bin", "trace.bin"]) await rm(join(workspace.directory, old), { force: true });
  await writeFile(join(workspace.directory, "inputs.bin"), Buffer.concat([count, ...parts]));
}

function checkRun(result: ToolResult, where: string, model: HarnessModel, cases: number, trace: boolean): void {
  if (result.exitCode === 0 && !result.timedOut) return;
  const limit = Math.round(timeLimit(model, cases, trace));
  const how = result.timedOut ? `took longer than ${limit} s` : `ended with status ${result.exitCode ?? "unknown"}`;
  fail({
    code: result.timedOut ? "LWC6005" : "LWC6004",
    kind: "bug",
    message: `"${model.name}" on ${where} ${how}: ${result.text.split("\n").slice(0, 12).join(" | ").slice(0, 1500) || "no output"}`,
    hint: "please report this with the model or its .lwir dump",
  });
}

async function readResults(
  workspace: Workspace,
  model: HarnessModel,
  cases: number,
  trace: boolean,
): Promise<readonly CaseResult[]> {
  const bytes = await readWorkspaceFile(workspace, "outputs.bin");
  const size = 8 + model.outputs.reduce((sum, port) => sum + portBytes(port), 0);
  if (bytes.length !== cases * size) {
    return fail({
      code: "LWC9604",
      kind: "bug",
      message: `outputs.bin: expected ${cases * size} bytes, found ${bytes.length}`,
    });
  }
  const traces = trace ? splitTrace(await readWorkspaceFile(workspace, "trace.bin"), model) : [];
  return Array.from({ length: cases }, (_, index) =>
    readCase(bytes.subarray(index * size, (index + 1) * size), model, index, traces[index]),
  );
}

function readCase(
  record: Uint8Array,
  model: HarnessModel,
  index: number,
  trace: ReadonlyMap<number, Values> | undefined,
): CaseResult {
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const status = view.getInt32(0, true);
  if (status !== 0) {
    return fail({
      code: "LWC6006",
      kind: "bug",
      message: `lwc_${model.name}_run returned status ${status} in case ${index}`,
    });
  }
  let offset = 8;
  const outputs = model.outputs.map((port) => {
    const part = record.slice(offset, offset + portBytes(port));
    offset += part.length;
    return toValues(part, port.dtype);
  });
  return { outputs, stackBytes: view.getUint32(4, true), trace: trace ?? new Map() };
}

/** Cases start with a marker, step -1; what a step wrote comes whole or row by row, in order. */
function splitTrace(bytes: Uint8Array, model: HarnessModel): readonly ReadonlyMap<number, Values>[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const cases: Map<number, Uint8Array[]>[] = [];
  let offset = 0;
  while (offset + 8 <= bytes.length) {
    const step = view.getInt32(offset, true);
    const length = view.getUint32(offset + 4, true);
    const data = bytes.subarray(offset + 8, offset + 8 + length);
    const current = cases.at(-1);
    if (step < 0) cases.push(new Map());
    else {
      const pieces = current?.get(step);
      if (pieces) pieces.push(data);
      else current?.set(step, [data]);
    }
    offset += 8 + length;
  }
  return cases.map((one) => {
    const typeOf = (step: number): HarnessPort["dtype"] => (model.int32Steps.has(step) ? "int32" : "int8");
    return new Map([...one].map(([step, pieces]) => [step, toValues(Buffer.concat(pieces), typeOf(step))]));
  });
}

/** Copies: a file buffer is a window of a larger pool, at any offset. */
function toValues(bytes: Uint8Array, dtype: HarnessPort["dtype"]): Values {
  const copy = Uint8Array.from(bytes);
  return dtype === "int8" ? new Int8Array(copy.buffer) : new Int32Array(copy.buffer);
}
