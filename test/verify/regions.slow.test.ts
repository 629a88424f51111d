/** Programs whose arena lies in several memories, on the host and in QEMU: each part between canaries. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BackEndOptions, compileGraph } from "../../compiler/compile-graph.js";
import type { Graph } from "../../compiler/ir/graph.js";
import type { Program } from "../../compiler/schedule/schedule.js";
import type { Target } from "../../compiler/targets.js";
import { readAssets } from "../../compiler/verify/assets.js";
import { loadTarget } from "../../compiler/verify/target-files.js";
import { verifyProgram } from "../../compiler/verify/verify-program.js";
import { buildNet, netSpec } from "../support/random-graph.js";
import { compileModel } from "../support/verify-model.js";

const assets = await readAssets();
const nets = fc.sample(netSpec, { seed: 11, numRuns: 14 }).map(buildNet);

interface Divided {
  readonly graph: Graph;
  readonly program: Program;
}

const ways: readonly (readonly [string, BackEndOptions])[] = [
  ["whole tensors", { optimize: "speed" }],
  ["ports in the arena", { io: "arena" }],
  ["rows in flight", { io: "arena", optimize: "ram", ram: "least" }],
  ["rows from the caller", { input: "rows" }],
];

/** The first networks that need more than one of three memories, of which two hold a half of what one block takes. */
function divided(target: Target, options: BackEndOptions): readonly Divided[] {
  const found: Divided[] = [];
  for (const graph of nets) {
    const { bytes } = compileGraph(graph, target, options).arena;
    const half = Math.max(8, bytes >> 1);
    const regions = [
      { name: "fast", bytes: half, cycles: 0 },
      { name: "middle", bytes: half, cycles: 2 },
      { name: "slow", bytes: bytes + 4096, cycles: 9 },
    ];
    const program = compileGraph(graph, target, { ...options, regions });
    if ((program.arena.regions?.length ?? 0) > 1) found.push({ graph, program });
    if (found.length === 2) break;
  }
  return found;
}

describe.each(["cortex-m7", "cortex-m0"])("%s", (core) => {
  test.each(ways)(
    "%s",
    async (_, options) => {
      const programs = divided(await loadTarget(core), options);
      expect(programs).toHaveLength(2);
      for (const { graph, program } of programs) {
        const request = { program, imported: graph, assets, runs: 3, layers: true, strict: true };
        const result = await verifyProgram({ ...request, engines: ["replay", "host", "qemu"] });
        expect(result.differences).toEqual([]);
      }
    },
    400_000,
  );
});

test("a detector in the TCM and AXI SRAM of a Cortex-M7 board", async () => {
  const regions = [{ name: "DTCM", bytes: 65536 }, { name: "AXI_SRAM" }];
  const { program, imported } = await compileModel("rfb320_int8_qdq", "nucleo-h743zi", { regions });
  expect(program.arena.regions?.map(({ name }) => name)).toEqual(["DTCM", "AXI_SRAM"]);
  const result = await verifyProgram({
    program,
    imported,
    assets,
    engines: ["replay", "host", "qemu"],
    runs: 2,
    strict: true,
  });
  expect(result.differences).toEqual([]);
}, 400_000);
