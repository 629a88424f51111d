/** `lwc bench`: instructions and modelled cycles of one inference, per layer, in QEMU. */
import { compile } from "../../compile.js";
import { readAssets } from "../../verify/assets.js";
import { measureProgram } from "../../verify/measure.js";
import { withProgress } from "../progress.js";
import { type ModelOptions, readModel } from "../read-model.js";
import { readTarget } from "../read-target.js";
import { figuresOf, figuresText } from "../report/figures.js";
import { say, sayWarnings } from "../say.js";

export interface BenchCommand extends ModelOptions {
  readonly target: string;
  readonly json?: boolean;
}

export async function runBench(model: string, options: BenchCommand, command: string): Promise<void> {
  const target = await readTarget(options.target);
  const file = readModel(model, options, command);
  const { program, imported, warnings } = compile(file.bytes, target, file.options);
  const measured = await withProgress(
    `measuring ${program.name} for ${target.name}`,
    options.json === true,
    async (onProgress) => measureProgram({ program, imported, assets: await readAssets(), onProgress }),
  );
  sayWarnings(warnings);
  const figures = figuresOf(program, measured);
  say(options.json === true ? JSON.stringify(figures, undefined, 1) : figuresText(figures));
}
