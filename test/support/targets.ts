/** Targets for tests, read from targets/*.json. */
import { readFileSync } from "node:fs";
import { parseTarget, type Target } from "../../compiler/targets.js";

export function coreTarget(name: string): Target {
  return parseTarget(`${name}.json`, readFileSync(new URL(`../../targets/${name}.json`, import.meta.url), "utf8"));
}

/** A core that chooses kernels by their cycles alone, since flash would give small layers to the portable ones; without some of them. */
export function speedTarget(name: string, without: readonly string[] = []): Target {
  const target = coreTarget(name);
  const costs = Object.entries(target.kernels).filter(([key]) => !without.includes(key));
  return { ...target, kernels: Object.fromEntries(costs.map(([key, cost]) => [key, { ...cost, bytes: 0 }])) };
}
