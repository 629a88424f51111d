/**
 * The generated C of the digits network on an emulated Cortex-M7, by the harness of `lwc verify`. Needs the built compiler and
 * the toolchain (`npm run build`, `npm run setup` in the root).
 */
import { compile } from "../../dist/compiler/index.js";
import { readAssets } from "../../dist/compiler/verify/assets.js";
import { buildTarget } from "../../dist/compiler/verify/build.js";
import { harnessModel } from "../../dist/compiler/verify/harness-model.js";
import { fromIr, toIr } from "../../dist/compiler/verify/port-values.js";
import { runQemu } from "../../dist/compiler/verify/run-harness.js";
import { loadTarget } from "../../dist/compiler/verify/target-files.js";
import { withWorkspace } from "../../dist/compiler/verify/workspace.js";

/**
 * The logits of each picture, as real numbers.
 * @param {Uint8Array} onnx the bytes of the .onnx file
 * @param {readonly Float32Array[]} pictures pixel / 255, [28][28]
 */
export async function runInQemu(onnx, pictures) {
  const target = await loadTarget("cortex-m7");
  const { program } = compile(onnx, target, { name: "digits" });
  const { graph } = program;
  const inputs = pictures.map((picture) => [toIr(graph, graph.inputs[0], picture)]);
  const model = harnessModel(program, await readAssets(), false);
  return withWorkspace(model, false, async (workspace) => {
    const built = await buildTarget(workspace, model, target, false);
    const results = await runQemu(workspace, model, built, inputs, false);
    return {
      logits: results.map(({ outputs }) => fromIr(graph, graph.outputs[0], outputs[0])),
      machine: built.machine.machine,
    };
  });
}
