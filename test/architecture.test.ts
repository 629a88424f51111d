/** The architecture, held by reading the sources: layers, one room per operator, no I/O in the middle. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { type Identifier, Node, Project, SyntaxKind } from "ts-morph";
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
  ["quantize"],
  ["compile.ts", "pareto.ts"],
  ["compile-graph.ts", "estimate.ts"],
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

/** Layers side by side: each imports from itself and from the layers below all of them. */
const siblings = ["codegen", "reference", "frontend"];
/** The front end knows what a graph is and what operators are, and not what becomes of them. */
const hiddenFromFrontend = ["schedule", "passes"];

/** Imports of types alone do not tie layers together at run time, but say what a layer knows: they count as well. */
test("imports point down", () => {
  const wrong: string[] = [];
  for (const file of files) {
    for (const declaration of file.getImportDeclarations()) {
      const target = declaration.getModuleSpecifierSourceFile();
      if (!target?.getFilePath().startsWith(join(root, "compiler"))) continue;
      const [from, to] = [pathOf(file), pathOf(target)];
      const [a, b] = [from.split("/")[0] ?? "", to.split("/")[0] ?? ""];
      const isSideways = a !== b && siblings.includes(a) && siblings.includes(b);
      const isHidden = a === "frontend" && hiddenFromFrontend.includes(b);
      if (layerOf(to) < layerOf(from) || isSideways || isHidden) wrong.push(`${from} imports ${to}`);
    }
  }
  expect(wrong).toEqual([]);
});

/** Packages that run in a browser too. */
const purePackages = ["handlebars", "onnx-proto", "zod"];
const worldly = new Set(
  "process console Date performance Buffer require __dirname __filename setTimeout setInterval setImmediate fetch".split(
    " ",
  ),
);

test("only cli/ and verify/ touch files, clocks, processes and randomness: the rest runs in a browser", () => {
  const wrong: string[] = [];
  for (const file of files) {
    const path = pathOf(file);
    if (/^(cli|verify)\//.test(path)) continue;
    const modules = [...file.getImportDeclarations(), ...file.getExportDeclarations()].flatMap(
      (one) => one.getModuleSpecifierValue() ?? [],
    );
    for (const name of modules) {
      if (!name.startsWith(".") && !purePackages.includes(name)) wrong.push(`${path}: imports ${name}`);
    }
    for (const identifier of file.getDescendantsOfKind(SyntaxKind.Identifier)) {
      const where = `${path}:${identifier.getStartLineNumber()}`;
      const parent = identifier.getParent();
      const isMember = Node.isPropertyAccessExpression(parent) && parent.getNameNode() === identifier;
      const text = isMember ? parent.getText() : identifier.getText();
      if (text === "Math.random" || (!isMember && worldly.has(text) && !isDeclaredIn(identifier))) {
        wrong.push(`${where}: ${text}`);
      }
    }
    for (const call of file.getDescendantsOfKind(SyntaxKind.CallExpression)) {
      if (call.getExpression().getKind() === SyntaxKind.ImportKeyword) wrong.push(`${path}: import()`);
    }
  }
  expect(wrong).toEqual([]);
});

/** A name of the file's own, as a parameter or a member called like a global. */
function isDeclaredIn(identifier: Identifier): boolean {
  const declarations = identifier.getSymbol()?.getDeclarations() ?? [];
  return declarations.some((one) => one.getSourceFile() === identifier.getSourceFile());
}

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
  // A header has the name of its kernel, by which operators list it.
  const names = (header: string): readonly string[] => [`"${header}"`, `"${header.replace(/\.h$/, "")}"`];
  const unused = headers.filter((header) => !users.some((text) => names(header).some((name) => text.includes(name))));
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

test("no file that collects what has no place", () => {
  expect(files.map(pathOf).filter((path) => /(^|[/-])(utils?|helpers?|common|misc)\.ts$/.test(path))).toEqual([]);
});

test("files have one subject: at most 400 lines", () => {
  expect(files.filter((file) => file.getEndLineNumber() > 400).map(pathOf)).toEqual([]);
});
