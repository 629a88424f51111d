/**
 * `lwc quantize` beside ONNX Runtime's static quantizer, on the same models, samples and measures: writes bench/quantize.json and
 * bench/quantize.md. Run by `npm run bench:quantize`; bench/quantize/ort-baseline.py (Python) has to run first: it writes the
 * samples that both see, and the results of the other side into bench/quantize-onnxruntime.json.
 *
 *   npm run bench:quantize -- work/                    everything
 *   npm run bench:quantize -- work/ resnet8_f32 ...    these models; the others stay as they are in the table
 *   npm run bench:quantize -- --table                  prints bench/quantize.md again from bench/quantize.json
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openInference } from "../dist/compiler/cli/float-inference.js";
import { compile } from "../dist/compiler/index.js";
import { distance, topAccuracy } from "../dist/compiler/quantize/metrics.js";
import { modelInputs } from "../dist/compiler/quantize/prepare.js";
import { quantize } from "../dist/compiler/quantize/quantize.js";
import { readAssets } from "../dist/compiler/verify/assets.js";
import { generateCases } from "../dist/compiler/verify/inputs.js";
import { parseNpy } from "../dist/compiler/verify/npy.js";
import { loadTarget } from "../dist/compiler/verify/target-files.js";
import { verifyProgram } from "../dist/compiler/verify/verify-program.js";

const root = new URL("..", import.meta.url).pathname;
const shared = join(root, "../shared/models");
const jsonPath = join(root, "bench/quantize.json");
const baseline = JSON.parse(readFileSync(join(root, "bench/quantize-onnxruntime.json"), "utf8"));

const [work, ...only] = process.argv.slice(2);
if (work === undefined) throw new Error("usage: npm run bench:quantize -- <folder of ort-baseline.py> [model ...]");
const load = await openInference();
const results = existsSync(jsonPath) ? JSON.parse(readFileSync(jsonPath, "utf8")) : {};
const chosen = work === "--table" ? [] : only.length > 0 ? only : Object.keys(baseline.models);
for (const name of chosen) {
  process.stderr.write(`${name}\n`);
  results[name] = await measure(name, baseline.models[name]);
  write();
}
write();

/** After each model: a run that is cut short keeps what it did. */
function write() {
  const names = Object.keys(baseline.models).filter((name) => results[name] !== undefined);
  const ordered = Object.fromEntries(names.map((name) => [name, results[name]]));
  writeFileSync(jsonPath, `${JSON.stringify(ordered, undefined, 1)}\n`);
  writeFileSync(join(root, "bench/quantize.md"), markdown(ordered));
}

async function measure(name, { set }) {
  const bytes = readFileSync(join(shared, `${name}.onnx`));
  const [input] = modelInputs(bytes);
  const samples = (stem) => {
    const path = join(work, "data", `${set}_${stem}.npy`);
    const { shape, data } = parseNpy(readFileSync(path), path);
    const length = data.length / shape[0];
    const inputs = Array.from({ length: shape[0] }, (_, i) =>
      Float32Array.from(data.slice(i * length, (i + 1) * length)),
    );
    return inputs.map((values, i) => ({ name: `${stem} ${i}`, inputs: new Map([[input.name, values]]) }));
  };
  const test = samples("test");
  const calibration = sourceOf(samples("calibrate"));
  const { bytes: int8, report } = await quantize(bytes, {
    method: "auto",
    calibration,
    heldBack: sourceOf(test),
    load,
  });
  const best = report.tried.find((one) => one.chosen);
  return {
    method: report.method,
    equalized: best?.equalized ?? false,
    bias_corrected: best?.biasCorrected ?? false,
    ...(await compareModels(bytes, int8, input, test, labelsOf(set))),
    ...(await verify(int8)),
  };
}

function sourceOf(samples) {
  return {
    count: samples.length,
    async *[Symbol.asyncIterator]() {
      yield* samples;
    },
  };
}

