/**
 * Time and memory of `lwc quantize` on many samples of CIFAR's size, Node's start included: writes bench/calibration.json and
 * bench/calibration.md. Run by `npm run bench:calibration`. The samples are the pictures of ../shared/data, again and again,
 * mirrored and with other brightness: no two are equal. Times depend on the machine and its load: recorded, never asserted.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
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
const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}`;
writeFileSync(join(root, "bench/calibration.json"), `${JSON.stringify({ machine, rows }, null, 2)}\n`);
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
