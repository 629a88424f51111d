/**
 * Prints a program as C: a pure function from Program to text. Everything that is decided here is a name or a format.
 *
 *   <name>.h            the interface: macros of sizes, shapes and quantization, the context, run()
 *   <name>.c            the arena map, one function per kernel instance, run() as a list of calls
 *   <name>_weights.h/.c the constants
 *   <name>_hot.c        those of them that are worth fast RAM, where that was asked for
 *   lwc/                the kernels that are used, as they are in runtime-c
 *
 * `cc -I. -c *.c` in the output directory builds it.
 */
import { sameData } from "../schedule/program-sizes.js";
import type { Program, SourceFile } from "../schedule/schedule.js";
import { smallBannerView } from "./banner-view.js";
import { bindProgram } from "./bindings.js";
import type { ConstantArray } from "./constants.js";
import { headerView } from "./header-view.js";
import { runtimeFiles, runtimeNames } from "./runtime-files.js";
import { sourceView } from "./source-view.js";
import { makeRender } from "./templates.js";
import type { WeightsView } from "./view.js";
import { type WeightsFile, weightsView } from "./weights-view.js";

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
  const isHot = (array: ConstantArray): boolean => isHotArray(program, array);
  const cold = bindings.arrays.filter((array) => !isHot(array));
  const weights = (file: string, arrays: readonly ConstantArray[], rest: Partial<WeightsFile> = {}): WeightsView =>
    weightsView(arrays, {
      name,
      macro: bindings.macro,
      banner: smallBannerView(program, file, "constants of the network"),
      body: true,
      isLinked: false,
      attribute: "WEIGHTS",
      ...rest,
    });
  const headers = kernelHeaders(program);
  const files = { weightsHeader: `${name}_weights.h`, sharedHeader: "", kernelHeaders: headers };
  return [
    { path: `${name}.h`, text: render("model.h.hbs", headerView(program, bindings)) },
    { path: `${name}.c`, text: render("model.c.hbs", sourceView(program, bindings, files, options.trace ?? false)) },
    {
      path: `${name}_weights.h`,
      text: render("weights.h.hbs", weights(`${name}_weights.h`, bindings.arrays, { body: false })),
    },
    { path: `${name}_weights.c`, text: render("weights.c.hbs", weights(`${name}_weights.c`, cold)) },
    ...(cold.length < bindings.arrays.length
      ? [
          {
            path: `${name}_hot.c`,
            text: render(
              "weights.c.hbs",
              weights(`${name}_hot.c`, bindings.arrays.filter(isHot), {
                banner: smallBannerView(program, `${name}_hot.c`, "constants that are worth fast RAM"),
                attribute: "HOT_WEIGHTS",
              }),
            ),
          },
        ]
      : []),
    ...runtimeFiles(assets.runtime, headers),
  ];
}

function isHotArray({ hot }: Program, { data }: ConstantArray): boolean {
  return (hot?.constants ?? []).some((one) => sameData(one.data, data));
}

/** The files of the kernels that a program calls, and of how the functions around them are declared. */
export function kernelHeaders({ schedule }: Program): readonly string[] {
  const kernels = schedule.steps.flatMap((step) => (step.call ? [step.call.header] : []));
  return [...new Set([...(kernels.length > 0 ? ["isa/lwc_isa.h"] : []), ...kernels])].sort();
}

/** For each input, then each output: the function that yields its address in the arena; undefined where the caller's buffer serves. */
export function portAccessors(program: Program, assets: Assets): readonly (string | undefined)[] {
  const { prefix, ports } = bindProgram(program, runtimeNames(assets.runtime));
  return ports.map((port) => (port.inArena && !port.byRows ? `${prefix}_${port.name}` : undefined));
}
