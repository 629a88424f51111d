/**
 * Diagnostics: what lwc says when something is wrong, as data.
 *
 * Three kinds, by whose fault it is: `error` (the model or the flags), `unsupported` (a gap in lwc), `bug` (a broken
 * invariant inside lwc). They are printed in one place (cli/print-diagnostics.ts) and tests match on the code.
 *
 * Codes: LWC1xxx front end, LWC2xxx graph and numerics, LWC3xxx passes, LWC4xxx schedule and memory, LWC5xxx code
 * generation, LWC6xxx verify, LWC7xxx command line and targets, LWC8xxx quantizing, LWC9xxx bugs.
 */
export type DiagnosticKind = "error" | "unsupported" | "warning" | "bug";

export interface DiagnosticWhere {
  readonly file?: string;
  /** ONNX node, as "Conv \"features.3.conv\"". */
  readonly node?: string;
  readonly tensor?: string;
}

export interface Diagnostic {
  /** "LWC" and four digits, stable across releases. */
  readonly code: string;
  readonly kind: DiagnosticKind;
  /** Names the place, says what was expected and what was found. One line. */
  readonly message: string;
  readonly where?: DiagnosticWhere;
  /** What the user can do about it. */
  readonly hint?: string;
}

/** Thrown at the end of a stage with everything that the stage found. The only exception that lwc throws on purpose. */
export class CompileError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => `${d.code} ${d.kind}: ${d.message}`).join("\n"));
    this.name = "CompileError";
    this.diagnostics = diagnostics;
  }
}

/** Stops with one diagnostic. */
export function fail(diagnostic: Diagnostic): never {
  throw new CompileError([diagnostic]);
}

/** States what must hold whatever the input was; a failure is a bug in lwc. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) {
    fail({ code: "LWC9001", kind: "bug", message, hint: "please report this with the model or its .lwir dump" });
  }
}

/** For the `default` of a switch over a tagged union: fails to type-check when a case is missing. */
export function assertNever(value: never): never {
  fail({ code: "LWC9002", kind: "bug", message: `unexpected value ${JSON.stringify(value)}` });
}

/** Returns a value that cannot be missing unless lwc has a bug. */
export function must<T>(value: T | undefined | null, what: string): T {
  invariant(value !== undefined && value !== null, `${what} is missing`);
  return value;
}
