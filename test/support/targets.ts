/** Targets for tests, read from targets/*.json. */
import { readFileSync } from "node:fs";
import { parseTarget, type Target } from "../../compiler/targets.js";

export function coreTarget(name: string): Target {
  return parseTarget(`${name}.json`, readFileSync(new URL(`../../targets/${name}.json`, import.meta.url), "utf8"));
}
