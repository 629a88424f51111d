/**
 * RAM of one inference for every goal of optimization, graph input and output inside the arena, or the input row by row: writes bench/memory.json and
 * bench/memory.md. Memory does not depend on the machine; instructions are counted in QEMU as for bench/inference.md.
 *
 *   npm run bench:memory                         everything, writes the table
 *   npm run bench:memory -- --only vww           that model alone, prints it, writes nothing
 *   npm run bench:memory -- --no-count           leaves the instructions as they are in the table
 *   npm run bench:memory -- --check              fails where an arena is larger than in the table, writes nothing
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { architectures } from "../dist/bench/test/support/architectures/index.js";
import { openInference } from "../dist/compiler/cli/float-inference.js";
import { CompileError, compile } from "../dist/compiler/index.js";
import { quantize } from "../dist/compiler/quantize/quantize.js";
import { singleRows } from "../dist/compiler/schedule/block-rows.js";
import { orderRows } from "../dist/compiler/schedule/choose-kernels.js";
import { computeLiveness } from "../dist/compiler/schedule/liveness.js";
import { planArena } from "../dist/compiler/schedule/plan-arena.js";
import { liveTensorBytes, programSizes } from "../dist/compiler/schedule/program-sizes.js";
import { readAssets } from "../dist/compiler/verify/assets.js";
import { measureProgram } from "../dist/compiler/verify/measure.js";
import { loadTarget } from "../dist/compiler/verify/target-files.js";

const root = new URL("..", import.meta.url).pathname;
const shared = "../shared/models";
const core = "cortex-m4";

/** Name in the table, file; those under ../shared are measured where they are. */
const files = [
  ["vww", `${shared}/vww_96_int8_qdq.onnx`],
  ["resnet8", `${shared}/resnet8_int8_qdq.onnx`],
  ["kws", `${shared}/kws_dscnn_int8_qdq.onnx`],
  ["ad01", `${shared}/ad01_int8_qdq.onnx`],
  ["mcunet_vww", `${shared}/mcunet_vww_int8_qdq.onnx`],
  ["mobilenetv2", `${shared}/mobilenetv2_pt_int8_qdq.onnx`],
  ["cifar_squeezenet", `${shared}/cifar_squeezenet_int8_qdq.onnx`],
  ["cifar_shufflenetv2", `${shared}/cifar_shufflenetv2_int8_qdq.onnx`],
  ["cifar_ghostnet", `${shared}/cifar_ghostnet_int8_qdq.onnx`],
  ["rfb320", `${shared}/rfb320_int8_qdq.onnx`],
  ["digits", "examples/digits/digits.onnx"],
];
/** Networks of test/support/architectures in their published size: random weights, quantized here on one random sample. */
const built = ["squeezenet-1.1", "shufflenet-v2", "ghostnet", "yolov3-tiny", "densenet-121"];

/** Arena bytes that others need for the same network, input and output inside: measured builds, Cortex-M4. */
const peers = {
  vww: { TFLM: 100_708, onnx2c: 82_944, TinyEngine: 60_728 },
  resnet8: { TFLM: 54_996 },
  kws: { TFLM: 22_820 },
  ad01: { TFLM: 2_580 },
  mcunet_vww: { TinyEngine: 93_992, "TinyEngine, patches": 81_552 },
};

/**
 * By file: bytes that an arena may take by default, with RAM as the goal and with the input row by row, for this project to be ahead of
 * everyone; for the CIFAR networks 60 % of what is alive layer by layer.
 */
const bars = JSON.parse(readFileSync(join(root, "bench/ram-bars.json"), "utf8"));
const barsOf = (name) => bars[(files.find(([model]) => model === name)?.[1] ?? "").replace(/^.*\/|\.onnx$/g, "")];

/** Columns: what is compiled for. */
const goals = {
  speed: { optimize: "speed" },
  // More RAM than any network needs: no streams.
  layers: { ram: 2 ** 30 },
  default: {},
  ram: { optimize: "ram" },
  rows: { optimize: "ram", input: "rows" },
  least: { optimize: "ram", ram: "least" },
  least_rows: { optimize: "ram", ram: "least", input: "rows" },
};

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    "no-count": { type: "boolean", default: false },
    check: { type: "boolean", default: false },
  },
});

