#!/usr/bin/env node
/** The command line `lwc`. Commands load when they are used, so that each starts fast. */
import { Command, CommanderError, Option } from "commander";
import { CompileError } from "../diagnostics.js";
import { version } from "../version.js";
import { exitCodeHelp, exitCodes } from "./exit-codes.js";
import { formatDiagnostics } from "./print-diagnostics.js";

const program = new Command("lwc")
  .description("Compiles quantized ONNX networks to plain C for microcontrollers, and proves the C right.")
  .version(version)
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .option("--debug", "print stack traces")
  .addHelpText(
    "after",
    `
Examples:
  lwc compile model.onnx --target cortex-m7 -o out/
  lwc verify  model.onnx --target cortex-m7
  lwc quantize float.onnx --calibration samples/ -o model.onnx
  lwc bench   model.onnx --target cortex-m7
  lwc inspect model.onnx --why
  lwc link    a.onnx b.onnx --target cortex-m4 -o out/
  lwc run     model.onnx --input digit.png
${exitCodeHelp}`,
  );

/** Options of every command that reads a model. */
function withModel(command: Command, defaultTarget: string | undefined): Command {
  const target = new Option(
    "-t, --target <name>",
    "core or board (`lwc targets` lists them), or a .json file of your own",
  );
  command.argument("<model.onnx>", "quantized model: QDQ or QOperator form");
  command.addOption(defaultTarget === undefined ? target : target.default(defaultTarget));
  return command
    .option("--numerics <profile>", "whose last bit to follow: ort, ort-arm64, fast", "ort")
    .option("-O, --optimize <goal>", "speed, balanced, size (flash) or ram", "balanced")
    .option("--name <id>", "prefix of the C names; default: the file's name")
    .option("--input-shape <name=1x3x96x96>", "fixes symbolic dimensions; may be given several times", collect, [])
    .option("--json", "machine-readable result on stdout");
}

/** For the commands that plan memory. */
const rowsOption = [
  "--rows <ports>",
  "input, output or input,output: handed over row by row, so that the whole need not be in RAM",
] as const;
const ramOption = [
  "--ram <bytes>",
  "stream rows until the arena fits this much, as 65536 or 64K; refused where it cannot; or least: as far as possible",
] as const;
const noRegions: readonly string[] = [];
const regionOption = [
  "--region <name=bytes@cycles>",
  "a RAM region of the target that the arena may use, as DTCM, DTCM=64K or psram=8M@20: several divide it by cost",
  collect,
  noRegions,
] as const;
const hotOption = [
  "--hot-weights <name=bytes@cycles>",
  "a RAM region for copies of the constants that are read most: DTCM, DTCM=32K or fast=32K@0",
] as const;
const ioOption = [
  "--io <where>",
  "graph inputs and outputs: in the caller's buffers, or in the arena",
  "caller",
] as const;

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

/** Options of every command that quantizes. */
function withSamples(command: Command): Command {
  return command
    .option(
      "--calibration <path>",
      "samples: a folder or file of .png, .jpg, .npy or .bin; name=path per input",
      collect,
      [],
    )
    .option("--labels <file>", "classes of the samples: JSON, or `folders`")
    .option("--test <path>", "samples to measure on, instead of some of --calibration", collect, [])
    .option("--test-labels <file>", "classes of the samples of --test")
    .option("--hold-back <share>", "samples kept from calibration to measure on; default 0.2")
    .option("--mean <numbers>", "subtracted from values, after --scale: one number, or one per channel")
    .option("--std <numbers>", "divides the difference")
    .option("--scale <numbers>", "factor on stored values; default 1/255 for pictures, 1 for .npy and .bin")
    .option("--resize <size>", "WxH, or N for a shorter side of N pixels")
    .option("--crop <size>", "cut from the middle after resizing: WxH or N")
    .option("--layout <order>", "of .npy and .bin: nchw or nhwc")
    .option("--channels <order>", "of pictures: rgb or bgr")
    .option("--dtype <type>", "of .bin: float32, uint8 or int8")
    .option("--shuffle-seed <n>", "takes the samples in another order, the same for each seed")
    .option("--skip <n>", "leaves out samples at the beginning")
    .option("--limit <n>", "takes at most so many samples")
    .option("--method <name>", "ranges by auto, minmax, percentile, entropy or mse", "auto")
    .option(
      "--metric <name>",
      "what auto goes by: top1, sqnr, or a module .mjs that scores outputs; default top1 where there are labels",
    )
    .option("--equalize <choice>", "balance channels across layers: auto, on or off", "auto")
    .option("--bias-correction <choice>", "mean rounding errors of weights into biases: auto, on or off", "auto")
    .option("--overrides <file>", "ranges or methods of single tensors, as JSON");
}

