/** The repository as a user finds it. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { publint } from "publint";
import { expect, test } from "vitest";
import { operatorsPage, operatorTable, replaceBetween } from "../compiler/cli/docs/operators.js";
import { importedOperators } from "../compiler/frontend/onnx/importers/index.js";
import { missingOperators } from "../compiler/frontend/onnx/missing-operators.js";
import { operatorRows } from "../compiler/frontend/onnx/operator-rows.js";
import { allOps } from "../compiler/ops/index.js";
import { parseTargetFile } from "../compiler/targets.js";
import { version } from "../compiler/version.js";

const root = resolve(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

test("docs/operators.md and README's table are those of the op table", () => {
  const hint = "run `npm run docs`";
  const files = readdirSync(join(root, "targets")).filter((name) => /^(?!target\.schema).*\.json$/.test(name));
  const targets = files.sort().map((name) => parseTargetFile(name, read(`targets/${name}`)));
  expect(read("docs/operators.md"), hint).toBe(operatorsPage(targets));
  expect(read("README.md"), hint).toBe(replaceBetween(read("README.md"), "operators", operatorTable()));
});

test("every importer has its row among the ONNX operators, and no operator is both there and missing", () => {
  const kinds = allOps().map((op) => op.kind);
  for (const name of importedOperators()) {
    const row = operatorRows[name];
    expect(row, name).toBeDefined();
    for (const kind of row!.becomes) expect(kinds, name).toContain(kind);
  }
  expect(Object.keys(missingOperators).filter((name) => Object.hasOwn(operatorRows, name))).toEqual([]);
});

test("docs/kernels.md has a line for every kernel", () => {
  const page = read("docs/kernels.md");
  const headers = readdirSync(join(root, "runtime-c/src")).filter((file) => file.endsWith(".h"));
  const kernels = headers.flatMap((file) => {
    const name = file.replace(/\.h$/, "");
    return new RegExp(`void ${name}\\(const lwc_\\w+_params \\*`).test(read(`runtime-c/src/${file}`)) ? [name] : [];
  });
  expect(kernels.length).toBeGreaterThan(40);
  expect(kernels.filter((kernel) => !page.includes(`\`${kernel}\``))).toEqual([]);
});

test("docs/diagnostics.md says what the sources say", () => {
  const page = execFileSync("node", ["docs/diagnostics-page.mjs"], { cwd: root, encoding: "utf8" });
  expect(read("docs/diagnostics.md"), "run `npm run docs`").toBe(page);
}, 60_000);

test("one version", () => {
  const manifest: { version: string } = JSON.parse(read("package.json"));
  expect(manifest.version).toBe(version);
  expect(read("CHANGELOG.md")).toContain(`## ${version}`);
});

test("the package is well-formed", async () => {
  const { messages } = await publint({ pkgDir: root, strict: true, pack: false });
  expect(messages.filter((message) => message.type !== "suggestion")).toEqual([]);
}, 120_000);

/** What is installed beside the sources that tsc compiles: all that the command line reads at run time, and nothing else. */
test("the package holds what a user needs, and no tests, examples or scripts of the repository", () => {
  const listing = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
  });
  const [{ files }]: [{ files: readonly { path: string }[] }] = JSON.parse(listing);
  const packed = new Set(files.map(({ path }) => path));
  const tracked = execFileSync("git", ["ls-files", "runtime-c", "templates", "targets", "docs/*.md"], {
    cwd: root,
    encoding: "utf8",
  });
  const entries = ["dist/compiler/cli/main.js", "dist/compiler/index.js", "dist/compiler/index.d.ts"];
  const needed = ["LICENSE", "README.md", "package.json", ...entries, ...tracked.trim().split("\n")];
  expect(needed.filter((path) => !packed.has(path))).toEqual([]);
  const allowed =
    /^(LICENSE|README\.md|package\.json|(dist\/compiler|runtime-c|templates|targets)\/.*|docs\/[^/]+\.md)$/;
  expect([...packed].filter((path) => !allowed.test(path))).toEqual([]);
}, 60_000);

test("nothing tells of the machine it was made on, and nothing is left to do", () => {
  const tracked = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).split("\n");
  const sources = tracked.filter(
    (path) =>
      /\.(ts|mjs|js|c|h|hbs|md|sh|json|S|ld)$|^\.ci\//.test(path) && !/package-lock|^test\/repo\.test\.ts$/.test(path),
  );
  const forbidden = /\/work\/|\/root\/|\/home\/\w|registry\.npmjs|deb\.debian\.org|\bTO(DO)\b|\bFIX(ME)\b/;
  const wrong = sources.flatMap((path) => {
    const found = forbidden.exec(read(path));
    return found ? [`${path}: ${found[0]}`] : [];
  });
  expect(wrong).toEqual([]);
});

test("relative links in the documentation lead somewhere", () => {
  const pages = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" }).trim().split("\n");
  const tracked = new Set(execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).split("\n"));
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)].flatMap((match) => {
      const target = join(page, "..", match[1] ?? "");
      return tracked.has(target) || [...tracked].some((path) => path.startsWith(`${target}/`))
        ? []
        : [`${page}: ${match[1]}`];
    }),
  );
  expect(broken).toEqual([]);
});
