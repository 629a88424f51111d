/** Programs whose constants start-up code copies to RAM: they lie there in QEMU, and compute what the reference computes. */
import { expect, test } from "vitest";
import { compileGraph } from "../../compiler/compile-graph.js";
import { must } from "../../compiler/diagnostics.js";
import { readAssets } from "../../compiler/verify/assets.js";
import { buildTarget } from "../../compiler/verify/build.js";
import { harnessModel } from "../../compiler/verify/harness-model.js";
import { addressOf } from "../../compiler/verify/image.js";
import { loadTarget } from "../../compiler/verify/target-files.js";
import { verifyProgram } from "../../compiler/verify/verify-program.js";
import { withWorkspace } from "../../compiler/verify/workspace.js";
import { smallNet } from "../codegen/programs.js";
import { compileModel } from "../support/verify-model.js";

const assets = await readAssets();
const hotWeights = { name: "fast", bytes: 800, cycles: 0 };

test.each(["cortex-m0", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"])(
  "%s",
  async (core) => {
    const target = await loadTarget(core);
    const graph = smallNet();
    const regions = [
      { name: "fast", bytes: 300, cycles: 0 },
      { name: "slow", bytes: 65536, cycles: 4 },
    ];
    const program = compileGraph(graph, target, { io: "arena", regions, hotWeights });
    expect(program.hot?.constants.length).toBeGreaterThan(2);
    const request = { program, imported: graph, assets, runs: 3, layers: true, strict: true };
    const result = await verifyProgram({ ...request, engines: ["replay", "host", "qemu"] });
    expect(result.differences).toEqual([]);
  },
  300_000,
);

test("lie in RAM, the others in flash", async () => {
  const target = await loadTarget("cortex-m7");
  const program = compileGraph(smallNet(), target, { hotWeights });
  const model = harnessModel(program, assets, false);
  const namesIn = (path: string): readonly string[] => {
    const { text } = must(
      model.files.find((file) => file.path === path),
      path,
    );
    return Array.from(text.matchAll(/^LWC_ALIGNED\(\d+\) const \w+ (\w+)/gm), ([, name]) => name!);
  };
  await withWorkspace(model, false, async (workspace) => {
    const built = await buildTarget(workspace, model, target, true);
    const { ram, code } = built.machine;
    const isIn = (span: typeof ram, address: number): boolean =>
      Number(span.origin) <= address && address < Number(span.origin) + span.bytes;
    for (const name of namesIn("net_hot.c"))
      expect(isIn(ram, await addressOf(workspace, built, name)), name).toBe(true);
    for (const name of namesIn("net_weights.c"))
      expect(isIn(code, await addressOf(workspace, built, name)), name).toBe(true);
  });
}, 120_000);

test("a person detector with its hot constants in DTCM", async () => {
  const options = { regions: [{ name: "DTCM", bytes: 32768 }], hotWeights: { name: "DTCM", bytes: 16384 } };
  const { program, imported } = await compileModel("vww_96_int8_qdq", "nucleo-h743zi", options);
  expect(program.hot?.bytes).toBeGreaterThan(15000);
  const request = { program, imported, assets, runs: 2, strict: true };
  const result = await verifyProgram({ ...request, engines: ["replay", "host", "qemu"] });
  expect(result.differences).toEqual([]);
}, 300_000);
