/** What a pass is: a pure function from graph to graph, with a reason for every change. */
import type { Numerics } from "../arith/numerics.js";
import type { Graph } from "../ir/graph.js";

export interface PassContext {
  readonly numerics: Numerics;
}

export interface PassResult {
  readonly graph: Graph;
  /** What changed and why, one line each; empty when nothing did. */
  readonly notes: readonly string[];
}

export interface Pass {
  /** Verb phrase, the file's name. */
  readonly name: string;
  /** Why the pass exists, for `lwc inspect --why` and the docs. */
  readonly why: string;
  run(graph: Graph, context: PassContext): PassResult;
}