withSamples(
  program
    .command("quantize")
    .description("float model and samples to an int8 model, with what that costs")
    .argument("<model.onnx>", "float32 model"),
)
  .option("-o, --output <file>", "where to write; default model.int8.onnx beside the model")
  .option("--report <file>", "the whole report, every layer and every parameter: a page (.html) or .json", collect, [])
  .option("--input-shape <name=1x3x96x96>", "fixes symbolic dimensions; may be given several times", collect, [])
  .option("--json", "the report on stdout")
  .addHelpText(
    "after",
    "\nExample:\n  lwc quantize model.onnx --calibration samples/ --labels labels.json -o model.int8.onnx",
  )
  .action(async (model, options) => {
    const { runQuantize } = await import("./commands/quantize.js");
    await runQuantize(model, options, commandLine());
  });

withSamples(withModel(program.command("compile").description("write C sources, header and report"), undefined))
  .option("-o, --output <folder>", "where to write", "out")
  .option(...ioOption)
  .option(...rowsOption)
  .option(...ramOption)
  .option(...regionOption)
  .option(...hotOption)
  .option("--dump-after <pass>", "write the graph as .lwir after a pass, or after all of them (`all`)")
  .option("--force", "write into a folder that holds other files too")
  .addHelpText("after", "\nExample:\n  lwc compile model.onnx --target nucleo-h743zi -o firmware/model")
  .action(async (model, options) => {
    const { runCompile } = await import("./commands/compile.js");
    await runCompile(model, { ...options, target: requireTarget(options.target) }, commandLine());
  });

withModel(program.command("verify").description("prove reference = schedule = host C = QEMU, byte for byte"), undefined)
  .option(...ioOption)
  .option(...rowsOption)
  .option(...ramOption)
  .option(...regionOption)
  .option(...hotOption)
  .option("--runs <n>", "generated inputs: zeros, extremes, zero point, ramp, then random", "8")
  .option("--input <file>", "your own inputs (.npy, .bin), besides; may be given several times", collect, [])
  .option("--layers", "compare every layer, not outputs alone")
  .option("--engines <list>", "any of passes,replay,host,qemu,onnxruntime; default: all that apply")
  .addHelpText("after", "\nExample:\n  lwc verify model.onnx --target cortex-m4 --runs 16 --layers")
  .action(async (model, options) => {
    const { runVerify } = await import("./commands/verify.js");
    process.exitCode = await runVerify(model, { ...options, target: requireTarget(options.target) }, commandLine());
  });

program
  .command("link")
  .description("several models in one folder of C: constants, kernels and RAM in common, for models that take turns")
  .argument("<models.onnx...>", "quantized models")
  .option("-t, --target <name>", "core or board (`lwc targets` lists them), or a .json file of your own")
  .option("-o, --output <folder>", "where to write", "out")
  .option("--name <id>", "prefix of what they have in common", "models")
  .option("--numerics <profile>", "whose last bit to follow: ort, ort-arm64, fast", "ort")
  .option("-O, --optimize <goal>", "speed, balanced, size (flash) or ram", "balanced")
  .option(...ioOption)
  .option(...rowsOption)
  .option(...ramOption)
  .option(...regionOption)
  .option(...hotOption)
  .option("--input-shape <name=1x3x96x96>", "fixes symbolic dimensions; may be given several times", collect, [])
  .option(
    "--verify",
    "run the models in turn in one context, on this machine and in QEMU, and compare with the reference",
  )
  .option("--runs <n>", "generated inputs of --verify", "8")
  .option("--force", "write into a folder that holds other files too")
  .option("--json", "machine-readable result on stdout")
  .addHelpText("after", "\nExample:\n  lwc link wake.onnx detect.onnx --target cortex-m4 -o firmware/models --verify")
  .action(async (models, options) => {
    const { runLink } = await import("./commands/link.js");
    process.exitCode = await runLink(models, { ...options, target: requireTarget(options.target) }, commandLine());
  });

