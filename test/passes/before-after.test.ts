/**
 * Passes on small graphs, before and after in `.lwir` text (test/passes/lwir). Each case keeps every output byte, stays
 * well-formed, and reads back from its text.
 */
import { expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { parseGraph } from "../../compiler/ir/parse.js";
import { printGraph } from "../../compiler/ir/print.js";
import { verifyGraph } from "../../compiler/ops/verify-graph.js";
import type { Pass } from "../../compiler/passes/pass.js";
import { pipeline } from "../../compiler/passes/pipeline.js";
import { interpret } from "../../compiler/reference/interpret.js";
import { randomInputs } from "../support/graph-builder.js";
import { channelCases, shiftCases } from "./channel-cases.js";
import { functionCases } from "./function-cases.js";
import { windowCases } from "./window-cases.js";

const numerics = makeNumerics("ort");

function passNamed(name: string): Pass {
  const pass = pipeline.find((candidate) => candidate.name === name);
  if (!pass) throw new Error(`no pass ${name}`);
  return pass;
}

function run(before: Graph, passes: readonly string[]): Graph {
  return passes.reduce((graph, name) => {
    const after = passNamed(name).run(graph, { numerics }).graph;
    expect(verifyGraph(after)).toEqual([]);
    return after;
  }, before);
}

test.each([...channelCases, ...shiftCases, ...windowCases, ...functionCases])(
  "$passes: $name",
  async ({ name, passes, build, left }) => {
    const before = build();
    const after = run(before, passes);
    for (let seed = 1; seed <= 3; seed++) {
      const inputs = randomInputs(before, seed);
      expect(interpret(after, numerics, inputs).outputs).toEqual(interpret(before, numerics, inputs).outputs);
    }
    expect(after.nodes.map((node) => node.kind)).toEqual(left);
    const text = `== before\n${printGraph(before)}== after ${passes.join(", ")}\n${printGraph(after)}`;
    await expect(text).toMatchFileSnapshot(`lwir/${name.replaceAll(/[^a-z0-9]+/g, "-")}.lwir`);
    expect(parseGraph(printGraph(after))).toEqual(after);
  },
);