function labelsOf(set) {
  const path = join(work, "data", `${set}_test_labels.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/** The measures of ort-baseline.py, "integer": int8 in ONNX Runtime's integer kernels, against float. */
async function compareModels(float, int8, { name, shape }, samples, labels) {
  const [floatSession, int8Session] = [await load(float), await load(int8)];
  const distances = new Map();
  const [floatTop, int8Top] = [topAccuracy(1), topAccuracy(1)];
  for (const [i, { inputs }] of samples.entries()) {
    const feeds = new Map([[name, { dims: shape, data: inputs.get(name) }]]);
    const [expected, found] = [await floatSession.run(feeds), await int8Session.run(feeds)];
    for (const [output, { data }] of expected) {
      if (!distances.has(output)) distances.set(output, distance());
      distances.get(output).add(data, found.get(output).data);
    }
    if (labels === undefined) continue;
    floatTop.add(expected.values().next().value.data, labels[i]);
    int8Top.add(found.values().next().value.data, labels[i]);
  }
  await floatSession.release();
  await int8Session.release();
  const values = [...distances].map(([output, one]) => [output, one.value()]);
  const each = (pick) => Object.fromEntries(values.map(([output, one]) => [output, round(pick(one))]));
  return {
    mean_sqnr_db: each((one) => one.meanSqnr),
    pooled_sqnr_db: each((one) => one.sqnr),
    ...(values.length === 1 ? { agreement: round(values[0][1].agreement, 4) } : {}),
    ...(labels === undefined ? {} : { float_top1: round(floatTop.value(), 4), top1: round(int8Top.value(), 4) }),
  };
}

/** The result compiled for Cortex-M7: passes = replay = host = QEMU on two inputs. */
async function verify(bytes) {
  const { program, imported } = compile(bytes, await loadTarget("cortex-m7"), { name: "model" });
  const result = await verifyProgram({
    program,
    imported,
    modelBytes: bytes,
    assets: await readAssets(),
    engines: ["passes", "replay", "host", "qemu"],
    cases: generateCases(imported, 2),
    layers: false,
    strict: true,
  });
  return { differences: result.differences.length };
}

function round(value, digits = 3) {
  return Number(value.toFixed(digits));
}

function markdown(rows) {
  const lines = Object.entries(rows).map(([name, row]) => {
    const { data, methods } = baseline.models[name];
    const others = Object.values(methods).flatMap(({ integer }) => (integer ? [integer] : []));
    const mean = (object) =>
      Object.values(object).reduce((sum, value) => sum + value, 0) / Object.values(object).length;
    const three = (own, pick, digits) => {
      if (own === undefined) return "";
      const best = Math.max(...others.map(pick).filter((value) => value !== undefined));
      return [own, pick(methods.minmax.integer), best].map((value) => value.toFixed(digits)).join(" / ");
    };
    return [
      name,
      data,
      row.float_top1?.toFixed(3) ?? "",
      three(row.top1, (one) => one.top1, 3),
      three(row.agreement, (one) => one.agreement, 3),
      three(mean(row.mean_sqnr_db), (one) => mean(one.mean_sqnr_db), 1),
      three(mean(row.pooled_sqnr_db), (one) => mean(one.pooled_sqnr_db), 1),
      [row.method, row.equalized ? "equalized" : "", row.bias_corrected ? "bias corrected" : ""]
        .filter(Boolean)
        .join(", "),
      row.differences,
    ];
  });
  const columns = [
    "model",
    "samples: calibration / test",
    "top-1 float",
    "top-1",
    "agreement",
    "mean SQNR, dB",
    "pooled SQNR, dB",
    "lwc chose",
    "differing bytes",
  ];
  const { versions } = baseline;
  return [
    "# Quantizing: lwc beside ONNX Runtime's static quantizer",
    "",
    "Regenerate with `bench/quantize/ort-baseline.py` and then `npm run bench:quantize`. Both sides calibrate on the same samples and",
    "are measured on the same others, int8 in ONNX Runtime's integer kernels against the float model. lwc runs once, `--method auto`",
    `without labels. Three figures are lwc / ONNX Runtime ${versions.onnxruntime} with its default method, MinMax / the best of its MinMax,`,
    "Entropy and Percentile in that column, which is more than one run of it can give; per channel, int8, QDQ. Mean SQNR: of each test",
    "sample, cut at 60 dB, averaged over samples and outputs; pooled: of all values at once. One picture of 500 is 0.002 of top-1; the",
    "standard error of a top-1 of 0.75 on 500 pictures is 0.019.",
    '"differing bytes": reference = schedule = host C = C in QEMU on a Cortex-M7, two inputs.',
    "",
    `| ${columns.join(" | ")} |`,
    `|${columns.map((_, i) => (i < 2 ? "---" : "---:")).join("|")}|`,
    ...lines.map((cells) => `| ${cells.join(" | ")} |`),
    "",
  ].join("\n");
}
