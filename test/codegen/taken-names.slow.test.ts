/** Names from the model that generated code, its kernels, the C library or the harness have already. */
import { describe, expect, it } from "vitest";
import { emit } from "../../compiler/codegen/emit.js";
import { runtimeNames } from "../../compiler/codegen/runtime-files.js";
import { type Graph, makeTensorId } from "../../compiler/ir/graph.js";
import { parseGraph } from "../../compiler/ir/parse.js";
import { printGraph } from "../../compiler/ir/print.js";
import { compileAll, includeFromCxx } from "./compile-c.js";
import { assets, programOf, smallNet, withFiles } from "./programs.js";

const taken = runtimeNames(assets.runtime);
const headers = [...assets.runtime.keys()].filter((path) => path.endsWith(".h"));
const stems = headers.map((path) =>
  path
    .replace(/^.*\//, "")
    .replace(/^lwc_|\.h$/g, "")
    .replace(/\.h$/, ""),
);

function withPort(graph: Graph, name: string): Graph {
  return { ...graph, inputs: graph.inputs.map((port) => ({ ...port, name })) };
}

describe("the model's name", () => {
  it.each([...new Set(stems)])("may be that of a kernel's header: %s", (name) => {
    for (const target of ["cortex-m0", "cortex-m4"]) {
      const program = programOf({ ...smallNet(), name }, { io: "arena" }, target);
      withFiles(emit(program, assets), (directory) => {
        expect(compileAll(directory, "gcc")).toBe("");
        expect(includeFromCxx(directory, `${program.name}.h`)).toBe("");
      });
    }
  });

  it.each(["string", "stdint", "stddef", "stdio", "math", "main", "lwc", "trace", "h"])("may be %s", (name) => {
    const program = programOf({ ...smallNet(), name });
    withFiles(emit(program, assets), (directory) => {
      expect(compileAll(directory, "gcc")).toBe("");
      expect(compileAll(directory, "arm m7")).toBe("");
      expect(includeFromCxx(directory, `${program.name}.h`)).toBe("");
    });
  });

  it("is told when it had to change", () => {
    const notesOf = (name: string): readonly string[] =>
      programOf({ ...smallNet(), name }).log.flatMap((note) => (note.pass === "program-name" ? [note.why] : []));
    expect(notesOf("string")).toEqual(["string is taken: files and functions are called string_net"]);
    expect(notesOf("harness")).toHaveLength(1);
    expect(notesOf("aux")).toHaveLength(1);
    expect(notesOf("net")).toEqual([]);
  });
});

describe("a port's name", () => {
  it("never makes a function of a name that a kernel has", () => {
    let tried = 0;
    for (const name of taken) {
      const words = name.split("_").slice(1);
      for (let split = 1; split < words.length; split++) {
        const model = words.slice(0, split).join("_");
        if (!/^[a-z]/.test(model)) continue;
        const graph = withPort({ ...smallNet(), name: model }, words.slice(split).join("_"));
        const files = emit(programOf(graph, { io: "arena" }), assets).filter((file) => !file.path.startsWith("lwc/"));
        const defined = files.flatMap((file) => [...file.text.matchAll(/^(?:static )?\w+ \*?(lwc_\w+)\(/gm)]);
        expect(defined.length).toBeGreaterThan(2);
        expect(defined.map((match) => match[1]!).filter((one) => taken.has(one))).toEqual([]);
        tried++;
      }
    }
    expect(tried).toBeGreaterThan(20);
  });

  it.each(["s8", "params"])("compiles where model and port together are a kernel's: conv2d, %s", (port) => {
    const program = programOf(withPort({ ...smallNet(), name: "conv2d" }, port), { io: "arena" }, "cortex-m0");
    withFiles(emit(program, assets), (directory) => expect(compileAll(directory, "gcc")).toBe(""));
  });

  it("never makes a macro of an enumerator's name", () => {
    const base = smallNet();
    const inner = programOf(base).arena.slots.flatMap((slot) => slot.tensors)[0]!;
    const text = printGraph(base).replaceAll(new RegExp(`%${inner}\\b`, "g"), "%x_bytes");
    const program = programOf(withPort(parseGraph(text), "at_x"));
    expect(program.arena.places.has(makeTensorId("x_bytes"))).toBe(true);
    withFiles(emit(program, assets), (directory) => expect(compileAll(directory, "gcc")).toBe(""));
  });
});
