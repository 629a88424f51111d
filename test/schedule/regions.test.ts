/** An arena over several memories: who goes where and at what cost, what is refused, and that replay sees who leaves their memory. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { type BackEndOptions, compileGraph } from "../../compiler/compile-graph.js";
import { CompileError } from "../../compiler/diagnostics.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { printGraph } from "../../compiler/ir/print.js";
import type { Optimize } from "../../compiler/ops/kernel.js";
import { interpret } from "../../compiler/reference/interpret.js";
import { replay } from "../../compiler/reference/replay.js";
import { divideArena, waitCycles } from "../../compiler/schedule/divide-arena.js";
import { computeLiveness, type Liveness } from "../../compiler/schedule/liveness.js";
import { checkNoOverlap, packBlocks } from "../../compiler/schedule/plan-arena.js";
import { contextBytes } from "../../compiler/schedule/program-sizes.js";
import { type Region, type RegionRequest, resolveRegions } from "../../compiler/schedule/regions.js";
import type { Program } from "../../compiler/schedule/schedule.js";
import { trafficOf } from "../../compiler/schedule/traffic.js";
import type { Target } from "../../compiler/targets.js";
import { loadTarget } from "../../compiler/verify/target-files.js";
import { compileWithin } from "../support/compile-within.js";
import { GraphBuilder, randomInputs, randomInts } from "../support/graph-builder.js";
import { buildNet, netSpec } from "../support/random-graph.js";
import { coreTarget } from "../support/targets.js";

const m4 = coreTarget("cortex-m4");

/** The program, or the code of what it is refused for. */
function compileOrRefuse(graph: Graph, options: BackEndOptions, target: Target = m4): Program | string {
  try {
    return compileGraph(graph, target, options);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.diagnostics.map(({ code }) => code).join(" ");
  }
}

/** A 3x3 convolution from 8x8x4 to 8x8x8, then a pointwise one to 8x8x2; everything in the arena. */
function twoConvs(): Graph {
  const b = new GraphBuilder("two");
  const clamp = { clampMin: -128, clampMax: 127 };
  const conv = (x: Parameters<typeof b.shapeOf>[0], channels: number, kernel: number) => {
    const inputs = b.shapeOf(x)[3]!;
    const weights = b.weights(
      [channels, kernel, kernel, inputs],
      randomInts(channels * kernel * kernel * inputs, 1),
      [0.01],
    );
    const pad = kernel >> 1;
    const attrs = { groups: 1, strides: [1, 1], dilations: [1, 1], pads: [pad, pad, pad, pad], ...clamp };
    return b.node("conv2d", [x, weights], attrs, { scale: 0.1 });
  };
  return b.output(conv(conv(b.input([1, 8, 8, 4]), 8, 3), 2, 1)).build();
}

describe("traffic", () => {
  test("rows that windows share are read again, ports in the arena are filled and read once more", () => {
    const { schedule } = compileGraph(twoConvs(), m4, { io: "arena", optimize: "speed" });
    const ports = { io: "arena", input: "whole", output: "whole" } as const;
    const { blocks } = computeLiveness(schedule, ports);
    const traffic = trafficOf(schedule, ports, blocks);
    const of = (id: string | undefined): number =>
      traffic[blocks.findIndex((block) => block.scratchOf === undefined && block.tensors.some((one) => one === id))]!;
    const [first, second] = schedule.steps;
    // 8 windows of 3 rows, but for the two that padding stands in for.
    expect(of(schedule.graph.inputs[0]!.tensor)).toBe((24 - 2) * 32 + 256);
    expect(of(first!.output)).toBe(512 + 512);
    expect(of(second!.output)).toBe(128 + 128);
  });
});

describe("resolveRegions", () => {
  test("takes bytes and costs from the target, the fastest first", async () => {
    const h7 = await loadTarget("nucleo-h743zi");
    const requests = [{ name: "axi_sram", bytes: 1000 }, { name: "ext", bytes: 99, cycles: 30 }, { name: "DTCM" }];
    expect(resolveRegions(requests, h7)).toEqual([
      { name: "DTCM", bytes: 131072, cycles: 0 },
      { name: "AXI_SRAM", bytes: 1000, cycles: 2 },
      { name: "ext", bytes: 99, cycles: 30 },
    ]);
  });

  test.each<[string, readonly RegionRequest[]]>([
    ["LWC4006", [{ name: "DTCM" }, { name: "dtcm" }]],
    ["LWC4007", [{ name: "my ram", bytes: 8, cycles: 1 }]],
    ["LWC4008", [{ name: "DTCM", bytes: 131073 }]],
    ["LWC4009", [{ name: "FLASH" }]],
    ["LWC4009", [{ name: "psram", bytes: 1024 }]],
    ["LWC4009", [{ name: "psram", bytes: 0, cycles: 3 }]],
  ])("%s for %j", async (code, regions) => {
    expect(compileOrRefuse(twoConvs(), { regions }, await loadTarget("nucleo-h743zi"))).toBe(code);
  });
});

