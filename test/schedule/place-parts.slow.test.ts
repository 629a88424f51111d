/** Joins of channels: which layers write into the joined tensor, what stays a copy and why, and the room that it takes. */
import { describe, expect, test } from "vitest";
import { makeNumerics } from "../../compiler/arith/numerics.js";
import { type BackEndOptions, compileGraph } from "../../compiler/compile-graph.js";
import type { Graph, TensorId } from "../../compiler/ir/graph.js";
import { chooseKernels } from "../../compiler/schedule/choose-kernels.js";
import { computeLiveness } from "../../compiler/schedule/liveness.js";
import { placeParts } from "../../compiler/schedule/place-parts.js";
import { planArena } from "../../compiler/schedule/plan-arena.js";
import type { Program } from "../../compiler/schedule/schedule.js";
import { readAssets } from "../../compiler/verify/assets.js";
import { generateCases } from "../../compiler/verify/inputs.js";
import { verifyProgram } from "../../compiler/verify/verify-program.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";
import { speedTarget } from "../support/targets.js";

const assets = await readAssets();
const target = speedTarget("cortex-m4", ["lwc_pointwise_shared_s8_dsp"]);

const clamps = { clampMin: -128, clampMax: 127 };
const window = { strides: [1, 1], dilations: [1, 1], ...clamps };
const same = { scale: 0.4 };

function conv(b: GraphBuilder, x: TensorId, outputs: number, kernel = 3): TensorId {
  const inputs = b.shapeOf(x)[3]!;
  const weights = b.weights([outputs, kernel, kernel, inputs], randomInts(outputs * kernel * kernel * inputs, outputs));
  const pad = (kernel - 1) / 2;
  return b.node("conv2d", [x, weights], { ...window, groups: 1, pads: [pad, pad, pad, pad] }, same);
}

function pool(b: GraphBuilder, x: TensorId): TensorId {
  return b.node("max_pool2d", [x], { ...window, kernel: [3, 3], pads: [1, 1, 1, 1] });
}

/** No kernel of an addition writes at a pitch. */
function sum(b: GraphBuilder, x: TensorId, channels: number): TensorId {
  return b.node("add", [conv(b, x, channels), conv(b, x, channels, 1)], { ...clamps, spanScalar: "none" }, same);
}

function graph(build: (b: GraphBuilder, x: TensorId) => TensorId): Graph {
  const b = new GraphBuilder("joins");
  return b.output(build(b, b.input([1, 6, 5, 4], same))).build();
}

const join = (b: GraphBuilder, inputs: readonly TensorId[]): TensorId => b.node("concat", inputs, { axis: 3 });

interface Case {
  readonly graph: Graph;
  /** Of each tensor in place: first channel, channels of the whole, channels. */
  readonly parts: readonly (readonly [start: number, pitch: number, width: number])[];
  /** What the join copies: the first channel; absent where it is a view. */
  readonly rest?: number;
  readonly reason?: RegExp;
}

const cases: Readonly<Record<string, Case>> = {
  "of convolutions is a view": {
    graph: graph((b, x) => conv(b, join(b, [conv(b, x, 5, 1), conv(b, x, 7)]), 3)),
    parts: [
      [0, 12, 5],
      [5, 12, 7],
    ],
  },
  "with channels of the caller copies these": {
    graph: graph((b, x) => conv(b, join(b, [conv(b, x, 5, 1), x]), 3)),
    parts: [[0, 9, 5]],
    rest: 5,
    reason: /^in0 comes from the caller$/,
  },
  "with a pool is a view": {
    graph: graph((b, x) => conv(b, join(b, [conv(b, x, 5), pool(b, conv(b, x, 3, 1))]), 3)),
    parts: [
      [0, 8, 5],
      [5, 8, 3],
    ],
  },
  "with an addition copies what that makes": {
    graph: graph((b, x) => conv(b, join(b, [conv(b, x, 5), sum(b, x, 3), conv(b, x, 7, 1)]), 3)),
    parts: [
      [0, 15, 5],
      [8, 15, 7],
    ],
    rest: 5,
    reason: /^add\d+ comes from lwc_add_s8, which writes pixels side by side$/,
  },
  "copies all between two copies": {
    graph: graph((b, x) => conv(b, join(b, [x, conv(b, x, 5), sum(b, x, 4), conv(b, x, 7, 1)]), 3)),
    parts: [[13, 20, 7]],
    rest: 0,
    reason: /^in0 comes from the caller; add\d+ comes .*; conv2d\d+ lies between channels that are copied$/,
  },
  "with a tensor that another layer reads copies that": {
    graph: graph((b, x) => {
      const first = conv(b, x, 5, 1);
      return conv(b, join(b, [first, conv(b, first, 7)]), 3);
    }),
    parts: [[5, 12, 7]],
    rest: 0,
    reason: /^conv2d\d+ is read elsewhere too$/,
  },
  "with a table behind one part is a view": {
    graph: graph((b, x) => {
      const y = conv(b, x, 6);
      const scaled = b.node("lookup", [y, b.weights([256], randomInts(256, 3))], {}, same);
      return conv(b, join(b, [conv(b, y, 5), scaled]), 3);
    }),
    parts: [
      [0, 11, 5],
      [5, 11, 6],
    ],
  },
  "in another order than the layers is a view": {
    graph: graph((b, x) => {
      const inputs = [conv(b, x, 5, 1), conv(b, x, 7)];
      return conv(b, b.node("channel_select", inputs, { parts: [1, 0], starts: [0, 0], counts: [7, 5] }), 3);
    }),
    parts: [
      [0, 12, 7],
      [7, 12, 5],
    ],
  },
  "with pieces of a tensor copies these": {
    graph: graph((b, x) => {
      const inputs = [conv(b, x, 6, 1), conv(b, x, 7)];
      const attrs = { parts: [0, 1, 0], starts: [4, 0, 0], counts: [2, 7, 3] };
      const pieces = b.node("channel_select", [conv(b, inputs[0]!, 6), inputs[1]!], attrs);
      return conv(b, b.node("add", [conv(b, pieces, 6, 1), inputs[0]!], { ...clamps, spanScalar: "none" }, same), 3);
    }),
    parts: [],
    reason: /^conv2d\d+ is read in pieces; conv2d\d+ lies between channels that are copied$/,
  },
  "of a join keeps the inner one apart": {
    graph: graph((b, x) => {
      const inner = join(b, [conv(b, x, 5), conv(b, x, 3)]);
      return conv(b, join(b, [inner, conv(b, inner, 4)]), 3);
    }),
    parts: [],
  },
};

