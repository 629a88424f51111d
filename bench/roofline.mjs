/**
 * How close the kernels come to what their cores allow: instructions of the layers of the bench models, by kernel, against the
 * analytic limit of the kernel's scheme (bench/roofline-limits.mjs). Writes bench/roofline.md. Run by `npm run bench:roofline`.
 *
 *   npm run bench:roofline                             every model that is present, every core
 *   npm run bench:roofline -- --only vww --core m4     prints the rows and writes nothing
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compile } from "../dist/compiler/index.js";
import { readAssets } from "../dist/compiler/verify/assets.js";
import { measureProgram } from "../dist/compiler/verify/measure.js";
import { loadTarget } from "../dist/compiler/verify/target-files.js";
import { limits } from "./roofline-limits.mjs";

const root = new URL("..", import.meta.url).pathname;
const shared = "../shared/models";
const models = [
  `${shared}/vww_96_int8_qdq.onnx`,
  `${shared}/resnet8_int8_qdq.onnx`,
  `${shared}/kws_dscnn_int8_qdq.onnx`,
  `${shared}/ad01_int8_qdq.onnx`,
  `${shared}/mcunet_vww_int8_qdq.onnx`,
  `${shared}/cifar_ghostnet_int8_qdq.onnx`,
  `${shared}/cifar_mobilenetv3_int8_qdq.onnx`,
  `${shared}/cifar_shufflenetv2_int8_qdq.onnx`,
  `${shared}/cifar_squeezenet_int8_qdq.onnx`,
  "examples/digits/digits.onnx",
];
const assets = await readAssets();
const { values: options } = parseArgs({ options: { only: { type: "string" }, core: { type: "string" } } });
const allCores = ["m4", "m7", "m33", "m55", "m3", "m0"];
const cores = allCores.filter((core) => (options.core ?? core) === core);

/** By core, kernel and geometry: layers, units of work, instructions, cycles and limit, summed. */
const rows = new Map();
for (const core of cores) {
  const target = await loadTarget(`cortex-${core}`);
  for (const path of models) {
    if (!existsSync(join(root, path)) || !path.includes(options.only ?? "")) continue;
    process.stderr.write(`${path} ${core}\n`);
    await addModel(core, target, path);
  }
}

async function addModel(core, target, path) {
  const compiled = compile(readFileSync(join(root, path)), target, { optimize: "speed" });
  const { steps, cycleModel } = await measureProgram({ ...compiled, assets });
  for (const step of compiled.program.schedule.steps) {
    const entry = limits[step.call?.kernel];
    if (entry === undefined) continue;
    const layer = layerOf(compiled.program.graph, step, core);
    const key = `${core} ${step.call.kernel} ${layer.window}`;
    const row = rows.get(key) ?? {
      ...entry,
      core,
      kernel: step.call.kernel,
      window: layer.window,
      layers: 0,
      units: 0,
      instructions: 0,
      cycles: 0,
      limit: 0,
    };
    const count = steps.get(step.index);
    row.layers += 1;
    row.units += layer[`${entry.unit}s`];
    row.instructions += count.instructions;
    row.cycles += count.cycles[cycleModel];
    row.limit += entry.limit(layer);
    rows.set(key, row);
  }
}

/** What the formulas know of a layer. */
function layerOf(graph, { node, call, macs }, core) {
  const tensor = (id) => graph.tensors.get(id);
  const count = (shape) => shape.reduce((a, b) => a * b, 1);
  const output = tensor(node.output);
  const input = tensor(node.inputs[0]);
  const weights = node.inputs.map(tensor).find(({ data, shape }) => data && shape.length === 4);
  const [strideH, strideW] = node.attrs.strides ?? [1, 1];
  const [kernelH, kernelW] = weights?.shape.slice(1, 3) ?? node.attrs.kernel ?? [1, 1];
  const isDepthwise = call.kernel.includes("depthwise");
  return {
    core,
    macs,
    outputs: count(output.shape),
    inputs: node.inputs.filter((id) => !tensor(id).data).reduce((sum, id) => sum + count(tensor(id).shape), 0),
    outC: output.shape.at(-1),
    outW: output.shape.at(-2) ?? 1,
    outH: output.shape.length === 4 ? output.shape[1] : 1,
    inW: input.shape.at(-2) ?? 1,
    /** Input values of a window. */
    taps: weights
      ? count(weights.shape.slice(1))
      : count([kernelH, kernelW]) * (isDepthwise ? 1 : (input.shape.at(-1) ?? 1)),
    kernelH,
    kernelW,
    strideW,
    rowsPerCall: call.drive.block ?? 1,
    strideH,
    form: call.params.fields.requant?.form ?? 0,
    window: isDepthwise || call.kernel.includes("pool") ? `${kernelH}x${kernelW} s${strideW}` : "",
  };
}

const order = (row) => allCores.indexOf(row.core);
const lines = [...rows.values()]
  .toSorted((a, b) => order(a) - order(b) || a.kernel.localeCompare(b.kernel) || a.window.localeCompare(b.window))
  .map((row) => {
    const [got, bound, cycles] = [row.instructions, row.limit, row.cycles].map((value) =>
      (value / row.units).toFixed(2),
    );
    const share = Math.round((100 * row.limit) / row.instructions);
    const kernel = `\`${row.kernel}\`${row.window ? ` ${row.window}` : ""}`;
    return `| ${row.core} | ${kernel} | ${row.layers} | ${row.units} | ${row.unit} | ${got} | ${bound} | ${share} % | ${cycles} | ${row.rest} |`;
  });
const table = [
  "| core | kernel | layers | work | unit | instructions per unit | limit | reached | modelled cycles per unit | the rest |",
  "|---|---|---:|---:|---|---:|---:|---:|---:|---|",
  ...lines,
].join("\n");
if (options.only === undefined && options.core === undefined) {
  writeFileSync(
    join(root, "bench/roofline.md"),
    `# Roofline\n\nWritten by \`npm run bench:roofline\`: layers of the bench models under \`-O speed\`, default numerics, by kernel and core. The limit is\nwhat the instructions of the kernel's scheme alone take (bench/roofline-limits.mjs): multiplications, the loads that feed them,\nexpansion of the input, requantization and stores, without addresses, loops, calls and borders. The last column says what lies\nbetween; more in [docs/kernels.md](../docs/kernels.md#what-is-left). The unit is a multiply-accumulate, an input or an output value.\n\n${table}\n`,
  );
} else {
  process.stdout.write(`${table}\n`);
}