const tablePath = join(root, "bench/memory.json");
const old = existsSync(tablePath) ? JSON.parse(readFileSync(tablePath, "utf8")) : [];
const target = await loadTarget(core);
const assets = await readAssets();
const load = await openInference();
const isWanted = (name) => options.only === undefined || name === options.only;
const isCounting = !options["no-count"] && !options.check;

const rows = [];
for (const [name, path] of files) {
  if (!isWanted(name) || !existsSync(join(root, path))) continue;
  rows.push(await measure(name, readFileSync(join(root, path))));
  save();
}
for (const name of built) {
  const architecture = architectures.find((one) => one.name === name);
  if (!isWanted(name) || architecture === undefined) continue;
  rows.push(await measure(name, await quantized(architecture.published())));
  save();
}

if (options.check) {
  const worse = rows.flatMap((row) => {
    const before = old.find((other) => other.model === row.model);
    return Object.keys(goals)
      .filter((goal) => before?.arena[goal] < row.arena[goal])
      .map((goal) => `${row.model} ${goal}: ${row.arena[goal]} bytes, ${before.arena[goal]} in the table\n`);
  });
  process.stdout.write(`${worse.join("")}${rows.length} models, ${worse.length} arenas grew\n`);
  process.exitCode = worse.length > 0 ? 1 : 0;
} else if (options.only !== undefined) {
  process.stdout.write(`${JSON.stringify(rows, undefined, 1)}\n`);
}

/** Writes what is measured so far; models that are not, or cannot be, keep their rows. */
function save() {
  if (options.check || options.only !== undefined) return;
  const missing = old.filter((before) => !rows.some((row) => row.model === before.model));
  const order = [...files.map(([name]) => name), ...built];
  const table = [...rows, ...missing].sort((a, b) => order.indexOf(a.model) - order.indexOf(b.model));
  writeFileSync(tablePath, `${JSON.stringify(table, undefined, 1)}\n`);
  writeFileSync(join(root, "bench/memory.md"), markdown(table));
}

/** Row of the table. */
async function measure(name, bytes) {
  const arena = {};
  const lowerBound = {};
  const streams = {};
  const instructions = {};
  const before = old.find((row) => row.model === name)?.instructions ?? {};
  const isMeasured = isCounting && !built.includes(name);
  let live = 0;
  for (const [goal, goalOptions] of Object.entries(goals)) {
    process.stderr.write(`${name} ${goal}\n`);
    const compiled = compiledFor(bytes, { name: name.replaceAll(/[^a-z0-9]/g, "_"), io: "arena", ...goalOptions });
    if (compiled === undefined) continue;
    const { program } = compiled;
    live = liveTensorBytes(program);
    arena[goal] = programSizes(program).contextBytes;
    lowerBound[goal] = program.arena.lowerBound;
    streams[goal] = program.schedule.streams.map(({ first, last }) => [first, last]);
    const count = isMeasured ? (await measureProgram({ ...compiled, assets })).total.instructions : before[goal];
    if (count !== undefined) instructions[goal] = count;
    if (goal !== "layers") continue;
    const single = isMeasured ? await countSingleRows(compiled) : before.single;
    if (single !== undefined) instructions.single = single;
  }
  const within = await measureBars(name, bytes, isMeasured);
  return { model: name, live, arena, lower_bound: lowerBound, streams, instructions, within, peers: peers[name] ?? {} };
}

/** Bytes and instructions of the fastest plan within each bar. */
async function measureBars(name, bytes, isMeasured) {
  const limits = barsOf(name);
  if (limits === undefined) return {};
  const before = old.find((row) => row.model === name)?.within ?? {};
  const within = {};
  for (const goal of ["ram", "rows"]) {
    const bar = limits[goal];
    process.stderr.write(`${name} ${goal} within ${bar}\n`);
    const compiled = compiledFor(bytes, { name, io: "arena", ...goals[goal], ram: bar });
    if (compiled === undefined) continue;
    const count = isMeasured
      ? (await measureProgram({ ...compiled, assets })).total.instructions
      : before[goal]?.instructions;
    const { contextBytes } = programSizes(compiled.program);
    within[goal] = { bar, bytes: contextBytes, ...(count === undefined ? {} : { instructions: count }) };
  }
  return within;
}

