import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseTarget, targetJsonSchema } from "../../compiler/targets.js";
import { listTargets, loadTarget } from "../../compiler/verify/target-files.js";

const names = await listTargets();

describe("targets", () => {
  it("has the schema of zod as target.schema.json", () => {
    expect(readFileSync("targets/target.schema.json", "utf8")).toBe(targetJsonSchema());
  });

  it.each(names)("%s: name, core and memory are consistent", async (name) => {
    const target = await loadTarget(name);
    expect(target.name).toBe(name);
    expect(target.kind === "board").toBe(target.memory.length > 0);
    if (target.kind !== "board") expect(target.core).toBe(name);
    else expect(target.isa).toEqual((await loadTarget(target.core)).isa);
    if (target.kind !== "host") expect(target.qemu.length).toBeGreaterThan(0);
    for (const kernel of Object.keys(target.kernels))
      expect(existsSync(`runtime-c/src/${kernel}.h`), kernel).toBe(true);

    const spans = target.memory.map((region) => ({
      start: Number(region.address),
      end: Number(region.address) + region.bytes,
    }));
    spans.sort((a, b) => a.start - b.start);
    spans.slice(1).forEach((span, i) => {
      expect(span.start).toBeGreaterThanOrEqual(spans[i]!.end);
    });
  });

  it.each([
    ["not json", "LWC7001"],
    ["{}", "LWC7002"],
    ['{"name":"x","title":"x","kind":"board","core":"cortex-m4","memory":[],"source":"x"}', "LWC7003"],
  ])("refuses %s", (text, code) => {
    expect(() => parseTarget("x.json", text)).toThrow(code);
  });

  it("names the known targets when one is unknown", async () => {
    await expect(loadTarget("cortex-m99")).rejects.toThrow(/LWC7004.*cortex-m4/);
  });
});
