/**
 * The reference models and golden vectors that the tests run on. They are too large and of too many licences to be kept with
 * the sources: LWC_MODELS names the folder. Where it is absent, the tests that need it are skipped, and say so.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const candidates = [process.env["LWC_MODELS"], "../shared/models", "models"];

/** Absolute path of the folder, or undefined. */
export const modelsDirectory: string | undefined = candidates
  .flatMap((path) => (path ? [resolve(path)] : []))
  .find((path) => existsSync(join(path, "golden")));

export const modelsMissing = "skipped: no reference models; set LWC_MODELS to their folder";

if (modelsDirectory === undefined) process.stdout.write(`${modelsMissing}\n`);

/** Names of the quantized models, sorted: those that have golden vectors. */
export function quantizedModels(): readonly string[] {
  return modelsDirectory === undefined ? [] : readdirSync(join(modelsDirectory, "golden")).sort();
}

export function readModel(name: string): Uint8Array {
  return readFileSync(join(modelsDirectory ?? "", `${name}.onnx`));
}

export function goldenDirectory(name: string): string {
  return join(modelsDirectory ?? "", "golden", name);
}