/** Instructions layer by layer where each call makes one row, in an arena laid out for that. */
async function countSingleRows(compiled) {
  const { schedule, options } = compiled.program;
  const single = singleRows({ ...schedule, steps: schedule.steps.map(({ backward: _, ...step }) => step) });
  const arena = planArena(computeLiveness(single, options, "cheap"), single.steps.length);
  const program = { ...compiled.program, schedule: orderRows(single, arena.overlaps), arena };
  return (await measureProgram({ ...compiled, program, assets })).total.instructions;
}

/** Undefined where the input has no rows that could arrive one by one. */
function compiledFor(bytes, compileOptions) {
  try {
    return compile(bytes, target, compileOptions);
  } catch (error) {
    const isWithoutRows = error instanceof CompileError && error.diagnostics.some(({ code }) => code === "LWC4004");
    if (isWithoutRows) return undefined;
    throw error;
  }
}

/** Memory depends on shapes alone: one random sample and the fastest method do. */
async function quantized({ bytes, input }) {
  process.stderr.write(`quantizing ${input.name} ${input.dims.join("x")}\n`);
  let state = 1;
  const data = Float32Array.from({ length: input.dims.reduce((a, b) => a * b, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  const sample = { name: "random", inputs: new Map([[input.name, data]]) };
  const calibration = {
    count: 1,
    async *[Symbol.asyncIterator]() {
      yield sample;
    },
  };
  return (await quantize(bytes, { method: "minmax", calibration, load })).bytes;
}

function markdown(table) {
  const group = (value) => value.toLocaleString("en-US");
  const signed = (own, base) => `${own < base ? "" : "+"}${((own / base - 1) * 100).toFixed(1)}`;
  const columns = Object.keys(goals);
  const titles = {
    speed: "-O speed",
    layers: "layer by layer",
    default: "default",
    ram: "-O ram",
    rows: "-O ram --rows input",
    least: "--ram least",
    least_rows: "--ram least --rows input",
  };
  const lines = table.map(({ model, live, arena, instructions, peers: others }) => {
    const best = Object.values(arena).reduce((a, b) => Math.min(a, b), live);
    const extra = columns.map((goal) => {
      const [own, base] = [instructions[goal], instructions.layers];
      if (own === undefined || base === undefined || goal === "speed" || goal === "layers") return "";
      return ` (${signed(own, instructions.single)}, ${signed(own, base)} %)`;
    });
    const cells = columns.map((goal, i) => (arena[goal] === undefined ? "" : `${group(arena[goal])}${extra[i]}`));
    const named = Object.entries(others).map(([name, bytes]) => `${name} ${group(bytes)}`);
    return `| ${model} | ${group(live)} | ${cells.join(" | ")} | ${Math.round((100 * best) / live)} % | ${named.join(", ")} |`;
  });
  const barLines = table
    .filter(({ within }) => within?.ram !== undefined)
    .map(({ model, arena, instructions, within }) => {
      const cell = (bytes, bar, count) => {
        const more = count === undefined ? "" : ` (${signed(count, instructions.layers)} %)`;
        return `${group(bytes)} of ${group(bar)}${more}`;
      };
      const cells = Object.values(within).map((one) => cell(one.bytes, one.bar, one.instructions));
      return `| ${[model, cell(arena.default, barsOf(model).default, instructions.default), ...cells].join(" | ")} |`;
    });
  return `# RAM of one inference

Bytes of the context: arena with graph input and output, kernel scratch included, ${core}; "layer by layer" is the default without
streams of rows, with as much RAM as it likes. The default and \`-O ram\` go as far as modelled cycles allow (docs/memory.md), \`--ram least\`
as far as possible; with \`--rows input\` the input comes row by row. "live" is what layer
by layer execution needs at its busiest step: inputs and outputs of the step and all that is read later, joins copied, nothing in place.
In brackets the instructions compared with layer by layer, where they were counted: first where that makes a row per call too, which is
what streaming costs; then where it makes several rows per call that share work, which is what the RAM costs. "share" is the smallest
column as a share of "live". Peers: builds of the same network by others. Written by \`npm run bench:memory\`.

| model | live | ${columns.map((goal) => titles[goal]).join(" | ")} | share | peers |
|---|---:|${columns.map(() => "---:|").join("")}---:|---|
${lines.join("\n")}

## Within a limit

What this project set out to reach: bytes of the plan that \`--ram\` with that limit gives, and its instructions compared with layer by
layer, several rows per call. In the first column the default, which has no limit. Limits are in ram-bars.json.

| model | default | -O ram | --rows input |
|---|---:|---:|---:|
${barLines.join("\n")}
`;
}