describe("a divided arena", () => {
  const regions = [
    { name: "slow", bytes: 4096, cycles: 9 },
    { name: "fast", bytes: 300, cycles: 0 },
  ];
  const program = compileGraph(twoConvs(), m4, { io: "arena", optimize: "speed", regions });

  test("keeps what is read most per byte in the fast memory", () => {
    const [fast, slow] = program.arena.regions!;
    expect([fast!.name, slow!.name]).toEqual(["fast", "slow"]);
    expect(fast!.used).toBeLessThanOrEqual(300);
    // The input, which windows read three times over, and not the map behind it.
    const place = program.arena.places.get(program.graph.inputs[0]!.tensor);
    expect(place).toMatchObject({ kind: "arena" });
    expect(place?.kind === "arena" && place.offset < slow!.start).toBe(true);
    const map = program.arena.places.get(program.schedule.steps[0]!.output);
    expect(map?.kind === "arena" && map.offset >= slow!.start).toBe(true);
    expect(contextBytes(program)).toBe(program.arena.bytes + 8);
    expect(compileGraph(twoConvs(), m4, { io: "arena", optimize: "speed", regions }).arena).toEqual(program.arena);
    expect(program.log.filter(({ pass }) => pass === "divide-arena")).toHaveLength(2);
  });

  test("is one block for one region, which limits it", () => {
    const one = compileGraph(twoConvs(), m4, { regions: [{ name: "fast", bytes: 2048, cycles: 0 }] });
    expect(one.arena.regions).toBeUndefined();
    expect(compileOrRefuse(twoConvs(), { io: "arena", regions: [{ name: "fast", bytes: 256, cycles: 0 }] })).toBe(
      "LWC4010",
    );
  });

  test("is refused where it fits nowhere, and where it exceeds --ram", () => {
    const tight = [
      { name: "a", bytes: 128, cycles: 0 },
      { name: "b", bytes: 128, cycles: 0 },
    ];
    expect(compileOrRefuse(twoConvs(), { io: "arena", regions: tight })).toBe("LWC4010");
    expect(compileOrRefuse(twoConvs(), { io: "arena", ram: 64 })).toBe("LWC4005");
    expect(compileOrRefuse(twoConvs(), { io: "arena", ram: 64, regions })).toBe("LWC4005");
  });

  test("whose map lies outside of its memory is noticed", () => {
    const { arena } = program;
    const [input] = program.graph.inputs;
    const moved = new Map(arena.places).set(input!.tensor, { kind: "arena", offset: -8 });
    const inputs = randomInputs(program.graph, 1);
    expect(() => replay({ ...program, arena: { ...arena, places: moved } }, inputs)).toThrow(/outside of fast/);
    expect(replay(program, inputs).outputs).toEqual(interpret(program.graph, makeNumerics("ort"), inputs).outputs);
  });
});

const regionSizes = fc.array(
  fc.record({ bytes: fc.integer({ min: 1, max: 2500 }), cycles: fc.integer({ min: 0, max: 9 }) }),
  { minLength: 2, maxLength: 4 },
);

function checkDivision({ arena }: Program, requested: readonly RegionRequest[]): void {
  checkNoOverlap(arena.slots, arena.overlaps);
  const regions = arena.regions ?? [];
  let end = 0;
  for (const region of regions) {
    expect(region.start).toBe(end);
    end += region.used;
    expect(region.used).toBeLessThanOrEqual(Math.ceil(region.bytes / 8) * 8);
    expect(region.used).toBeGreaterThanOrEqual(region.lowerBound);
    expect(requested.find(({ name }) => name === region.name)).toMatchObject({ bytes: region.bytes });
  }
  expect(end).toBe(regions.length === 0 ? 0 : arena.bytes);
  for (const { offset, bytes } of arena.slots) {
    const inside = regions.filter(({ start, used }) => start <= offset && offset + bytes <= start + used);
    expect(inside).toHaveLength(1);
  }
}

