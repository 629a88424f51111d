import { describe, expect, it } from "vitest";
import { buildHost } from "../../compiler/verify/build.js";
import type { HarnessModel } from "../../compiler/verify/harness-model.js";
import { type CaseResult, runHost } from "../../compiler/verify/run-harness.js";
import { withWorkspace } from "../../compiler/verify/workspace.js";
import { handMade, toyOutputs } from "./hand-made.js";

const inputs = [0, 1, 2].map((n) => Int8Array.from({ length: 37 }, (_, i) => i * 7 * (n + 1)));

async function run(model: HarnessModel): Promise<readonly CaseResult[]> {
  return withWorkspace(model, false, async (workspace) => {
    const executable = await buildHost(workspace, model, true);
    const cases = inputs.map((input) => [input]);
    return runHost(workspace, model, executable, cases, true);
  });
}

describe("host harness", () => {
  it("returns the outputs and the trace of every case", async () => {
    const results = await run(handMade());
    expect(results.map((result) => result.outputs)).toEqual(inputs.map(toyOutputs));
    expect(results.map((result) => [result.trace.get(0), result.trace.get(1)])).toEqual(inputs.map(toyOutputs));
  });

  it.each([
    ["a write behind the arena", "ctx->arena[in[1] * 0 + 64] = 1;", /AddressSanitizer|runtime error/],
    ["a write behind the output", "out[37] = 1;", /AddressSanitizer/],
    ["a read behind the input", "*sum = in[37];", /AddressSanitizer/],
    ["signed overflow", "*sum = 2147483647; *sum += total * 0 + 1;", /runtime error: signed integer overflow/],
    ["a changed input", "((int8_t *)(uintptr_t)in)[3] ^= 1;", /run\(\) changed an input/],
    ["an error status", "if (out != 0) { return (lwc_status)2; }", /returned status 2/],
  ])("reports %s", async (_, body, message) => {
    await expect(run(handMade(body))).rejects.toThrow(message);
  });

  it("reports C that does not compile without warnings", async () => {
    await expect(run(handMade("int unused;"))).rejects.toThrow(/LWC6002.*unused/);
  });

  it("gives a poisoned context: what is not written differs from case to case", async () => {
    const results = await run(handMade("out[0] = ctx->arena[63];"));
    expect(new Set(results.map((result) => result.outputs[0]?.[0])).size).toBe(3);
  });
});
