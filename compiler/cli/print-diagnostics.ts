/** The one place that turns diagnostics into text. */
import type { Diagnostic } from "../diagnostics.js";

/** Names come from model files: nothing in them may reach a terminal as a control sequence. */
export function printable(text: string): string {
  const safe = text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "?");
  return safe.length > 400 ? `${safe.slice(0, 400)}... (${safe.length} characters)` : safe;
}

export function formatDiagnostic(diagnostic: Diagnostic): string {
  const head = `${diagnostic.code} ${diagnostic.kind}: ${printable(diagnostic.message)}`;
  return diagnostic.hint === undefined ? head : `${head}\n        hint: ${printable(diagnostic.hint)}`;
}

/** At most this many of one code are printed in full. */
const perCode = 5;

export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const counts = new Map<string, number>();
  const lines: string[] = [];
  for (const diagnostic of diagnostics) {
    const count = (counts.get(diagnostic.code) ?? 0) + 1;
    counts.set(diagnostic.code, count);
    if (count <= perCode) lines.push(formatDiagnostic(diagnostic));
  }
  for (const [code, count] of counts) {
    if (count > perCode) lines.push(`${code}: ${count - perCode} more like this`);
  }
  return lines.join("\n");
}
