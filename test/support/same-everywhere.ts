/** The check that every kernel has to pass: all oracles agree on every byte of a program. */
import { expect } from "vitest";
import type { Graph } from "../../compiler/ir/graph.js";
import { printGraph } from "../../compiler/ir/print.js";
import type { Program } from "../../compiler/schedule/schedule.js";
import { readAssets } from "../../compiler/verify/assets.js";
import { generateCases } from "../../compiler/verify/inputs.js";
import { verifyProgram } from "../../compiler/verify/verify-program.js";

const assets = await readAssets();

/** Reference, replay, host with sanitizers and QEMU, on `count` generated cases. */
export async function expectSameEverywhere(program: Program, imported: Graph, count: number): Promise<void> {
  const result = await verifyProgram({
    program,
    imported,
    assets,
    engines: ["passes", "replay", "host", "qemu"],
    cases: generateCases(imported, count),
    strict: true,
  });
  expect(result.differences, result.ok ? "" : printGraph(imported)).toEqual([]);
  expect(result.results.map((one) => one.engine)).toEqual(["passes", "replay", "host", "qemu"]);
}
