/** Kernel choice by the costs of the target. */
import { expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { type Candidate, chooseKernel, type Work } from "../../compiler/ops/choose-kernel.js";
import type { KernelCall, Optimize } from "../../compiler/ops/kernel.js";
import type { KernelCost, Target } from "../../compiler/targets.js";
import { loadTarget } from "../../compiler/verify/target-files.js";

const core = await loadTarget("cortex-m4");

/** A kernel with constants of so many bytes. */
function candidate(kernel: string, bytes = 0, rest: Partial<Candidate<number>> = {}): Candidate<number> {
  const call: KernelCall = {
    kernel,
    header: `${kernel}.h`,
    geometry: "any",
    params: { type: "params", fields: {} },
    drive: { kind: "flat" },
    constants: [{ name: "weights", data: new Int8Array(bytes), align: 4, comment: "", role: "weights" }],
    scratchBytes: 0,
    why: "because",
  };
  return { kernel, call: () => call, ...rest };
}

function choose(
  candidates: readonly Candidate<number>[],
  kernels: Record<string, KernelCost>,
  work: Partial<Work>,
  optimize: Optimize = "speed",
): KernelCall {
  const target: Target = { ...core, kernels };
  return chooseKernel(
    candidates,
    0,
    { macs: 0, outputs: 0, inputs: 0, calls: 1, ...work },
    { target, numerics: makeNumerics("ort"), optimize },
  );
}

const plain = { mac: 1, output: 10, bytes: 10 };
/** Cheap multiply-accumulates behind an expansion of the input and a prologue. */
const blocked = { mac: 0.5, output: 1, input: 2, call: 100, bytes: 50 };

test("input values and calls count beside multiply-accumulates and outputs", () => {
  const both = [candidate("lwc_plain"), candidate("lwc_blocked")];
  const costs = { lwc_plain: plain, lwc_blocked: blocked };
  const large = choose(both, costs, { macs: 1000, outputs: 100, inputs: 10 });
  expect(large.kernel).toBe("lwc_blocked");
  expect(large.why).toBe(
    "because; 720 modelled cycles and 50 bytes of code against 2 k modelled cycles and 10 bytes of code of lwc_plain",
  );
  expect(choose(both, costs, { macs: 100, outputs: 10, inputs: 100 }).kernel).toBe("lwc_plain");
});

test("the code of a kernel weighs less the more often the layer runs, row by row", () => {
  const fast = { mac: 0.5, output: 1, bytes: 100 };
  const small = { mac: 1, output: 10, bytes: 10 };
  const both = [candidate("lwc_small"), candidate("lwc_fast")];
  const target: Target = { ...core, kernels: { lwc_small: small, lwc_fast: fast } };
  const kernel = (repeats: number): string => {
    const context = { target, numerics: makeNumerics("ort"), optimize: "balanced" as const, repeats };
    return chooseKernel(both, 0, { macs: 1000, outputs: 10, inputs: 0, calls: 1 }, context).kernel;
  };
  expect(kernel(1)).toBe("lwc_small");
  expect(kernel(10)).toBe("lwc_fast");
});

test("a kernel may do another amount of work than the layer asks", () => {
  const fewer = candidate("lwc_fewer", 0, { work: (_layer, asked) => ({ ...asked, macs: asked.macs / 4 }) });
  const call = choose([candidate("lwc_plain"), fewer], { lwc_plain: plain, lwc_fewer: plain }, { macs: 1000 });
  expect(call.why).toBe(
    "because; 250 modelled cycles and 10 bytes of code against 1 k modelled cycles and 10 bytes of code of lwc_plain",
  );
});

test("a byte of code has a price in cycles, a higher one where speed is not all", () => {
  const both = [candidate("lwc_plain"), candidate("lwc_blocked")];
  const costs = { lwc_plain: plain, lwc_blocked: { ...blocked, bytes: 120 } };
  const work = { macs: 1000, outputs: 100 };
  expect(choose(both, costs, work).kernel).toBe("lwc_blocked");
  expect(choose(both, costs, work, "balanced").kernel).toBe("lwc_plain");
});

test("size counts code and constants", () => {
  const both = [candidate("lwc_plain", 200), candidate("lwc_blocked", 10)];
  const costs = { lwc_plain: plain, lwc_blocked: blocked };
  const call = choose(both, costs, { macs: 1000, outputs: 100 }, "size");
  expect(call.kernel).toBe("lwc_blocked");
  expect(call.why).toBe("because; 60 bytes of flash against 210 of lwc_plain");
});

test("LWC7005: a target that lists none of the kernels", () => {
  const limited = candidate("lwc_limited", 0, { fits: () => false });
  expect(() => choose([candidate("lwc_plain"), limited], { lwc_limited: plain }, {})).toThrow(
    /LWC7005 .*cortex-m4 .*lwc_plain, lwc_limited/,
  );
});
