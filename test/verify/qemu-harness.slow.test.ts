import { describe, expect, it } from "vitest";
import { buildTarget } from "../../compiler/verify/build.js";
import type { HarnessModel } from "../../compiler/verify/harness-model.js";
import { type CaseResult, runQemu } from "../../compiler/verify/run-harness.js";
import { loadTarget } from "../../compiler/verify/target-files.js";
import { withWorkspace } from "../../compiler/verify/workspace.js";
import { handMade, toyOutputs } from "./hand-made.js";

const cores = ["cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"];

async function run(
  name: string,
  model: HarnessModel,
  inputs: readonly Int8Array[],
): Promise<{ machine: string; results: readonly CaseResult[] }> {
  const target = await loadTarget(name);
  return withWorkspace(model, false, async (workspace) => {
    const built = await buildTarget(workspace, model, target, true);
    const cases = inputs.map((input) => [input]);
    return { machine: built.machine.machine, results: await runQemu(workspace, model, built, cases, true) };
  });
}

function someInputs(elements: number): readonly Int8Array[] {
  return [0, 1, 2].map((n) => Int8Array.from({ length: elements }, (_, i) => i * 7 * (n + 1)));
}

describe("QEMU harness", () => {
  it.each(cores)("%s: outputs, trace and stack", async (core) => {
    const inputs = someInputs(37);
    const body = "volatile int8_t frame[1000]; frame[0] = 1; frame[999] = frame[0];";
    const { machine, results } = await run(core, handMade(body), inputs);
    expect(machine === "microbit").toBe(core.startsWith("cortex-m0"));
    expect(results.map((result) => result.outputs)).toEqual(inputs.map(toyOutputs));
    expect(results.map((result) => [result.trace.get(0), result.trace.get(1)])).toEqual(inputs.map(toyOutputs));
    for (const { stackBytes } of results) {
      expect(stackBytes).toBeGreaterThanOrEqual(1000);
      expect(stackBytes).toBeLessThan(1200);
    }
  });

  it.each(cores)("%s: an arena of 9 MB and weights of 4.5 MB", async (core) => {
    const inputs = someInputs(37).slice(0, 1);
    const model = handMade("ctx->arena[9437183] = 1; out[0] = (int8_t)(out[0] + lwc_toy_weights[4718591]);", {
      arena: 9 << 20,
      weights: 9 << 19,
    });
    const { machine, results } = await run(core, model, inputs);
    expect(machine).not.toBe("microbit");
    expect(results.map((result) => result.outputs)).toEqual(inputs.map(toyOutputs));
  });

  it.each(cores)("%s: a fault is reported with its address and ends the run", async (core) => {
    await expect(
      run(core, handMade("*(volatile int8_t *)0x70000000u = *(volatile int8_t *)0xf0000000u;"), someInputs(37)),
    ).rejects.toThrow(/LWC6004.*status 70.*HARDFAULT pc=0x/s);
  });

  it.each(["cortex-m0", "cortex-m0plus"])("%s: unaligned access faults, on both machines", async (core) => {
    const body = "{ volatile int32_t *word = (volatile int32_t *)((uintptr_t)ctx->arena + 1u); *sum += *word; }";
    await expect(run(core, handMade(body), someInputs(37))).rejects.toThrow(/HARDFAULT/);
    await expect(run(core, handMade(body, { arena: 100_000 }), someInputs(37))).rejects.toThrow(/HARDFAULT/);
  });

  it.each(cores)("%s: stack overflow faults", async (core) => {
    const body =
      "volatile int8_t frame[200000]; for (int32_t i = 199999; i >= 0; i -= 4) { frame[i] = 1; } *sum += frame[0];";
    await expect(run(core, handMade(body), someInputs(37))).rejects.toThrow(/LWC6004/);
  });

  it("refuses a model that fits no machine, and says what it needs", async () => {
    await expect(run("cortex-m4", handMade("", { arena: 40 << 20 }), someInputs(37))).rejects.toThrow(
      /LWC6003.*mps2-an386: needs 4194/,
    );
  });
});
