/** The report: its figures against the program, its text against a golden, its HTML against hostile names. */
import { describe, expect, it } from "vitest";
import { escapeHtml } from "../../compiler/cli/report/escape-html.js";
import { reportHtml } from "../../compiler/cli/report/html.js";
import { makeReport, reportJson } from "../../compiler/cli/report/report.js";
import { group, reportText } from "../../compiler/cli/report/text.js";
import type { Graph, TensorId } from "../../compiler/ir/graph.js";
import { elementCount } from "../../compiler/ir/shape.js";
import { constantsOf } from "../../compiler/ops/kernel.js";
import { programSizes } from "../../compiler/schedule/program-sizes.js";
import { GraphBuilder, randomInts } from "../support/graph-builder.js";
import { hostileNames, programOf, renamed, smallNet } from "./programs.js";

function transposed(): Graph {
  const b = new GraphBuilder("net");
  const x = b.input([1, 4, 3, 2]);
  return b.output(b.node("transpose", [x], { perm: [0, 3, 1, 2] })).build();
}

/** Expansion, depthwise separable pair, squeeze-and-excitation, h-swish, a grouped convolution and a join. */
function blocks(): Graph {
  const b = new GraphBuilder("blocks");
  const conv = (x: TensorId, outputs: number, kernel = 1, groups = 1): TensorId => {
    const shape = [outputs, kernel, kernel, b.shapeOf(x)[3]! / groups];
    const pad = (kernel - 1) / 2;
    return b.node(
      "conv2d",
      [x, b.weights(shape, randomInts(elementCount(shape), outputs), [0.01])],
      { groups, strides: [1, 1], dilations: [1, 1], pads: [pad, pad, pad, pad], clampMin: -128, clampMax: 127 },
      { scale: 0.1 },
    );
  };
  const clamp = { clampMin: -128, clampMax: 127 };
  const wide = conv(b.input([1, 8, 8, 4]), 16);
  const narrow = conv(conv(wide, 16, 3, 16), 8);
  const pooled = b.node("mean", [narrow], { axes: [1, 2], keepDims: true, ...clamp }, { scale: 0.1 });
  const scaled = b.node("mul", [narrow, conv(conv(pooled, 2), 8)], clamp, { scale: 0.1 });
  const table = b.node("lookup", [scaled, b.weights([256], randomInts(256, 3))], {}, { scale: 0.1 });
  const active = b.node("mul", [scaled, table], clamp, { scale: 0.1 });
  const grouped = conv(active, 8, 3, 2);
  return b.output(b.node("concat", [grouped, active], { axis: 3 })).build();
}

