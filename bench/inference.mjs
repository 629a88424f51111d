/**
 * Measures inference of every bench model on every core, in QEMU under the counting plugin, and writes bench/inference.json and
 * bench/inference.md. The figures are the same on every machine. Run by `npm run bench`, see docs/benchmarking.md.
 *
 *   npm run bench                                      everything, writes the table
 *   npm run bench -- --check                           compares with the table, fails where a figure is more than 1 % worse
 *   npm run bench -- --only vww --core cortex-m4       that model, or those whose name has the text: per step, writes nothing
 *   npm run bench -- --only vww --core m4 --write      the same, and writes these rows into the table
 *   npm run bench -- --opt size                        instead of -O speed
 *   npm run bench -- --numerics fast                   instead of ort
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  changeText,
  compareRows,
  mergeRows,
  parseTable,
  printTable,
  tableMarkdown,
  tolerance,
} from "../dist/compiler/cli/report/bench-table.js";
import { figuresOf, figuresText } from "../dist/compiler/cli/report/figures.js";
import { CompileError, compile } from "../dist/compiler/index.js";
import { readAssets } from "../dist/compiler/verify/assets.js";
import { measureProgram } from "../dist/compiler/verify/measure.js";
import { loadTarget } from "../dist/compiler/verify/target-files.js";

const root = new URL("..", import.meta.url).pathname;
const shared = "../shared/models";
/** Name in the table, file. Those under ../shared are measured where they are. */
const models = [
  ["vww", `${shared}/vww_96_int8_qdq.onnx`],
  ["resnet8", `${shared}/resnet8_int8_qdq.onnx`],
  ["kws", `${shared}/kws_dscnn_int8_qdq.onnx`],
  ["ad01", `${shared}/ad01_int8_qdq.onnx`],
  ["mcunet_vww", `${shared}/mcunet_vww_int8_qdq.onnx`],
  ["mobilenetv2", `${shared}/mobilenetv2_pt_int8_qdq.onnx`],
  ["cifar_ghostnet", `${shared}/cifar_ghostnet_int8_qdq.onnx`],
  ["cifar_mobilenetv3", `${shared}/cifar_mobilenetv3_int8_qdq.onnx`],
  ["cifar_shufflenetv2", `${shared}/cifar_shufflenetv2_int8_qdq.onnx`],
  ["cifar_squeezenet", `${shared}/cifar_squeezenet_int8_qdq.onnx`],
  ["digits", "examples/digits/digits.onnx"],
];
const cores = ["m4", "m7", "m33", "m55", "m3", "m0", "m0plus"].map((name) => `cortex-${name}`);
/** Besides -O speed: what flash can be had for. */
const sizeRows = [["vww", "cortex-m4"]];
/** Besides: -O speed with the kernels for any core alone, which those for the core are compared with. */
const portableRows = ["vww", "resnet8", "kws", "ad01"].map((name) => [name, "cortex-m0"]);
const isRow = (list, name, core) => list.some(([a, b]) => a === name && b === core);

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    core: { type: "string" },
    opt: { type: "string" },
    numerics: { type: "string", default: "ort" },
    check: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const isFiltered =
  [options.only, options.core, options.opt].some((value) => value !== undefined) || options.numerics !== "ort";

const tablePath = join(root, "bench/inference.json");
const old = existsSync(tablePath) ? parseTable(readFileSync(tablePath, "utf8")) : [];
const assets = await readAssets();
const fresh = (await inPairs(chooseJobs(), measure)).filter((row) => row !== undefined);

if (isFiltered && !options.check) for (const row of fresh) process.stdout.write(`${figuresText(row)}\n\n`);
const changes = compareRows(old, fresh);
for (const change of changes) process.stdout.write(`${changeText(change)}\n`);
if (options.check) {
  const worse = changes.filter((change) => change.isWorse).length;
  process.stdout.write(`${fresh.length} rows measured, ${worse} figures worse by more than ${100 * tolerance} %\n`);
  process.exitCode = worse > 0 || fresh.length === 0 ? 1 : 0;
} else if (!isFiltered || options.write) {
  const rows = mergeRows(old, fresh).toSorted((a, b) => position(a) - position(b));
  writeFileSync(tablePath, printTable(rows));
  writeFileSync(join(root, "bench/inference.md"), tableMarkdown(rows));
}

/** Rows of the table are in the order of the lists above. */
function position(row) {
  return models.findIndex(([name]) => name === row.model) * cores.length + cores.indexOf(row.target);
}

function chooseJobs() {
  const isExact = models.some(([name]) => name === options.only);
  const isWanted = (name) => (isExact ? name === options.only : name.includes(options.only ?? ""));
  const jobs = models
    .filter(([name, path]) => isWanted(name) && existsSync(join(root, path)))
    .flatMap(([name, path]) =>
      cores
        .filter((core) => options.core === undefined || core === options.core || core === `cortex-${options.core}`)
        .flatMap((core) => {
          const opts = [
            "speed",
            ...(isRow(sizeRows, name, core) ? ["size"] : []),
            ...(isRow(portableRows, name, core) ? ["portable"] : []),
          ];
          return (options.opt === undefined ? opts : [options.opt]).map((opt) => ({ name, path, core, opt }));
        }),
    );
  if (jobs.length === 0) throw new Error(`no model or core matches; cores: ${cores.join(", ")}`);
  return jobs;
}

async function measure({ name, path, core, opt }) {
  process.stderr.write(`${name} ${core} -O ${opt}\n`);
  const isPortable = opt === "portable";
  const target = isPortable ? portable(await loadTarget(core)) : await loadTarget(core);
  const optimize = isPortable ? "speed" : opt;
  const compiled = compile(readFileSync(join(root, path)), target, { name, optimize, numerics: options.numerics });
  try {
    return { ...figuresOf(compiled.program, await measureProgram({ ...compiled, assets })), opt };
  } catch (error) {
    if (!(error instanceof CompileError) || error.diagnostics.some((one) => one.kind !== "unsupported")) throw error;
    process.stderr.write(`  left out: ${error.message}\n`);
    return undefined;
  }
}

/** The target without the kernels that are named after an instruction set. */
function portable(target) {
  const kernels = Object.entries(target.kernels).filter(([name]) => !/_(swar|x4|dsp4?|mve)$/.test(name));
  return { ...target, kernels: Object.fromEntries(kernels) };
}

/** Two at a time: the compilers and QEMU are processes of their own. */
async function inPairs(jobs, work) {
  const results = [];
  let next = 0;
  const worker = async () => {
    while (next < jobs.length) {
      const index = next++;
      results[index] = await work(jobs[index]);
    }
  };
  await Promise.all([worker(), worker()]);
  return results;
}
