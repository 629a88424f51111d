/** C of an arena that is divided over memories: it compiles everywhere, refuses misuse, and reports name each memory. */
import { describe, expect, it } from "vitest";
import { reportHtml } from "../../compiler/cli/report/html.js";
import { makeReport } from "../../compiler/cli/report/report.js";
import { reportText } from "../../compiler/cli/report/text.js";
import { emit } from "../../compiler/codegen/emit.js";
import { emitLinked } from "../../compiler/codegen/link.js";
import type { BackEndOptions } from "../../compiler/compile-graph.js";
import { CompileError } from "../../compiler/diagnostics.js";
import type { Graph } from "../../compiler/ir/graph.js";
import type { Program } from "../../compiler/schedule/schedule.js";
import { buildAndRun, compileAll, compilerNames, includeFromCxx } from "./compile-c.js";
import { assets, programOf, smallNet, withFiles } from "./programs.js";

/** Half of the least arena in one memory: no plan fits that alone. */
function dividedNet(options: BackEndOptions = {}, graph: Graph = smallNet()): Program {
  const half = programOf(graph, { ...options, optimize: "ram", ram: "least" }).arena.bytes >> 1;
  const regions = [
    { name: "TCM", bytes: half, cycles: 0 },
    { name: "axi_ram", bytes: 65536, cycles: 2 },
  ];
  const program = programOf(graph, { ...options, regions });
  expect(program.arena.regions).toHaveLength(2);
  return program;
}

const ways: readonly (readonly [string, BackEndOptions])[] = [
  ["buffers of the caller", { optimize: "speed" }],
  ["ports in the arena", { io: "arena", optimize: "speed" }],
  ["rows from the caller", { io: "arena", input: "rows" }],
];

describe.each(ways)("a divided arena, %s", (_, options) => {
  const program = dividedNet(options);
  const files = emit(program, assets);

  it.each(compilerNames)("compiles without a warning: %s", (compiler) => {
    withFiles(files, (directory) => {
      expect(compileAll(directory, compiler)).toBe("");
      expect(includeFromCxx(directory, "net.h")).toBe("");
    });
  });

  it("keeps to 100 columns, but for the titles of steps and streams", () => {
    const own = files.filter(({ path }) => /^net/.test(path)).flatMap(({ text }) => text.split("\n"));
    const lines = own.filter((line) => !/---- step|^ \* Steps/.test(line));
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
  });
});

describe("init", () => {
  it("returns errors for misuse and changes nothing then; run() does without it", () => {
    const program = dividedNet({ io: "arena", optimize: "speed" });
    const main = `#include "net.h"
#include <stdio.h>
#include <string.h>
static lwc_net_ctx ctx, before;
static lwc_net_arena_tcm tcm;
static struct { int8_t shift; lwc_net_arena_axi_ram ram; int8_t rest[8]; } box;
int main(void)
{
    int8_t *const odd = &box.shift + 1;
    printf("%d", (int)lwc_net_run(&ctx));
    printf(" %d", (int)lwc_net_init(NULL, &tcm, &box.ram));
    printf(" %d", (int)lwc_net_init(&ctx, NULL, &box.ram));
    printf(" %d", (int)lwc_net_init(&ctx, &tcm, NULL));
    printf(" %d", (int)lwc_net_init(&ctx, &tcm, (lwc_net_arena_axi_ram *)(void *)odd));
    printf(" %d", memcmp(&ctx, &before, sizeof ctx));
    printf(" %d", lwc_net_${"input"}(&ctx) == NULL);
    printf(" %d", (int)lwc_net_init(&ctx, &tcm, &box.ram));
    printf(" %d", lwc_net_${"input"}(&ctx) == NULL);
    printf(" %d %d\\n", (int)lwc_net_run(&ctx), (int)lwc_net_run(NULL));
    return 0;
}
`;
    const [input] = program.graph.inputs;
    const files = [
      ...emit(program, assets),
      { path: "main.c", text: main.replaceAll("lwc_net_input", `lwc_net_${input!.name}`) },
    ];
    const status = /enum[^}]*LWC_OK[^}]*/.exec(assets.runtime.get("include/lwc/lwc.h")!)![0];
    const value = (name: string): string => new RegExp(`${name} = (-?\\d+)`).exec(status)![1]!;
    const [isNull, unaligned] = [value("LWC_ERROR_NULL"), value("LWC_ERROR_ALIGNMENT")];
    const expected = [isNull, isNull, isNull, isNull, unaligned, 0, 1, 0, 0, 0, isNull].join(" ");
    expect(withFiles(files, buildAndRun)).toBe(`${expected}\n`);
  });
});

describe("models that are linked", () => {
  it("have no divided arena", () => {
    const programs = [dividedNet({ optimize: "speed" }), programOf({ ...smallNet(), name: "other" })];
    const link = (): unknown => emitLinked({ name: "models", programs, command: "" }, assets);
    expect(link).toThrow(CompileError);
    expect(link).toThrow(/arena in TCM, axi_ram/);
  });
});

describe("the report", () => {
  const program = dividedNet({ optimize: "speed" });
  const report = makeReport(program);

  it("has the figures of each memory", () => {
    expect(report.regions.map(({ name }) => name)).toEqual(["TCM", "axi_ram"]);
    expect(report.regions.reduce((sum, { used }) => sum + used, 0)).toBe(report.arena_bytes);
    for (const { name, used, peak, lower_bound: bound, traffic_bytes: traffic, wait_cycles: waits } of report.regions) {
      expect(bound).toBeLessThanOrEqual(used);
      expect(peak.bytes).toBeLessThanOrEqual(bound);
      expect(waits).toBe(name === "TCM" ? 0 : traffic / 2);
      for (const slot of report.slots.filter(({ region }) => region === name))
        expect(slot.offset + slot.bytes).toBeLessThanOrEqual(used);
    }
  });

  it("draws and lists them", () => {
    const html = reportHtml(report);
    expect(html.match(/aria-label="Arena/g)).toHaveLength(2);
    expect(html).toContain("<h3>TCM</h3>");
    expect(reportText(report)).toMatch(/REGIONS\n {2}memory .*\n {2}TCM .*\n {2}axi_ram /);
    expect(reportText(makeReport(programOf(smallNet())))).not.toContain("REGIONS");
  });
});
