/** Public API of lwc. */

export { makeNumerics, type Numerics, type Profile } from "./arith/numerics.js";
export { type Assets, emit } from "./codegen/emit.js";
export { type CompileOptions, type CompileResult, compile } from "./compile.js";
export { type BackEndOptions, compileGraph } from "./compile-graph.js";
export { CompileError, type Diagnostic } from "./diagnostics.js";
export type { Graph, Node, Port, Tensor, TensorId } from "./ir/graph.js";
export { parseGraph } from "./ir/parse.js";
export { printGraph } from "./ir/print.js";
export { allOps } from "./ops/index.js";
export { interpret, prepareInterpreter } from "./reference/interpret.js";
export { prepareReplay, replay } from "./reference/replay.js";
export { type ProgramSizes, programSizes } from "./schedule/program-sizes.js";
export type { ArenaPlan, Program, Schedule, SourceFile, Step } from "./schedule/schedule.js";
export { parseTarget, type Target } from "./targets.js";
export { version } from "./version.js";
