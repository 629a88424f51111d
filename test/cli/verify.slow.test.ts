/** `lwc verify` end to end, with the tools a user has. */
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");

test.each(["cortex-m0", "cortex-m7", "cortex-m55"])(
  "digits on %s",
  (target) => {
    const args = ["verify", "examples/digits/digits.onnx", "-t", target, "--runs", "7", "--layers", "--json"];
    const run = spawnSync(process.execPath, [join(root, "dist/compiler/cli/main.js"), ...args], {
      cwd: root,
      encoding: "utf8",
    });
    expect(run.stderr).toBe("");
    expect(run.status).toBe(0);
    const result = JSON.parse(run.stdout);
    expect(result.ok).toBe(true);
    expect(result.runs).toBe(7);
    expect(result.differences).toEqual([]);
    expect(result.results.map((one: { engine: string }) => one.engine)).toEqual(
      expect.arrayContaining(["passes", "replay", "host", "qemu"]),
    );
  },
  120_000,
);

test("the pictures of the example are classified by the C in QEMU", () => {
  const run = spawnSync(process.execPath, ["examples/digits/classify.mjs", "7-2.png"], { cwd: root, encoding: "utf8" });
  expect(run.stdout).toMatch(/label 7 {2}right/);
  const right = Number(/(\d+) of 20 right, in QEMU/.exec(run.stdout)?.[1]);
  expect(right).toBeGreaterThanOrEqual(19);
  expect(run.status).toBe(0);
}, 120_000);

test("the firmware example builds, runs and is right", () => {
  const run = spawnSync("make", ["-s", "run"], { cwd: join(root, "examples/firmware"), encoding: "utf8" });
  // Semihosting writes to QEMU's stderr.
  expect(run.stdout + run.stderr).toMatch(/^class 5$/m);
  expect(run.status).toBe(0);
}, 120_000);