function partsOf(program: Program) {
  const parts = [...program.schedule.parts.values()].map(({ start, pitch, width }) => [start, pitch, width]);
  return parts.toSorted((a, b) => a[0]! - b[0]!);
}

const options: readonly BackEndOptions[] = [
  { optimize: "speed" },
  { optimize: "speed", io: "arena" },
  { optimize: "balanced", io: "arena" },
];

describe.each(Object.keys(cases))("a join %s", (name) => {
  const { graph: before, parts, rest, reason } = cases[name]!;

  test.each(options)("%o", async (one) => {
    const program = compileGraph(before, target, { ...one, ram: 1 << 20 });
    const joins = program.schedule.steps.filter(({ node }) => ["concat", "channel_select"].includes(node.kind));
    if (parts.length > 0) {
      expect(partsOf(program)).toEqual(parts);
      expect(joins.map((step) => step.rest?.start)).toEqual([rest]);
      expect(joins.map(({ call }) => call !== undefined)).toEqual([rest !== undefined]);
    }
    if (reason) expect(joins[0]?.copies).toMatch(reason);
    const result = await verifyProgram({
      program,
      imported: before,
      assets,
      engines: one.io === "arena" ? ["passes", "replay"] : ["passes", "replay", "host"],
      cases: generateCases(before, 4),
      strict: true,
    });
    expect(result).toMatchObject({ ok: true, differences: [] });
  });

  test.each(["ram", "balanced"] as const)("with rows in flight for -O %s", async (optimize) => {
    const program = compileGraph(before, target, { optimize, ram: "least", input: "rows", output: "rows" });
    const result = await verifyProgram({
      program,
      imported: before,
      assets,
      engines: ["passes", "replay", "host"],
      cases: generateCases(before, 3),
    });
    expect(result).toMatchObject({ ok: true, differences: [] });
  });
});

describe("the room of a join", () => {
  // Between the parts a layer needs much, which is over when the parts are joined.
  const before = graph((b, x) => {
    const first = conv(b, x, 16, 1);
    const wide = conv(b, conv(b, x, 120), 3, 1);
    return conv(b, join(b, [first, conv(b, wide, 5)]), 3);
  });
  const ports = { io: "caller", input: "whole", output: "whole" } as const;
  const context = { target, numerics: makeNumerics("ort"), optimize: "speed" } as const;
  const apart = chooseKernels(before, { nodes: before.nodes, why: "as written" }, context);
  const arena = planArena(computeLiveness(apart, ports), apart.steps.length);
  const placed = (limit: number) =>
    placeParts({ schedule: apart, arena }, { ports, limit, alone: apart.steps }, context);

  test("is more where the joined tensor lives longer, and then a limit keeps the copy", () => {
    const roomy = placed(1 << 20);
    expect(roomy.schedule.parts.size).toBe(2);
    expect(roomy.arena.bytes).toBeGreaterThan(arena.bytes);
    const tight = placed(arena.bytes);
    expect(tight.schedule.parts.size).toBe(0);
    expect(tight.arena).toBe(arena);
    const join = tight.schedule.steps.find(({ node }) => node.kind === "concat");
    expect(join?.copies).toBe("the joined tensor would be alive longer, for which the arena has no room");
    expect(placed(roomy.arena.bytes).schedule.parts.size).toBe(2);
  });
});
