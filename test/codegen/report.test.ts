/** The report: its figures against the program, its text against a golden, its HTML against hostile names. */
import { describe, expect, it } from "vitest";
import { escapeHtml } from "../../compiler/cli/report/escape-html.js";
import { reportHtml } from "../../compiler/cli/report/html.js";
import { makeReport, reportJson } from "../../compiler/cli/report/report.js";
import { group, reportText } from "../../compiler/cli/report/text.js";
import type { Graph } from "../../compiler/ir/graph.js";
import { programSizes } from "../../compiler/schedule/program-sizes.js";
import { GraphBuilder } from "../support/graph-builder.js";
import { hostileNames, programOf, renamed, smallNet } from "./programs.js";

function transposed(): Graph {
  const b = new GraphBuilder("net");
  const x = b.input([1, 4, 3, 2]);
  return b.output(b.node("transpose", [x], { perm: [0, 3, 1, 2] })).build();
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

  it("is one self-contained page", () => {
    const html = reportHtml(makeReport(programOf(smallNet())));
    const names = elements(html);
    expect(names.filter((name) => name === "svg")).toHaveLength(1);
    expect(names.filter((name) => /script|link|img|iframe|object/.test(name))).toEqual([]);
    expect(html).not.toMatch(/https?:|url\(|@import| src=| href=/);
    expect(html).toContain("prefers-color-scheme: dark");
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
