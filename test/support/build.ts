/** Builds dist/ once before the tests: the command line is tested as users run it. */
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";

export function setup(): void {
  const root = resolve(import.meta.dirname, "../..");
  execFileSync(resolve(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
}
