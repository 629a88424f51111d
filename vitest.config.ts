import { defineConfig } from "vitest/config";
import { tierFrom } from "./test/support/tier.js";

const tier = tierFrom(process.env["LWC_TEST"]);

/** Tests that start an emulator or run whole models: minutes, not seconds. */
const slow = ["test/**/*.slow.test.ts", "test/models/**"];

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: tier === "fast" ? slow : [],
    globalSetup: ["./test/support/build.ts"],
    pool: "forks",
    // Workers wait for compilers and emulators most of the time.
    maxWorkers: "100%",
    testTimeout: 240_000,
    hookTimeout: 120_000,
    reporters: ["default", "./test/support/summary-reporter.ts"],
    // A golden that is not there is a failure, never written silently.
    update: false,
  },
});
