/** A target by name, or from a file of the user's own. */
import type { Target } from "../targets.js";
import { loadTarget, readTargetFile } from "../verify/target-files.js";

/** `--target cortex-m7`, or `--target boards/mine.json` in the form of targets/target.schema.json. */
export function readTarget(nameOrPath: string): Promise<Target> {
  return nameOrPath.endsWith(".json") ? readTargetFile(nameOrPath) : loadTarget(nameOrPath);
}
