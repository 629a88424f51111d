/**
 * Measures the compiler itself: wall time and peak memory of `lwc compile` including Node's start, and the speed of the
 * reference interpreter. Writes bench/compiler.json and bench/compiler.md. Run by `npm run bench:compiler`.
 *
 * Times depend on the machine and its load: they are recorded for comparison, never asserted.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { compile, makeNumerics, parseTarget, prepareInterpreter, programSizes } from "../dist/compiler/index.js";

const root = new URL("..", import.meta.url).pathname;
const folders = [join(root, "examples/digits"), join(root, "../shared/models")].filter(existsSync);
const models = folders
  .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
  .filter((path) => /(^|\/)(digits|[a-z0-9_]+_(qdq|qop))\.onnx$/.test(path));
const target = parseTarget("cortex-m7.json", readFileSync(join(root, "targets/cortex-m7.json"), "utf8"));

const rows = models.map((path) => {
  const name = basename(path, ".onnx");
  process.stderr.write(`${name}\n`);
  return { model: name, ...measureCompile(path), ...measureInterpreter(path) };
});
const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}`;
writeFileSync(join(root, "bench/compiler.json"), `${JSON.stringify({ machine, rows }, null, 2)}\n`);
const table = rows.map(
  (r) =>
    `| ${r.model} | ${r.compile_s.toFixed(2)} | ${r.peak_mb} | ${(r.macs / 1e6).toFixed(2)} | ${r.interpreter_mmac_s} |`,
);
writeFileSync(
  join(root, "bench/compiler.md"),
  `${[
    "# The compiler's own speed",
    "",
    "Regenerate with `npm run bench:compiler`. `lwc compile` for cortex-m7, Node's start included, best of three;",
    "interpreter: MACs of the compiled graph per second, best run of three seconds, the first of which warms up the just-in-time",
    "compiler.",
    "",
    `Machine: ${machine}`,
    "",
    "| model | compile, s | peak memory, MB | M MAC | interpreter, M MAC/s |",
    "|---|---:|---:|---:|---:|",
    ...table,
  ].join("\n")}\n`,
);

function measureCompile(path) {
  const out = mkdtempSync(join(tmpdir(), "lwc-bench-"));
  const rss = join(out, "rss");
  const code = `import{writeFileSync}from"node:fs";process.on("exit",()=>writeFileSync(${JSON.stringify(rss)},String(process.resourceUsage().maxRSS)))`;
  const hook = `data:text/javascript,${encodeURIComponent(code)}`;
  let best = Number.POSITIVE_INFINITY;
  let peak = 0;
  for (let i = 0; i < 3; i++) {
    const start = process.hrtime.bigint();
    const args = [
      "--import",
      hook,
      join(root, "dist/compiler/cli/main.js"),
      "compile",
      path,
      "--target",
      "cortex-m7",
      "-o",
      join(out, "c"),
      "--force",
    ];
    const run = spawnSync(process.execPath, args, { encoding: "utf8" });
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    if (run.status !== 0) throw new Error(`${path}: ${run.stderr}`);
    best = Math.min(best, seconds);
    peak = Math.max(peak, Number(readFileSync(rss, "utf8")));
  }
  rmSync(out, { recursive: true });
  return { compile_s: Math.round(best * 100) / 100, peak_mb: Math.round(peak / 1024) };
}

function measureInterpreter(path) {
  const { program } = compile(readFileSync(path), target);
  const run = prepareInterpreter(program.graph, makeNumerics("ort"));
  const inputs = program.graph.inputs.map((port) => {
    const shape = program.graph.tensors.get(port.tensor).shape;
    return Int8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 37) % 256) - 128);
  });
  const { macs, weightBytes, tableBytes, arenaBytes, ioBytes } = programSizes(program);
  let best = Number.POSITIVE_INFINITY;
  for (const begin = Date.now(); Date.now() < begin + 3000; ) {
    const start = process.hrtime.bigint();
    run(inputs);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / 1e9);
  }
  return {
    macs,
    weight_bytes: weightBytes,
    table_bytes: tableBytes,
    arena_bytes: arenaBytes,
    io_bytes: ioBytes,
    interpreter_mmac_s: Math.round(macs / best / 1e6),
  };
}
