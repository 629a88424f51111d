/** The table of passes, in the order in which they run. */
import { CompileError, type Diagnostic } from "../diagnostics.js";
import type { Graph } from "../ir/graph.js";
import { verifyGraph } from "../ops/verify-graph.js";
import { absorbTransposes } from "./absorb-transposes.js";
import { eliminateChannels } from "./eliminate-channels.js";
import { foldPads } from "./fold-pads.js";
import { mergeLookups } from "./merge-lookups.js";
import { mergeSlices } from "./merge-slices.js";
import { orderChannels } from "./order-channels.js";
import type { Pass, PassContext } from "./pass.js";
import { recognizeMeans } from "./recognize-means.js";
import { recognizeShifts } from "./recognize-shifts.js";
import { recognizeShuffles } from "./recognize-shuffles.js";
import { removeIdentities } from "./remove-identities.js";
import { separateOutputs } from "./separate-outputs.js";
import { simplifyConvs } from "./simplify-convs.js";
import { tabulateFunctions } from "./tabulate-functions.js";

export const pipeline: readonly Pass[] = [
  removeIdentities,
  tabulateFunctions,
  mergeLookups,
  mergeSlices,
  absorbTransposes,
  recognizeShuffles,
  recognizeShifts,
  foldPads,
  simplifyConvs,
  recognizeMeans,
  orderChannels,
  eliminateChannels,
  removeIdentities,
  separateOutputs,
];

export interface PassStep {
  readonly pass: string;
  readonly graph: Graph;
  readonly notes: readonly string[];
}

/** Runs the passes, verifying the graph after each; yields a snapshot per pass. */
export function* runPasses(graph: Graph, context: PassContext): Generator<PassStep, Graph> {
  check(graph, "import");
  yield { pass: "import", graph, notes: [] };
  let current = graph;
  for (const pass of pipeline) {
    const result = pass.run(current, context);
    current = result.graph;
    check(current, pass.name);
    yield { pass: pass.name, graph: current, notes: result.notes };
  }
  return current;
}

function check(graph: Graph, after: string): void {
  const problems = verifyGraph(graph).filter((d) => d.kind !== "warning");
  if (problems.length === 0) return;
  const note = (d: Diagnostic): Diagnostic =>
    after === "import" ? d : { ...d, kind: "bug", message: `after pass ${after}: ${d.message}` };
  throw new CompileError(problems.map(note));
}
