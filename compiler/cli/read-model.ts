/** Reads a model file, its external data, and the options that all commands share. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, normalize } from "node:path";
import type { Profile } from "../arith/numerics.js";
import type { CompileOptions } from "../compile.js";
import { fail } from "../diagnostics.js";
import type { Optimize } from "../ops/kernel.js";
import type { RegionRequest } from "../schedule/regions.js";

/** Options as commander hands them over. */
export interface ModelOptions {
  readonly numerics?: string;
  readonly optimize?: string;
  readonly io?: string;
  /** What is handed over row by row: "input", "output" or both, with a comma. */
  readonly rows?: string;
  readonly ram?: string;
  /** NAME, NAME=bytes or NAME=bytes@cycles, or NAME@cycles. */
  readonly region?: readonly string[];
  readonly hotWeights?: string;
  readonly name?: string;
  readonly inputShape?: readonly string[];
}

export interface ModelFile {
  readonly bytes: Uint8Array;
  readonly options: CompileOptions;
}

export function readModel(path: string, options: ModelOptions, command: string): ModelFile {
  const bytes = readFile(path, "model");
  const name = options.name ?? basename(path).replace(/\.onnx$/i, "");
  return {
    bytes,
    options: {
      numerics: choose("--numerics", options.numerics ?? "ort", ["ort", "ort-arm64", "fast"] satisfies Profile[]),
      optimize: choose("-O", options.optimize ?? "balanced", ["speed", "balanced", "size", "ram"] satisfies Optimize[]),
      io: choose("--io", options.io ?? "caller", ["caller", "arena"]),
      ...parseRows(options.rows),
      ...(options.ram === undefined
        ? {}
        : { ram: options.ram === "least" ? "least" : parseBytes("--ram", options.ram) }),
      ...(options.region?.length ? { regions: options.region.map((text) => parseRegion("--region", text)) } : {}),
      ...(options.hotWeights === undefined ? {} : { hotWeights: parseRegion("--hot-weights", options.hotWeights) }),
      name,
      inputShapes: parseShapes(options.inputShape ?? []),
      command,
      modelHash: createHash("sha256").update(bytes).digest("hex"),
      readExternal: (location) => readExternal(path, location),
    },
  };
}

/** "input", "output" or "input,output". */
function parseRows(text: string | undefined): Pick<CompileOptions, "input" | "output"> {
  const ports = text?.split(",") ?? [];
  const isKnown = ports.every((port) => port === "input" || port === "output");
  if (!isKnown || new Set(ports).size < ports.length)
    return fail({ code: "LWC7156", kind: "error", message: `--rows ${text}: expected input, output or input,output` });
  return {
    input: ports.includes("input") ? "rows" : "whole",
    output: ports.includes("output") ? "rows" : "whole",
  };
}

/** "65536", "64K" or "64KB", "1M". */
/** "DTCM", "DTCM=64K", "psram=8M@20" */
function parseRegion(flag: string, text: string): RegionRequest {
  const match = /^([^=@]+)(?:=([^=@]+))?(?:@(\d+(?:\.\d+)?))?$/.exec(text);
  const [, name, bytes, cycles] = match ?? [];
  if (name === undefined) {
    return fail({
      code: "LWC7160",
      kind: "error",
      message: `${flag} ${text}: expected NAME, NAME=bytes or NAME=bytes@cycles, as psram=8M@20`,
    });
  }
  return {
    name,
    ...(bytes === undefined ? {} : { bytes: parseBytes(flag, bytes) }),
    ...(cycles === undefined ? {} : { cycles: Number(cycles) }),
  };
}

function parseBytes(flag: string, text: string): number {
  const match = /^(\d+)\s*([km]?)b?$/i.exec(text.trim());
  const unit = { "": 1, k: 1024, m: 1024 * 1024 }[match?.[2]?.toLowerCase() ?? ""];
  if (match === null || unit === undefined)
    return fail({ code: "LWC7150", kind: "error", message: `${flag} ${text}: expected bytes, as 65536 or 64K` });
  return Number(match[1]) * unit;
}

export function readFile(path: string, what: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const reason =
      error instanceof Error && "code" in error && error.code === "ENOENT"
        ? "it does not exist"
        : error instanceof Error
          ? error.message
          : String(error);
    return fail({
      code: "LWC7101",
      kind: "error",
      message: `cannot read ${what} "${path}": ${reason}`,
      where: { file: path },
    });
  }
}

/** External data lies beside the model, or in a folder below it. */
function readExternal(model: string, location: string): Uint8Array {
  const relative = normalize(location);
  if (isAbsolute(relative) || relative.startsWith("..")) {
    fail({
      code: "LWC7102",
      kind: "error",
      message: `the model refers to external data outside its folder: "${location}"`,
      hint: "keep the data file beside the model",
    });
  }
  return readFile(join(dirname(model), relative), "external data");
}

function choose<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((other) => other === value);
  return found ?? fail({ code: "LWC7103", kind: "error", message: `${flag} ${value}: expected ${allowed.join(", ")}` });
}

function parseShapes(texts: readonly string[]): ReadonlyMap<string, readonly number[]> {
  return new Map(
    texts.map((text) => {
      const match = /^(.+)=(\d+(?:x\d+)*)$/.exec(text);
      if (!match)
        return fail({ code: "LWC7104", kind: "error", message: `--input-shape ${text}: expected name=1x3x96x96` });
      return [match[1] ?? "", (match[2] ?? "").split("x").map(Number)] as const;
    }),
  );
}
