/**
 * The spine: ONNX bytes to a Program, every stage a pure function.
 *
 *   bytes -decodeOnnx-> OnnxModel -importGraph-> Graph -runPasses-> Graph -orderNodes, chooseKernels-> Schedule
 *         -computeLiveness, planArena-> ArenaPlan -> Program        (codegen/emit.ts prints it)
 */
import { type BackEndOptions, compileGraph } from "./compile-graph.js";
import type { Diagnostic } from "./diagnostics.js";
import { importGraph } from "./frontend/onnx/import-graph.js";
import { decodeOnnx } from "./frontend/onnx/onnx-model.js";
import type { Graph } from "./ir/graph.js";
import type { Program } from "./schedule/schedule.js";
import type { Target } from "./targets.js";

export interface CompileOptions extends BackEndOptions {
  /** C identifier prefix; default: from the model's name. */
  readonly name?: string;
  /** Shapes for inputs with symbolic dimensions, by input name, in ONNX order. */
  readonly inputShapes?: ReadonlyMap<string, readonly number[]>;
  /** Reads external data that the model refers to. */
  readonly readExternal?: (location: string) => Uint8Array;
}

export interface CompileResult {
  readonly program: Program;
  /** The graph as imported, before any pass. */
  readonly imported: Graph;
  readonly warnings: readonly Diagnostic[];
}

/** Compiles a quantized ONNX model for a target. Throws CompileError with everything that is wrong. */
export function compile(bytes: Uint8Array, target: Target, options: CompileOptions = {}): CompileResult {
  const { imported, warnings } = importModel(bytes, options);
  return { program: compileGraph(imported, target, options), imported, warnings };
}

/** The front end alone. */
export function importModel(bytes: Uint8Array, options: CompileOptions = {}): Omit<CompileResult, "program"> {
  const model = decodeOnnx(bytes, options.readExternal);
  const { graph, warnings } = importGraph(model, {
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.inputShapes === undefined ? {} : { inputShapes: options.inputShapes }),
  });
  return { imported: graph, warnings };
}
