/** Constants for fast RAM: which are chosen, in how many bytes, and what is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BackEndOptions, compileGraph } from "../../compiler/compile-graph.js";
import { CompileError } from "../../compiler/diagnostics.js";
import { estimateProgram } from "../../compiler/estimate.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { constantsOf } from "../../compiler/ops/kernel.js";
import { chooseHotWeights } from "../../compiler/schedule/hot-weights.js";
import { distinctConstants } from "../../compiler/schedule/program-sizes.js";
import type { HotConstant, Schedule } from "../../compiler/schedule/schedule.js";
import { loadTarget } from "../../compiler/verify/target-files.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";
import { buildNet, netSpec } from "../support/random-graph.js";
import { coreTarget } from "../support/targets.js";

const m4 = coreTarget("cortex-m4");

/** A convolution over 8x8 pixels, then a layer that reads each weight once. */
function convAndClassifier(): Graph {
  const b = new GraphBuilder("net");
  const clamp = { clampMin: -128, clampMax: 127 };
  const weights = b.weights([6, 3, 3, 4], randomInts(216, 1), [0.01]);
  const attrs = { groups: 1, strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1], ...clamp };
  const map = b.node("conv2d", [b.input([1, 8, 8, 4]), weights], attrs, { scale: 0.1 });
  const logits = b.node(
    "fully_connected",
    [map, b.weights([5, 384], randomInts(1920, 2), [0.01])],
    { alpha: 1, ...clamp },
    { scale: 0.3 },
  );
  return b.output(logits).build();
}

const region = (bytes: number, cycles = 0) => ({ name: "fast", bytes, cycles });

function scheduleOf(graph: Graph): Schedule {
  return compileGraph(graph, m4, { optimize: "speed" }).schedule;
}

const reuse = ({ data, reads }: HotConstant): number => reads / data.byteLength;

describe("chooseHotWeights", () => {
  test("takes what is read most per byte first", () => {
    const schedule = scheduleOf(convAndClassifier());
    const { constants } = chooseHotWeights(schedule, region(1 << 20), 2);
    const conv = constants.filter(({ steps }) => steps.includes(0) && !steps.includes(1));
    const rest = constants.filter(({ steps }) => steps.includes(1));
    expect(Math.min(...conv.filter((one) => reuse(one) > 1).map(reuse))).toBeGreaterThan(40);
    expect(rest.map(reuse)).toEqual(rest.map(() => 1));
    expect(constants.map(reuse)).toEqual(constants.map(reuse).toSorted((a, b) => b - a));
    // 2 cycles for each word that is read.
    expect(constants.map(({ saves }) => saves)).toEqual(constants.map(({ reads }) => Math.round(reads / 2)));
  });

  test("takes what fits, each constant once", () => {
    fc.assert(
      fc.property(netSpec, fc.integer({ min: 0, max: 3000 }), (spec, bytes) => {
        const schedule = scheduleOf(buildNet(spec));
        const hot = chooseHotWeights(schedule, region(bytes), undefined);
        expect(hot.bytes).toBeLessThanOrEqual(bytes);
        expect(hot.bytes).toBeGreaterThanOrEqual(hot.constants.reduce((sum, { data }) => sum + data.byteLength, 0));
        const all = distinctConstants(schedule.steps.flatMap(({ call }) => (call ? constantsOf(call) : [])));
        expect(new Set(hot.constants.map(({ data }) => data)).size).toBe(hot.constants.length);
        const left = all.filter(({ data }) => !hot.constants.some((one) => one.data === data));
        // Nothing that is left would fit as well.
        for (const { data } of left) expect(hot.bytes + data.byteLength).toBeGreaterThan(bytes - 16);
        expect(chooseHotWeights(schedule, region(1 << 20), undefined).constants).toHaveLength(all.length);
      }),
      { numRuns: 20 },
    );
  });

  test("takes nothing where flash is as fast", () => {
    const schedule = scheduleOf(convAndClassifier());
    expect(chooseHotWeights(schedule, region(1 << 20, 3), 3).constants).toEqual([]);
    expect(chooseHotWeights(schedule, region(1 << 20, 3), undefined).constants.length).toBeGreaterThan(0);
  });
});

describe("hotWeights of a board", () => {
  const compiled = async (options: BackEndOptions) =>
    compileGraph(convAndClassifier(), await loadTarget("nucleo-h743zi"), { io: "arena", ...options });

  test("have what the arena leaves of a region, at its cost", async () => {
    const { arena, hot } = await compiled({ regions: [{ name: "DTCM" }], hotWeights: { name: "dtcm" } });
    expect(hot).toMatchObject({ flashCycles: 2.5, region: { name: "DTCM", cycles: 0, bytes: 131072 - arena.bytes } });
    const whole = await compiled({ hotWeights: { name: "AXI_SRAM" } });
    expect(whole.hot?.region).toEqual({ name: "AXI_SRAM", bytes: 524288, cycles: 2 });
    const without = await compiled({});
    expect(without.hot).toBeUndefined();
    expect(estimateProgram(whole).ramBytes).toBe(estimateProgram(without).ramBytes + (whole.hot?.bytes ?? 0));
  });

  test("take the cost of a region of the caller's own from there", async () => {
    const regions = [{ name: "mine", bytes: 9000, cycles: 1 }];
    const { hot } = await compiled({ regions, hotWeights: { name: "mine", bytes: 9500 } });
    expect(hot?.region).toEqual({ name: "mine", bytes: 9500, cycles: 1 });
    const rest = await compiled({ regions, hotWeights: { name: "mine" } });
    expect(rest.hot?.region).toEqual({ name: "mine", bytes: 9000 - rest.arena.bytes, cycles: 1 });
  });

  test.each<[string, BackEndOptions]>([
    ["LWC4012", { regions: [{ name: "DTCM" }], hotWeights: { name: "DTCM", bytes: 131072 } }],
    ["LWC4012", { hotWeights: { name: "DTCM", bytes: 0 } }],
    ["LWC4009", { hotWeights: { name: "nowhere", bytes: 64 } }],
    ["LWC4009", { hotWeights: { name: "FLASH" } }],
  ])("%s for %j", async (code, options) => {
    const codes = await compiled(options).then(
      () => [],
      (error: unknown) => (error instanceof CompileError ? error.diagnostics.map((one) => one.code) : [error]),
    );
    expect(codes).toEqual([code]);
  });
});