/** Element names in order; throws where a tag does not close. */
function elements(html: string): readonly string[] {
  const names: string[] = [];
  const open: string[] = [];
  const isVoid = new Set(["meta", "br", "line"]);
  for (const [, close, name = "", rest = ""] of html
    .replace("<!DOCTYPE html>", "")
    .matchAll(/<(\/?)([a-z0-9]*)((?:[^>"]|"[^"]*")*)>/g)) {
    if (close) {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`);
    } else {
      names.push(name);
      if (!isVoid.has(name) && !rest.endsWith("/")) open.push(name);
    }
  }
  if (open.length > 0) throw new Error(`<${open.join("><")}> stay open`);
  return names;
}

describe("the report", () => {
  it("agrees with the program", () => {
    const program = programOf(smallNet());
    const report = makeReport(program);
    const sizes = programSizes(program);
    expect(report).toMatchObject({
      macs: sizes.macs,
      weight_bytes: sizes.weightBytes,
      table_bytes: sizes.tableBytes,
      arena_bytes: program.arena.bytes,
    });
    expect(report.steps.reduce((sum, step) => sum + step.macs, 0)).toBe(report.macs);
    // All that flash holds is read by some step, rows of padding included.
    const tables = new Set(program.schedule.steps.flatMap(({ call }) => (call ? constantsOf(call) : [])));
    const bytes = [...tables].reduce((sum, { data, role }) => sum + (role === "table" ? data.byteLength : 0), 0);
    expect([...tables].some(({ name }) => name === "padding")).toBe(true);
    expect(report.steps.reduce((sum, step) => sum + step.table_bytes, 0)).toBeGreaterThanOrEqual(bytes);
    expect(report.steps).toHaveLength(program.schedule.steps.length);
    expect(report.slots).toHaveLength(program.arena.slots.length);
    // Slots start at multiples of 8, so what is alive may be smaller than the bound by the bytes between.
    expect(report.peak.bytes).toBeLessThanOrEqual(report.arena_lower_bound);
    expect(report.peak.bytes).toBeGreaterThan(report.arena_lower_bound - 8 * report.peak.alive.length);
  });

  it("is plain data", () => {
    const report = makeReport(programOf(smallNet()));
    const json = reportJson(report);
    expect(JSON.parse(json)).toEqual(report);
    expect(json.endsWith("}\n")).toBe(true);
  });

  it("prints as text", async () => {
    await expect(reportText(makeReport(programOf(smallNet(), {}, "cortex-m0")))).toMatchFileSnapshot(
      "../golden/small-net-report.expect.txt",
    );
  });

  it("lists float islands and the transposes that are left", () => {
    const program = programOf(transposed());
    expect(makeReport(program).transposes).toEqual([
      { node: program.graph.nodes[0]!.origin.nodes[0], reason: program.schedule.steps[0]!.why },
    ]);
    expect(makeReport(programOf(smallNet())).transposes).toEqual([]);
    const island = programOf(renamed(smallNet(), (i) => `name${i}`));
    expect(makeReport(island).float_islands).toHaveLength(island.schedule.steps.length);
  });

  it("counts parameters, bytes moved and intensity of every step", () => {
    const program = programOf(smallNet());
    const { steps, cost, params, macs, copies } = makeReport(program);
    for (const [index, step] of steps.entries()) {
      const size = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);
      const inputs = step.inputs.reduce((sum, shape) => sum + size(shape), 0);
      const written = program.schedule.steps[index]!.rest ? inputs : step.output_bytes;
      const moved = inputs + written + step.weight_bytes + step.table_bytes;
      expect(step.moved_bytes).toBe(step.kernel === null ? 0 : moved);
      if (step.kernel !== null) expect(step.macs_per_byte).toBeCloseTo(step.macs / moved, 2);
    }
    expect(steps.reduce((sum, step) => sum + step.moved_bytes, 0)).toBe(cost.moved_bytes);
    expect(steps.reduce((sum, step) => sum + step.params, 0)).toBe(params);
    expect(cost).toMatchObject({ macs, params });
    expect(cost.copies.steps).toBe(copies.length);
  });

  it("has keys that other programs may rely on", () => {
    const report = makeReport(programOf(blocks()));
    expect(Object.keys(report.cost)).toEqual([
      "macs",
      "params",
      "moved_bytes",
      "macs_per_byte",
      "element_wise",
      "copies",
      "advice",
      "separable",
      "squeeze_excite",
      "h_swish",
    ]);
    expect(Object.keys(report.copies[0]!)).toEqual(["node", "op", "moved_bytes", "reason"]);
    expect(Object.keys(report.cost.separable[0]!)).toEqual([
      "depthwise",
      "pointwise",
      "macs",
      "standard_macs",
      "ratio",
      "out_channels",
      "window",
    ]);
  });

  it("gives the advice of the ShuffleNetV2 paper with figures", () => {
    const { cost, copies } = makeReport(programOf(blocks()));
    const byGuideline = new Map(cost.advice.map((advice) => [advice.guideline, advice]));
    expect([...byGuideline.keys()]).toEqual(["G1", "G2", "G3", "G4"]);
    // 8x8 pixels: 4 -> 16, 16 -> 8 and, on one pixel, the two of the block, which do not count.
    const values = 64 * (4 + 16) + 4 * 16 + 64 * (16 + 8) + 16 * 8;
    const least = 2 * 64 * Math.sqrt(64) + 64 + 2 * 64 * Math.sqrt(128) + 128;
    expect(byGuideline.get("G1")!.figures).toMatchObject({
      pointwise: 2,
      unequal: 2,
      moved_values: values,
      least_values: Math.round(least),
    });
    // 8 channels in 2 groups of 3x3: half of the output at equal work without groups.
    expect(byGuideline.get("G2")!.figures).toMatchObject({
      grouped: 1,
      moved_values: 64 * 8 + 64 * 8 + 9 * 8 * 4,
      dense_values: 64 * 8 + 32 * 8 + 9 * 8 * 4,
    });
    expect(byGuideline.get("G3")!.figures).toMatchObject({ calls: 10, calls_without_macs: 4 });
    expect(cost.element_wise.share).toBe(byGuideline.get("G4")!.figures["share"]);

    // Howard et al. 2017: 1/8 + 1/9.
    expect(cost.separable).toMatchObject([
      { ratio: Number((1 / 8 + 1 / 9).toPrecision(4)), out_channels: 8, window: 9 },
    ]);
    expect(cost.squeeze_excite).toMatchObject({ blocks: 1, macs: 2 * 8 * 2, params: 2 * 8 * 2 });
    expect(cost.h_swish).toMatchObject({ blocks: 1, macs: 0, params: 0 });
    expect(copies.map(({ op, reason }) => [op, reason])).toEqual([
      ["concat", expect.stringContaining("reads the channels side by side that 2 layers wrote apart")],
    ]);
  });

  it("is one self-contained page", () => {
    const html = reportHtml(makeReport(programOf(smallNet())));
    const names = elements(html);
    expect(names.filter((name) => name === "svg")).toHaveLength(1);
    expect(names.filter((name) => /script|link|img|iframe|object/.test(name))).toEqual([]);
    expect(html).not.toMatch(/https?:|url\(|@import| src=| href=/);
    expect(html).toContain("prefers-color-scheme: dark");
  });

  it("shows every row in flight of a stream, in its place, and none on another that is still needed", () => {
    const report = makeReport(programOf(smallNet(), { optimize: "ram", ram: "least" }));
    expect(report.streams.length).toBeGreaterThan(0);
    const html = reportHtml(report);
    for (const stream of report.streams) {
      const boxes = stream.rows.flatMap(({ row_bytes: bytes, offsets, made, last_read: lastRead }) =>
        offsets.map((offset, row) => ({ offset, end: offset + bytes, from: made[row]!, to: lastRead[row]! })),
      );
      expect(boxes.length).toBeGreaterThan(0);
      for (const one of boxes) {
        expect(one.end).toBeLessThanOrEqual(stream.pool_bytes);
        expect(one.from).toBeLessThanOrEqual(one.to);
        const others = boxes.filter((two) => two !== one && two.from <= one.to && one.from <= two.to);
        expect(others.filter((two) => two.offset < one.end && one.offset < two.end)).toEqual([]);
      }
    }
    const rows = report.streams.flatMap((stream) => stream.rows.flatMap(({ offsets }) => offsets));
    expect(elements(html).filter((name) => name === "title").length).toBeGreaterThan(rows.length);
    expect(html.match(/<rect class="row"/g)).toHaveLength(rows.length);
  });

  it("has a box in the picture for every slot, inside it", () => {
    const report = makeReport(programOf(smallNet()));
    const html = reportHtml(report);
    const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(html)!.map(Number);
    const boxes = Array.from(
      html.matchAll(/<rect class="(?:tensor|scratch)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)">/g),
      (match) => match.slice(1).map(Number),
    );
    expect(boxes).toHaveLength(report.slots.length);
    for (const [x = 0, y = 0, w = 0, h = 0] of boxes) {
      expect(w).toBeGreaterThan(0);
      expect(h).toBeGreaterThan(0);
      expect(x + w).toBeLessThanOrEqual(width!);
      expect(y + h).toBeLessThanOrEqual(height!);
    }
  });

  it("cannot be broken by names", () => {
    const plain = reportHtml(makeReport(programOf(renamed(smallNet(), (i) => `name${i}`))));
    for (const shift of hostileNames.keys()) {
      const graph = renamed(smallNet(), (i) => hostileNames[(i + shift) % hostileNames.length]!);
      const report = makeReport(programOf(graph, { command: hostileNames[shift]!, modelHash: hostileNames[shift]! }));
      expect(elements(reportHtml(report))).toEqual(elements(plain));
      expect(reportText(report)).toMatch(/^[\n\x20-\x7e]*$/);
      expect(reportHtml(report)).toMatch(/^[\n\x20-\x7e]*$/);
    }
  });

  it("survives a program without an arena", () => {
    const b = new GraphBuilder("copy");
    const report = makeReport(
      programOf(b.output(b.node("reshape", [b.input([1, 4, 4, 2])], { shape: [1, 32] })).build()),
    );
    expect(report.arena_bytes).toBe(0);
    expect(reportHtml(report)).not.toMatch(/NaN|Infinity|undefined/);
    expect(reportText(report)).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("escapes and groups", () => {
    expect(escapeHtml(`<a href="x">'&'</a>`)).toBe("&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
    expect([0, 999, 1000, 1234567].map(group)).toEqual(["0", "999", "1 000", "1 234 567"]);
  });
});
