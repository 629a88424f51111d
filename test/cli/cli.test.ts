/** The command line as a user meets it: results, refusals, exit codes, and files that are never half-written. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { allOps } from "../../compiler/ops/index.js";
import { OnnxBuilder } from "../support/onnx-builder.js";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "lwc-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function lwc(...args: string[]): Result {
  const run = spawnSync(process.execPath, [join(root, "dist/compiler/cli/main.js"), ...args], {
    cwd: folder,
    encoding: "utf8",
  });
  // Whatever happens, a user never sees where in lwc it happened.
  expect(run.stderr).not.toMatch(/\n\s+at /);
  return { code: run.status, out: run.stdout, err: run.stderr };
}

function write(name: string, bytes: Uint8Array | string): string {
  writeFileSync(join(folder, name), bytes);
  return name;
}

function tinyModel(nodeName = "conv1"): Uint8Array {
  const b = new OnnxBuilder();
  const x = b.qdq(b.input("image", "float32", ["N", 1, "H", 6]), 0.1, 0);
  const w = b.weights(
    [2, 1, 3, 3],
    Array.from({ length: 18 }, (_, i) => i - 9),
    [0.01],
  );
  const y = b.node("Conv", [x, w], { name: nodeName });
  return b.output(b.qdq(y, 0.05, 3), "float32").build();
}

const tiny = write("tiny.onnx", tinyModel());
const shape = ["--input-shape", "image=1x1x6x6"];

describe("--region", () => {
  const regions = (...list: string[]): string[] => list.flatMap((region) => ["--region", region]);

  test("divides the arena, and says how", () => {
    const flags = ["-t", "cortex-m4", "--io", "arena", ...shape];
    const divided = lwc("compile", tiny, ...flags, "-o", "divided", ...regions("slow=1K@7", "fast=40@0"));
    expect(divided.code).toBe(0);
    expect(divided.out).toMatch(/fast +\d+ of 40 bytes, 0 modelled cycles of waiting\n +slow +\d+ of 1 024 bytes/);
    const header = readFileSync(join(folder, "divided/tiny.h"), "utf8");
    expect(header).toMatch(/tiny\.onnx -t .* --region slow=1K@7 --region fast=40@0/);
    expect(header).toMatch(/lwc_status lwc_tiny_init\(/);
    const { out } = lwc("inspect", tiny, "--json", ...flags, ...regions("slow=1K@7", "fast=40@0"));
    expect(JSON.parse(out).regions).toMatchObject([
      { name: "fast", bytes: 40, cycles: 0, wait_cycles: 0 },
      { name: "slow", bytes: 1024, cycles: 7 },
    ]);
  });

  test.each([
    ["LWC7160", regions("a=1K=2")],
    ["LWC7150", regions("a=much@2")],
    ["LWC4006", regions("a=1K@2", "A=1K@2")],
    ["LWC4009", regions("SRAM")],
    ["LWC4010", regions("a=8@0", "b=8@1")],
    ["LWC4005", ["--ram", "8"]],
  ])("%s for %j", (code, flags) => {
    const refused = lwc("compile", tiny, "-t", "cortex-m4", "--io", "arena", "-o", "no", ...shape, ...flags);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(`${code} error`);
    expect(existsSync(join(folder, "no"))).toBe(false);
  });

  test("several are refused for models that are linked", () => {
    const flags = ["-t", "cortex-m4", "--io", "arena", ...shape, ...regions("slow=1K@7", "fast=40@0")];
    const { code, err } = lwc("link", tiny, "-o", "linked", ...flags);
    expect(code).toBe(1);
    expect(err).toMatch(/LWC4011 unsupported: model "tiny" has its arena in fast, slow/);
  });
});

describe("--hot-weights", () => {
  test("writes the constants into a file of their own, and says how many bytes they take", () => {
    const flags = ["-t", "nucleo-h743zi", "--hot-weights", "DTCM=1K", ...shape];
    const { code, out } = lwc("compile", tiny, "-o", "hot", ...flags);
    expect(code).toBe(0);
    expect(out).toMatch(/DTCM +\d+ bytes for \d+ constants that start-up code copies/);
    expect(readFileSync(join(folder, "hot/tiny_hot.c"), "utf8")).toContain("#ifndef LWC_TINY_HOT_WEIGHTS");
    const { out: json } = lwc("inspect", tiny, "--json", ...flags);
    expect(JSON.parse(json).hot_weights).toMatchObject({ region: "DTCM", room: 1024, flash_cycles: 2.5 });
    expect(lwc("inspect", tiny, ...flags).out).toMatch(/hot weights\n +\d+ constants in DTCM/);
  });

  test.each([
    ["LWC7160", "a=1=2"],
    ["LWC4012", "DTCM=1M"],
    ["LWC4009", "psram=1M"],
  ])("%s for %s", (code, text) => {
    const refused = lwc("compile", tiny, "-t", "nucleo-h743zi", "-o", "no", "--hot-weights", text, ...shape);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(`${code} error`);
  });
});

describe("compile", () => {
  test("writes sources and a report, and says the sizes", () => {
    const { code, out } = lwc("compile", tiny, "-t", "cortex-m4", "-o", "c1", ...shape);
    expect(code).toBe(0);
    expect(out).toMatch(/tiny for cortex-m4/);
    expect(readdirSync(join(folder, "c1")).sort()).toEqual([
      ".lwc-manifest.json",
      "lwc",
      "tiny.c",
      "tiny.h",
      "tiny_report.html",
      "tiny_report.json",
      "tiny_report.txt",
      "tiny_weights.c",
      "tiny_weights.h",
    ]);
  });

  test("--json has stable keys", () => {
    const { code, out } = lwc("compile", tiny, "-t", "cortex-m4", "-o", "c2", "--json", ...shape);
    expect(code).toBe(0);
    const result = JSON.parse(out);
    for (const key of ["files", "arena_bytes", "weight_bytes", "ctx_bytes", "warnings"])
      expect(result).toHaveProperty(key);
    expect(result.files).toContain(join("c2", "tiny.c"));
  });

  test("the same input gives the same bytes, wherever it runs", () => {
    lwc("compile", tiny, "-t", "cortex-m4", "-o", "same", ...shape);
    const first = readFileSync(join(folder, "same/tiny.c"), "utf8");
    lwc("compile", tiny, "-t", "cortex-m4", "-o", "same", ...shape);
    expect(readFileSync(join(folder, "same/tiny.c"), "utf8")).toBe(first);
    expect(first).not.toContain(folder);
  });

  test("leaves a folder with other files alone, unless forced", () => {
    mkdirSync(join(folder, "mine"));
    writeFileSync(join(folder, "mine/main.c"), "int main(void) { return 0; }\n");
    const refused = lwc("compile", tiny, "-t", "cortex-m4", "-o", "mine", ...shape);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/LWC7112 .*main\.c/);
    expect(readdirSync(join(folder, "mine"))).toEqual(["main.c"]);
    expect(lwc("compile", tiny, "-t", "cortex-m4", "-o", "mine", "--force", ...shape).code).toBe(0);
    expect(existsSync(join(folder, "mine/main.c"))).toBe(true);
    expect(existsSync(join(folder, "mine/tiny.c"))).toBe(true);
  });

  test("--dump-after writes .lwir", () => {
    expect(lwc("compile", tiny, "-t", "cortex-m4", "-o", "dump", "--dump-after", "all", ...shape).code).toBe(0);
    expect(readdirSync(join(folder, "dump/dump")).length).toBeGreaterThan(3);
  });

  test("nothing is written when the model is at fault", () => {
    const { code, err } = lwc("compile", tiny, "-t", "cortex-m4", "-o", "never");
    expect(code).toBe(1);
    expect(err).toMatch(/LWC1311 error: .*"H".*\n\s+hint: .*--input-shape/);
    expect(existsSync(join(folder, "never"))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.startsWith(".never"))).toEqual([]);
  });

  test("hostile node names reach neither the C nor the terminal raw", () => {
    const hostile = write("hostile.onnx", tinyModel('*/ int evil; /*\u001b[31m\n"\\'));
    const { code, out } = lwc("compile", hostile, "-t", "cortex-m4", "-o", "hostile", ...shape);
    expect(code).toBe(0);
    const c = readFileSync(join(folder, "hostile/hostile.c"), "utf8");
    expect(c).not.toMatch(/\*\/ int evil/);
    expect(out).not.toContain("\u001b[31m");
    const html = readFileSync(join(folder, "hostile/hostile_report.html"), "utf8");
    expect(html).not.toContain("\u001b");
  });
});

describe("refusals", () => {
  test.each([
    ["empty.onnx", new Uint8Array(0), "LWC1001"],
    ["cut.onnx", tinyModel().slice(0, 100), "LWC1002"],
    ["text.onnx", "hello, this is no model", "LWC100"],
  ])("%s", (name, bytes, code) => {
    const result = lwc("compile", write(name, bytes), "-t", "cortex-m4", "-o", "x");
    expect(result.code).toBe(1);
    expect(result.err).toContain(code);
    expect(result.err).toContain("hint:");
  });

  test("a float model is told about quantization", () => {
    const b = new OnnxBuilder();
    const y = b.node("Relu", [b.input("x", "float32", [1, 4])]);
    const { code, err } = lwc("compile", write("float.onnx", b.output(y, "float32").build()), "-t", "cortex-m4");
    expect(code).toBe(1);
    expect(err).toMatch(/LWC1330 .*float model[\s\S]*lwc quantize/);
  });

  test.each([
    [["compile", tiny, "-t", "cortex-m99"], 1, /LWC7004 .*cortex-m7/],
    [["compile", tiny, "--tarket", "cortex-m4"], 2, /unknown option '--tarket'/],
    [["compile", tiny], 2, /--target/],
    [["compile"], 2, /missing required argument/],
    [["conpile"], 2, /unknown command 'conpile'[\s\S]*compile/],
    [["compile", "absent.onnx", "-t", "cortex-m4"], 1, /LWC7101 .*does not exist/],
    [["compile", tiny, "-t", "cortex-m4", "--numerics", "tflite"], 1, /LWC7103 .*ort/],
    [["compile", tiny, "-t", "cortex-m4", "--input-shape", "1x1"], 1, /LWC7104/],
  ])("%j", (args, code, message) => {
    const result = lwc(...args);
    expect(result.err).toMatch(message);
    expect(result.code).toBe(code);
  });
});

test("inspect: keys of --json, the graph as text, reasons", () => {
  const json = JSON.parse(lwc("inspect", tiny, "--json", ...shape).out);
  for (const key of [
    "macs",
    "params",
    "weight_bytes",
    "table_bytes",
    "arena_bytes",
    "arena_lower_bound",
    "transposes",
    "float_islands",
  ])
    expect(json).toHaveProperty(key);
  expect(json.macs).toBe(4 * 4 * 2 * 9);
  expect(lwc("inspect", tiny, "--ir", ...shape).out).toMatch(/^graph tiny \{/);
  expect(lwc("inspect", tiny, "--why", ...shape).out).toMatch(/eliminate-channels/);
  expect(lwc("inspect", tiny, "--op", "Conv", ...shape).out).toMatch(/1 nodes of Conv/);
});

test("inspect --pareto: what RAM buys, as text and JSON", () => {
  const { code, out } = lwc("inspect", tiny, "--pareto", ...shape);
  expect(code).toBe(0);
  expect(out).toMatch(/RAM +cycles +flash +options\n +\d+ +[\d ]+ -O \w+/);
  const json = JSON.parse(lwc("inspect", tiny, "--pareto", "--json", ...shape).out);
  expect(json).toMatchObject({ model: "tiny", target: "cortex-m4" });
  const [row] = json.rows;
  expect(Object.keys(row)).toEqual(["optimize", "ram", "ram_bytes", "cycles", "flash_bytes"]);
});

describe("link", () => {
  const second = write("second.onnx", tinyModel("other"));

  test("writes one folder with one context, and says what is shared", () => {
    const { code, out } = lwc(
      "link",
      tiny,
      second,
      "-t",
      "cortex-m4",
      "-o",
      "linked",
      "--name",
      "both",
      "--json",
      ...shape,
    );
    expect(code).toBe(0);
    const json = JSON.parse(out);
    expect(json.models.map((model: { name: string }) => model.name)).toEqual(["tiny", "second"]);
    // The same network twice: what it costs once.
    expect(json.constant_bytes).toBe(json.models[0].constant_bytes);
    const files = readdirSync(join(folder, "linked"));
    expect(files).toEqual(
      expect.arrayContaining(["both.h", "both_weights.c", "both_kernels.c", "tiny.c", "second.h", "lwc"]),
    );
    expect(readFileSync(join(folder, "linked/both.h"), "utf8")).toMatch(/lwc_tiny_ctx tiny;\n +lwc_second_ctx second;/);
  });

  test.each([
    [[tiny, tiny], "models", /LWC7157 .*"tiny"/],
    [[tiny, second], "tiny", /LWC7157 .*"tiny"/],
    [[tiny, second], "a b", /LWC7159/],
  ])("refuses names that do not fit: %j", (models, name, message) => {
    const result = lwc("link", ...models, "-t", "cortex-m4", "-o", "refused", "--name", name, ...shape);
    expect(result.err).toMatch(message);
    expect(result.code).toBe(1);
    expect(existsSync(join(folder, "refused"))).toBe(false);
  });
});

test("run: a .bin file through the reference interpreter", () => {
  write("zeros.bin", new Uint8Array(36));
  const { code, out } = lwc("run", tiny, "--input", "zeros.bin", "--json", ...shape);
  expect(code).toBe(0);
  // Zero is the zero point of the input: every output is the output's zero point.
  expect(new Set(JSON.parse(out).outputs[0].integers)).toEqual(new Set([3]));
});

test("targets and ops", () => {
  expect(lwc("targets").out).toMatch(/cortex-m7/);
  expect(JSON.parse(lwc("targets", "--json").out).length).toBeGreaterThan(10);
  expect(lwc("ops").out).toMatch(/conv2d/);
  const listed = JSON.parse(lwc("ops", "--json").out).operators.map((op: { kind: string }) => op.kind);
  expect(listed).toEqual(allOps().map((op) => op.kind));
});

test("help and version", () => {
  expect(lwc("--help").out).toMatch(/Exit codes/);
  expect(lwc("compile", "--help").code).toBe(0);
  expect(lwc("--version").out).toMatch(/^\d+\.\d+\.\d+/);
});

describe("refusals of options and files", () => {
  const compileTiny = ["compile", tiny, "-t", "cortex-m4", ...shape];
  const run = ["run", tiny, ...shape];

  test.each<[string, readonly string[]]>([
    ["LWC7110", [...compileTiny, "-o", tiny]],
    ["LWC7120", [...compileTiny, "-o", "dumped", "--dump-after", "no-such-pass"]],
    ["LWC7130", ["verify", tiny, "-t", "cortex-m4", ...shape, "--runs", "0"]],
    ["LWC7131", ["verify", tiny, "-t", "cortex-m4", ...shape, "--engines", "crystal-ball"]],
    ["LWC7140", run],
    ["LWC7142", [...run, "--input", write("broken.png", "no picture")]],
    ["LWC7150", [...compileTiny, "-o", "ram", "--ram", "plenty"]],
    ["LWC7156", [...compileTiny, "-o", "rows", "--rows", "input,input"]],
    ["LWC6105", [...run, "--input", write("short.bin", new Uint8Array(5))]],
  ])("%s", (code, args) => {
    const result = lwc(...args);
    expect(result.err).toContain(code);
    expect(result.code).toBe(code === "LWC7120" ? 0 : 1);
  });

  test("LWC7141 and LWC7143: a picture for what is none, and means that do not fit", () => {
    const b = new OnnxBuilder();
    const vector = b.qdq(b.input("x", "float32", [1, 4]), 0.1, 0);
    const flat = write("flat.onnx", b.output(b.qdq(b.node("Relu", [vector]), 0.2, 0), "float32").build());
    const picture = join(root, "examples/digits/samples", readdirSync(join(root, "examples/digits/samples"))[0] ?? "");
    expect(lwc("run", flat, "--input", picture).err).toContain("LWC7141");
    expect(lwc(...run, "--input", picture, "--mean", "1,2").err).toContain("LWC7143");
  });

  test("LWC7102: external data outside the model's folder", () => {
    const b = new OnnxBuilder();
    const x = b.qdq(b.input("x", "float32", [1, 2]), 0.1, 0);
    const outside = b.external("int8", [2, 2], { location: "../secret.bin" });
    const w = b.node("DequantizeLinear", [outside, b.constant("float32", [], [0.1])]);
    const model = write("outside.onnx", b.output(b.qdq(b.node("MatMul", [x, w]), 0.2, 0), "float32").build());
    const result = lwc("compile", model, "-t", "cortex-m4", "-o", "outside");
    expect(result.err).toContain("LWC7102");
    expect(result.code).toBe(1);
  });

  test("LWC6001: a tool that is not installed is named, with what installs it", () => {
    const env = { ...process.env, PATH: folder };
    const main = join(root, "dist/compiler/cli/main.js");
    const args = ["verify", tiny, "-t", "cortex-m4", ...shape, "--engines", "host", "--runs", "1"];
    const result = spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: "utf8", env });
    expect(result.stderr).toMatch(/LWC6001 error: gcc is not installed[\s\S]*install-toolchain/);
    expect(result.status).toBe(1);
  });
});