withModel(program.command("bench").description("count instructions per layer in QEMU, with modelled cycles"), undefined)
  .option(...ioOption)
  .option(...rowsOption)
  .option(...ramOption)
  .option(...regionOption)
  .option(...hotOption)
  .addHelpText("after", "\nExample:\n  lwc bench model.onnx --target cortex-m4 -O speed")
  .action(async (model, options) => {
    const { runBench } = await import("./commands/bench.js");
    await runBench(model, { ...options, target: requireTarget(options.target) }, commandLine());
  });

withModel(program.command("inspect").description("show what lwc makes of a model, and why"), "cortex-m4")
  .option(...ioOption)
  .option(...rowsOption)
  .option(...ramOption)
  .option(...regionOption)
  .option(...hotOption)
  .option("--ir", "the graph after all passes, as .lwir")
  .option("--plan", "steps, kernels and arena")
  .option("--why", "what each pass, the schedule and each kernel choice did, with reasons")
  .option("--op <name>", "the nodes of one operator: Conv, Add, conv2d, ...")
  .option("--pareto", "RAM against modelled cycles and flash, over goals and budgets of RAM")
  .action(async (model, options) => {
    const { runInspect } = await import("./commands/inspect.js");
    await runInspect(model, options, commandLine());
  });

withModel(program.command("run").description("run the reference interpreter on a file"), "host")
  .option("--input <file>", "one per graph input: .npy, .bin, .png, .jpg", collect, [])
  .option("--mean <numbers>", "pictures: subtracted from 0..255, one number or one per channel")
  .option("--std <numbers>", "pictures: divides the difference; default 255 for float inputs, 1 for integers")
  .option("--layout <order>", "pictures: rgb or bgr", "rgb")
  .action(async (model, options) => {
    const { runRun } = await import("./commands/run.js");
    await runRun(model, options, commandLine());
  });

program
  .command("targets")
  .description("list cores and boards")
  .option("--json", "machine-readable result on stdout")
  .action(async (options) => {
    const { runTargets } = await import("./commands/targets.js");
    await runTargets(options);
  });

program
  .command("ops")
  .description("list operators")
  .option("--json", "machine-readable result on stdout")
  .action(async (options) => {
    const { runOps } = await import("./commands/ops.js");
    runOps(options);
  });

/** Checked here and not by commander, which would name a missing --target before a mistyped flag. */
function requireTarget(name: unknown): string {
  if (typeof name === "string") return name;
  return program.error("error: --target <name> is missing; `lwc targets` lists cores and boards", {
    exitCode: exitCodes.usage,
  });
}

/** The command for the banner, without the folders of this machine. */
function commandLine(): string {
  const bare = (word: string): string =>
    /^[./~]?.*[/\\]/.test(word)
      ? (word
          .split(/[/\\]/)
          .filter((part) => part !== "")
          .at(-1) ?? word)
      : word;
  return ["lwc", ...process.argv.slice(2).map(bare)]
    .map((word) => (/^[\w.,:=+/@-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(" ");
}

async function main(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = explain(error);
  }
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const isDebug = program.opts()["debug"] === true;
  if (error instanceof CompileError) {
    process.stderr.write(`${formatDiagnostics(error.diagnostics)}\n`);
    if (isDebug) process.stderr.write(`${error.stack ?? ""}\n`);
    return error.diagnostics.some((d) => d.kind === "bug") ? exitCodes.bug : exitCodes.failed;
  }
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`LWC9000 bug: ${message}\n        hint: please report this; --debug prints where it happened\n`);
  if (isDebug && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
  return exitCodes.bug;
}

// A reader that has seen enough, as in `lwc inspect model.onnx | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(exitCodes.ok);
});

await main();
