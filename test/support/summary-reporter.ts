/**
 * Vitest reporter that ends the output with one line, `N passed, N failed, N skipped`, over all tests of the run. A file that
 * does not load counts as one failure. Where LWC_SUMMARY_FILE is set, the three numbers go there instead: .ci/test.sh adds its
 * own checks and prints the line.
 */
import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0;
    let failed = errors.length;
    let skipped = 0;
    for (const module of modules) {
      const before = failed;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed++;
        else if (state === "failed") failed++;
        else skipped++;
      }
      if (module.state() === "failed" && failed === before) failed++;
    }
    const file = process.env["LWC_SUMMARY_FILE"];
    if (file) {
      writeFileSync(file, `${passed} ${failed} ${skipped}\n`);
      return;
    }
    // After the other reporters, which print at the end of the run too.
    process.once("exit", () => process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`));
  }
}