test("every division of a random network computes what the reference computes, or is refused", () => {
  let divided = 0;
  fc.assert(
    fc.property(
      netSpec,
      regionSizes,
      fc.constantFrom("caller" as const, "arena" as const),
      fc.constantFrom<Optimize>("speed", "balanced", "ram"),
      fc.constantFrom("whole" as const, "rows" as const),
      (spec, sizes, io, optimize, input) => {
        const graph = buildNet(spec);
        const regions = sizes.map((size, i) => ({ name: `R${i}`, ...size }));
        const options = { io, optimize, input, regions };
        const program = compileOrRefuse(graph, options);
        if (typeof program === "string") {
          expect(program).toBe("LWC4010");
          return;
        }
        checkDivision(program, regions);
        if ((program.arena.regions?.length ?? 0) > 1) divided++;
        const inputs = randomInputs(graph, spec.seed);
        const expected = interpret(graph, makeNumerics("ort"), inputs).outputs;
        expect(replay(program, inputs).outputs, printGraph(graph)).toEqual(expected);
      },
    ),
    { numRuns: 40 },
  );
  expect(divided).toBeGreaterThan(5);
});

/** The least cost of all divisions that hold everything; infinite where there is none. */
function leastCost(liveness: Liveness, traffic: readonly number[], regions: readonly Region[]): number {
  const { blocks } = liveness;
  let least = Number.POSITIVE_INFINITY;
  for (let code = 0; code < regions.length ** blocks.length; code++) {
    const home = blocks.map((_, i) => Math.floor(code / regions.length ** i) % regions.length);
    const cost = home.reduce((sum, r, i) => sum + (traffic[i]! / 4) * regions[r]!.cycles, 0);
    const fits = regions.every(({ bytes }, r) => {
      const own = new Set(blocks.filter((_, i) => home[i] === r));
      const overlaps = liveness.overlaps.filter((one) => own.has(one.input) && own.has(one.output));
      const part = { blocks: blocks.filter((block) => own.has(block)), overlaps };
      return packBlocks(part, { enough: bytes, rounds: 40 }).bytes <= bytes;
    });
    if (fits) least = Math.min(least, cost);
  }
  return least;
}

test("divisions cost about as little as the best of all, and hold everything where one does", () => {
  const costs = { found: 0, least: 0 };
  fc.assert(
    fc.property(netSpec, regionSizes, (spec, sizes) => {
      const { schedule } = compileGraph(buildNet(spec), m4, { io: "arena", optimize: "speed" });
      const ports = { io: "arena", input: "whole", output: "whole" } as const;
      const liveness = computeLiveness(schedule, ports);
      const traffic = trafficOf(schedule, ports, liveness.blocks);
      const divide = (requests: readonly RegionRequest[]) =>
        divideArena(liveness, schedule.steps.length, traffic, resolveRegions(requests, m4));
      const regions = sizes.slice(0, 3).map((size, i) => ({ name: `R${i}`, ...size }));
      const everything = divide([...regions, { name: "all", bytes: 1 << 20, cycles: 0 }]);
      expect(waitCycles(everything.arena.regions!)).toBe(0);
      if (regions.length ** liveness.blocks.length > 3000) return;
      const least = leastCost(liveness, traffic, resolveRegions(regions, m4));
      const { arena, excess } = divide(regions);
      expect(excess === 0).toBe(Number.isFinite(least));
      if (excess > 0) return;
      expect(waitCycles(arena.regions!)).toBeGreaterThanOrEqual(least);
      costs.found += waitCycles(arena.regions!);
      costs.least += least;
    }),
    { numRuns: 60 },
  );
  expect(costs.found).toBeLessThan(1.05 * costs.least + 1);
});

test("--ram is met, or the bytes that the refusal names are", () => {
  fc.assert(
    fc.property(netSpec, fc.integer({ min: 0, max: 4000 }), (spec, ram) => {
      const graph = buildNet(spec);
      const program = compileWithin(graph, m4, { ram });
      if (program.arena.bytes > ram) expect(compileOrRefuse(graph, { ram })).toBe("LWC4005");
    }),
    { numRuns: 15 },
  );
});
