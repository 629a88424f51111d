/**
 * Prints a program as C: a pure function from Program to text. Everything that is decided here is a name or a format.
 *
 *   <name>.h            the interface: macros of sizes, shapes and quantization, the context, run()
 *   <name>.c            the arena map, one function per kernel instance, run() as a list of calls
 *   <name>_weights.h/.c the constants
 *   lwc/                the kernels that are used, as they are in runtime-c
 *
 * `cc -I. -c *.c` in the output directory builds it.
 */
import type { Program, SourceFile } from "../schedule/schedule.js";
import { smallBannerView } from "./banner-view.js";
import { bindProgram } from "./bindings.js";
import { headerView } from "./header-view.js";
import { runtimeFiles, runtimeNames } from "./runtime-files.js";
import { sourceView } from "./source-view.js";
import { makeRender } from "./templates.js";
import type { WeightsView } from "./view.js";
import { weightsView } from "./weights-view.js";

/** The text files that codegen prints from. */
export interface Assets {
  /** Path under templates/ to text. */
  readonly templates: ReadonlyMap<string, string>;
  /** Path under runtime-c/ to text. */
  readonly runtime: ReadonlyMap<string, string>;
}

export interface EmitOptions {
  /** Calls `lwc_trace(step, data, bytes)`, which the caller defines, after each step. */
  readonly trace?: boolean;
}

export function emit(program: Program, assets: Assets, options: EmitOptions = {}): readonly SourceFile[] {
  const render = makeRender(assets.templates);
  const bindings = bindProgram(program, runtimeNames(assets.runtime));
  const { name } = program;
  const weights = (file: string, body: boolean): WeightsView =>
    weightsView(bindings.arrays, {
      name,
      macro: bindings.macro,
      banner: smallBannerView(program, file, "constants of the network"),
      body,
      isLinked: false,
    });
  const headers = kernelHeaders(program);
  const files = { weightsHeader: `${name}_weights.h`, sharedHeader: "", kernelHeaders: headers };
  return [
    { path: `${name}.h`, text: render("model.h.hbs", headerView(program, bindings)) },
    { path: `${name}.c`, text: render("model.c.hbs", sourceView(program, bindings, files, options.trace ?? false)) },
    { path: `${name}_weights.h`, text: render("weights.h.hbs", weights(`${name}_weights.h`, false)) },
    { path: `${name}_weights.c`, text: render("weights.c.hbs", weights(`${name}_weights.c`, true)) },
    ...runtimeFiles(assets.runtime, headers),
  ];
}

/** The files of the kernels that a program calls. */
export function kernelHeaders({ schedule }: Program): readonly string[] {
  return [...new Set(schedule.steps.flatMap((step) => (step.call ? [step.call.header] : [])))].sort();
}

/** For each input, then each output: the function that yields its address in the arena; undefined where the caller's buffer serves. */
export function portAccessors(program: Program, assets: Assets): readonly (string | undefined)[] {
  const { prefix, ports } = bindProgram(program, runtimeNames(assets.runtime));
  return ports.map((port) => (port.inArena && !port.byRows ? `${prefix}_${port.name}` : undefined));
}
