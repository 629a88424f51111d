/** The architecture, held by reading the sources: layers, one room per operator, no I/O in the middle. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Node, Project, SyntaxKind } from "ts-morph";
import { expect, test } from "vitest";
import { allOps } from "../compiler/ops/index.js";

const root = resolve(import.meta.dirname, "..");
const project = new Project({ tsConfigFilePath: join(root, "tsconfig.json"), skipAddingFilesFromTsConfig: true });
const files = project.addSourceFilesAtPaths(join(root, "compiler/**/*.ts"));
const pathOf = (file: { getFilePath(): string }): string => relative(join(root, "compiler"), file.getFilePath());

/** From the top down: a file imports from its own layer and those below it. */
const layers: readonly (readonly string[])[] = [
  ["cli"],
  ["index.ts"],
  ["verify"],
  ["compile.ts"],
  ["compile-graph.ts"],
  ["codegen", "reference", "frontend"],
  ["schedule"],
  ["passes"],
  ["ops"],
  ["arith", "targets.ts"],
  ["ir"],
  ["version.ts"],
  ["diagnostics.ts"],
];

function layerOf(path: string): number {
  const layer = layers.findIndex((names) => names.some((name) => path === name || path.startsWith(`${name}/`)));
  expect(layer, `${path} belongs to a layer`).toBeGreaterThanOrEqual(0);
  return layer;
}

/** Imports of types alone do not tie layers together at run time, but say what a layer knows: they count as well. */
test("imports point down", () => {
  const wrong: string[] = [];
  for (const file of files) {
    for (const declaration of file.getImportDeclarations()) {
      const target = declaration.getModuleSpecifierSourceFile();
      if (!target?.getFilePath().startsWith(join(root, "compiler"))) continue;
      const [from, to] = [pathOf(file), pathOf(target)];
      if (layerOf(to) < layerOf(from)) wrong.push(`${from} imports ${to}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("only cli/ and verify/ touch files, clocks, processes and randomness", () => {
  const forbidden = /\b(process\.|console\.|Date\.now|new Date|Math\.random|performance\.|require\()/;
  const wrong = files.flatMap((file) => {
    const path = pathOf(file);
    if (/^(cli|verify)\//.test(path)) return [];
    const imports = file.getImportDeclarations().map((one) => one.getModuleSpecifierValue());
    const found = [
      ...imports.filter((name) => name.startsWith("node:") || name === "execa"),
      ...(forbidden.exec(withoutComments(file.getFullText())) ?? []).slice(0, 1),
    ];
    return found.map((what) => `${path}: ${what}`);
  });
  expect(wrong).toEqual([]);
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*/g, "");
}

test("what an operator is stays inside ops/", () => {
  const wrong = files.flatMap((file) => {
    const path = pathOf(file);
    if (path.startsWith("ops/")) return [];
    const text = withoutComments(file.getFullText());
    const found = [
      ...text.matchAll(
        /switch \((\w+\.)?node\.kind\)|\bnode\.kind === "|\.kind === "(conv2d|add|mul|lookup|reshape|transpose)"/g,
      ),
    ];
    return found.map((match) => `${path}: ${match[0]}`);
  });
  expect(wrong).toEqual([]);
});

test("every operator has a file of its name and a place in the table", () => {
  const table = allOps().map((op) => op.kind);
  const definitions = files.filter(
    (file) =>
      /^ops\/[^/]+\.ts$/.test(pathOf(file)) && /defineOp</.test(file.getFullText()) && pathOf(file) !== "ops/op.ts",
  );
  expect(definitions.map((file) => file.getBaseNameWithoutExtension()).sort()).toEqual(table.slice().sort());
});

test("every kernel header is used by an operator or another header", () => {
  const source = join(root, "runtime-c/src");
  const headers = readdirSync(source).filter((name) => name.endsWith(".h"));
  const users = [
    ...files.map((file) => file.getFullText()),
    ...headers.map((name) => readFileSync(join(source, name), "utf8")),
  ];
  const unused = headers.filter((name) => !users.some((text) => text.includes(`"${name}"`)));
  expect(unused).toEqual([]);
});

test("no any, no non-null assertion, no enum, no default export; casts are explained", () => {
  const wrong: string[] = [];
  for (const file of files) {
    const path = pathOf(file);
    if (file.getDefaultExportSymbol()) wrong.push(`${path}: default export`);
    file.forEachDescendant((node) => {
      const where = `${path}:${node.getStartLineNumber()}`;
      if (node.getKind() === SyntaxKind.AnyKeyword) wrong.push(`${where}: any`);
      if (Node.isNonNullExpression(node)) wrong.push(`${where}: non-null assertion`);
      if (Node.isEnumDeclaration(node) || Node.isModuleDeclaration(node)) wrong.push(`${where}: ${node.getKindName()}`);
      if (Node.isAsExpression(node) && node.getTypeNode()?.getText() !== "const") {
        const line = file.getFullText().split("\n")[node.getStartLineNumber() - 1] ?? "";
        if (!line.includes("//")) wrong.push(`${where}: as without a reason`);
      }
    });
  }
  expect(wrong).toEqual([]);
});

test("only proto.ts knows onnx-proto", () => {
  const users = files.filter((file) => /from "onnx-proto"/.test(file.getFullText())).map(pathOf);
  expect(users).toEqual(["frontend/onnx/proto.ts"]);
});

test("files have one subject: at most 400 lines", () => {
  expect(files.filter((file) => file.getEndLineNumber() > 400).map(pathOf)).toEqual([]);
});
