/** Output of commands: results to stdout, warnings to stderr. */
import type { Diagnostic } from "../diagnostics.js";
import { formatDiagnostics } from "./print-diagnostics.js";

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function sayWarnings(warnings: readonly Diagnostic[]): void {
  if (warnings.length > 0) process.stderr.write(`${formatDiagnostics(warnings)}\n`);
}
