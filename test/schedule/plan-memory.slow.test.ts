/** The search for a plan of memory: what a small arena may cost, and the fastest plan within a limit. */
import { describe, expect, test } from "vitest";
import { type BackEndOptions, compileGraph } from "../../compiler/compile-graph.js";
import { scheduleCycles } from "../../compiler/schedule/schedule-cycles.js";
import { chainNet } from "../support/chain-nets.js";
import { coreTarget } from "../support/targets.js";

describe.each(["cortex-m4", "cortex-m55"])("a network of narrow rows on %s", (core) => {
  const graph = chainNet({
    height: 25,
    width: 5,
    channels: 64,
    layers: ["dw3", "pw", "dw3", "pw", "wide", "down3", "pw"],
    mean: true,
  });
  const planOf = (
    options: BackEndOptions,
  ): { readonly bytes: number; readonly cycles: number; readonly log: string } => {
    const { arena, schedule, log } = compileGraph(graph, coreTarget(core), { io: "arena", ...options });
    const notes = log.filter(({ pass }) => pass === "plan-memory").map(({ why }) => why);
    return { bytes: arena.bytes, cycles: scheduleCycles(schedule), log: notes.join() };
  };
  const layers = planOf({ ram: 2 ** 30 });
  const least = planOf({ optimize: "ram", ram: "least" });
  const plans = { balanced: planOf({ optimize: "balanced" }), ram: planOf({ optimize: "ram" }) };

  test.each([
    ["balanced", 0.02],
    ["ram", 0.03],
  ] as const)("-O %s takes no more RAM than layer by layer, at its price", (optimize, price) => {
    const plan = plans[optimize];
    expect(plan.bytes).toBeLessThanOrEqual(layers.bytes);
    expect(plan.cycles).toBeLessThanOrEqual((1 + price) * layers.cycles);
  });

  test("-O ram says what the least arena would cost, where it is smaller", () => {
    const plan = plans.ram;
    expect(least.bytes).toBeLessThanOrEqual(plan.bytes);
    const share = ((100 * (least.cycles - layers.cycles)) / layers.cycles).toFixed(1);
    if (least.bytes === plan.bytes) expect(plan.log).toBe("");
    else expect(plan.log).toContain(`${least.bytes} bytes are possible, with ${share} % more modelled cycles`);
  });

  test("--ram is the faster the more there is", () => {
    const between = planOf({ ram: Math.floor((least.bytes + layers.bytes) / 2) });
    expect(between.cycles).toBeLessThanOrEqual(least.cycles);
    expect(layers.cycles).toBeLessThanOrEqual(between.cycles);
  });
});
