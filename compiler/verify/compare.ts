/** Compares bytes, and finds the first layer that differs. */
import type { TensorId } from "../ir/graph.js";
import { originOf, type Program } from "../schedule/schedule.js";
import type { Values } from "./run-harness.js";

/** One differing value: the first of the first differing layer of a case. */
export interface Difference {
  readonly engine: string;
  readonly target: string;
  /** Name of the input case. */
  readonly case: string;
  /** The node whose output differs first, or "output <name>" where every layer agrees. */
  readonly node: string;
  /** What the node was in the model. */
  readonly origin: string;
  /** Element of the tensor. */
  readonly index: number;
  readonly expected: number;
  readonly got: number;
  /** How many elements of that tensor differ. */
  readonly count: number;
}

export interface Observed {
  readonly outputs: readonly Values[];
  readonly valueOf: (step: number, tensor: TensorId) => Values | undefined;
}

export interface Expected {
  readonly outputs: readonly Values[];
  readonly values: ReadonlyMap<TensorId, Values>;
}

/** Whether every output is equal, byte for byte. */
export function sameOutputs(expected: readonly Values[], got: readonly Values[]): boolean {
  return expected.length === got.length && expected.every((values, i) => firstMismatch(values, got[i]) === undefined);
}

/**
 * The first difference of a case: layer by layer in execution order where values of layers were observed, then the outputs.
 */
export function findDifference(
  program: Program,
  where: { readonly engine: string; readonly target: string; readonly case: string },
  expected: Expected,
  got: Observed,
): Difference | undefined {
  for (const step of program.schedule.steps) {
    const want = expected.values.get(step.output);
    const have = got.valueOf(step.index, step.output);
    if (want === undefined || have === undefined) continue;
    const mismatch = firstMismatch(want, have);
    if (mismatch) return { ...where, node: step.node.id, origin: describe(originOf(step)), ...mismatch };
  }
  for (const [i, port] of program.graph.outputs.entries()) {
    const want = expected.outputs[i];
    const mismatch = want ? firstMismatch(want, got.outputs[i]) : undefined;
    if (mismatch) return { ...where, node: `output ${port.name}`, origin: "", ...mismatch };
  }
  return undefined;
}

/** Position and values of the first difference, and the number of differences. A missing tensor differs in every element. */
export function firstMismatch(
  expected: Values,
  got: Values | undefined,
): { index: number; expected: number; got: number; count: number } | undefined {
  let first: number | undefined;
  let count = 0;
  const length = Math.max(expected.length, got?.length ?? 0);
  for (let i = 0; i < length; i++) {
    if (expected[i] !== got?.[i]) {
      first ??= i;
      count++;
    }
  }
  if (first === undefined) return undefined;
  return { index: first, expected: expected[first] ?? Number.NaN, got: got?.[first] ?? Number.NaN, count };
}

function describe(origin: { readonly label: string; readonly nodes: readonly string[] }): string {
  return origin.nodes.length === 0 ? origin.label : `${origin.label} (${origin.nodes.join(", ")})`;
}
