/** Chains of layers in streams that make their rows over their input, several at a time. */
import { describe, expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { compileGraph } from "../../compiler/compile-graph.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { isOverInput, keptRows } from "../../compiler/ops/kernel.js";
import { interpret } from "../../compiler/reference/interpret.js";
import { replay } from "../../compiler/reference/replay.js";
import { blockAt, firstRead, planRows, streamSteps } from "../../compiler/schedule/row-plan.js";
import type { Program } from "../../compiler/schedule/schedule.js";
import { type ChainNet, chainNet } from "../support/chain-nets.js";
import { randomInputs } from "../support/graph-builder.js";
import { buildNet } from "../support/random-graph.js";
import { coreTarget } from "../support/targets.js";

const m4 = coreTarget("cortex-m4");

const keywords: ChainNet = {
  height: 25,
  width: 5,
  channels: 16,
  layers: ["dw3", "pw", "dw3", "pw", "dw3", "pw"],
  mean: true,
};

function chained(program: Program): readonly number[] {
  return program.schedule.steps.flatMap(({ index, call }) => (call && isOverInput(call) ? [index] : []));
}

function expectEqual(program: Program, graph: Graph, seed: number): void {
  const inputs = randomInputs(graph, seed);
  expect(replay(program, inputs).outputs).toEqual(interpret(graph, makeNumerics("ort"), inputs).outputs);
}

/** With room for a few rows more than the least. */
function compileChain(net: ChainNet, more: number): { readonly graph: Graph; readonly program: Program } {
  const graph = chainNet(net);
  const least = compileGraph(graph, m4, { io: "arena", optimize: "ram", ram: "least" });
  return { graph, program: compileGraph(graph, m4, { io: "arena", ram: least.arena.bytes + more }) };
}

describe("depthwise and 1x1 layers in turn", () => {
  const { graph, program } = compileChain(keywords, 1000);
  const [stream] = program.schedule.streams;
  const rows = streamSteps(program.schedule, stream!);

  test("become one chain behind the layer that makes the first rows", () => {
    expect(chained(program)).toEqual([1, 2, 3, 4, 5, 6]);
    expectEqual(program, graph, 1);
  });

  test("pass a block of rows on in one place", () => {
    const offsetsOf = (step: number): readonly number[] => {
      const { output } = program.schedule.steps[step]!;
      return stream!.pool.rows.get(output)!.offsets;
    };
    for (const step of chained(program)) {
      const [row, source] = [rows[step]!, rows[step - 1]!];
      for (let y = 0; y < row.rows; y += blockAt(row, y)) {
        // A block starts where the first row lies that its call has not kept.
        const first = firstRead(row.inputs[0]!, y);
        if (first < source.rows) expect(offsetsOf(step)[y]).toBe(offsetsOf(step - 1)[first]);
      }
    }
  });

  test("read no row in two calls", () => {
    const { lives } = planRows(program.graph, rows);
    for (const step of chained(program)) {
      const made = new Set(lives[step]!.map(({ from }) => from));
      for (const { to } of lives[step - 1]!) expect(made.has(to)).toBe(true);
    }
    const kept = program.schedule.steps.map(({ call }) => (call ? keptRows(call.drive) : 0));
    expect(kept).toEqual([0, 2, 0, 2, 0, 2, 0, 0]);
  });

  test("take less than blocks that have their outputs elsewhere", () => {
    const blocks = Math.max(...rows.map(({ block }) => block));
    const rowBytes = keywords.width * keywords.channels;
    // Two rows kept by each of three layers, and one block with its neighbour.
    expect(stream!.pool.bytes).toBeLessThan((3 * 2 + blocks + 2) * rowBytes + 1500);
  });

  test("replay sees a row that is lost before the next call needs it", () => {
    const [kept] = stream!.pool.state.keys();
    const state = new Map(program.arena.state).set(kept!, program.arena.state.get(kept!)! + 8);
    const broken = { ...program, arena: { ...program.arena, state } };
    const inputs = randomInputs(graph, 1);
    let equal = true;
    try {
      const { outputs } = replay(broken, inputs);
      equal = outputs.every((values, i) => values.join() === replay(program, inputs).outputs[i]!.join());
    } catch {
      equal = false;
    }
    expect(equal).toBe(false);
  });
});

test("blocks end where a layer that moves on by two rows can make its next", () => {
  const net = { ...keywords, width: 12, channels: 32, layers: ["dw3", "pw", "down3", "dw3", "pw"] } as const;
  const { program } = compileChain(net, 700);
  const rows = program.schedule.streams.flatMap((stream) => streamSteps(program.schedule, stream));
  // Its first output needs rows 0 and 1, the next 2 and 3.
  expect(rows.slice(1, 3).map(({ first, block }) => [first, block])).toEqual([
    [2, 2],
    [2, 2],
  ]);
  const { lives } = planRows(program.graph, rows);
  const atOnce = lives[2]!.map(
    ({ from }) => lives[2]!.filter((other) => other.from <= from && from <= other.to).length,
  );
  // One row of the window before, which the next shares, and the two of a block.
  expect(Math.max(...atOnce)).toBe(3);
});

test("a chain that starts with a join keeps it in its stream", () => {
  const plain = { channels: 1, kernel: 1, stride: 1, zero: 0, relu: false } as const;
  const graph = buildNet({
    size: 7,
    channels: 1,
    zero: 0,
    blocks: [
      { ...plain, kind: "concat", channels: 9 },
      { ...plain, kind: "split" },
      { ...plain, kind: "depthwise", kernel: 5 },
    ],
    head: "none",
    seed: 1,
  });
  for (const io of ["caller", "arena"] as const) expectEqual(compileGraph(graph, m4, { io }), graph, 1);
});
