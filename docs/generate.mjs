/**
 * Generates docs/operators.md and the operator table of README.md from the op table and the importer table, docs/diagnostics.md
 * from the sources, and README's tables of results and architectures from bench/compiler.json and bench/architectures.json. Run by `npm run docs`; test/repo.test.ts holds them
 * together.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { operatorsPage, operatorTable, replaceBetween } from "../dist/compiler/cli/docs/operators.js";
import { parseTargetFile } from "../dist/compiler/targets.js";
import { diagnosticsPage } from "./diagnostics-page.mjs";

const root = new URL("..", import.meta.url);
const folder = new URL("targets/", root);
const targets = readdirSync(folder)
  .filter((name) => name.endsWith(".json") && name !== "target.schema.json")
  .sort()
  .map((name) => parseTargetFile(name, readFileSync(new URL(name, folder), "utf8")));
writeFileSync(new URL("docs/operators.md", root), operatorsPage(targets));
writeFileSync(new URL("docs/diagnostics.md", root), diagnosticsPage());
const readme = readFileSync(new URL("README.md", root), "utf8");
const { rows } = JSON.parse(readFileSync(new URL("bench/compiler.json", root), "utf8"));
const number = (value) => value.toLocaleString("en");
const results = [
  "| model | M MAC | weights | tables | arena | input and output |",
  "|---|---:|---:|---:|---:|---:|",
  ...rows.map(
    (row) =>
      `| ${row.model} | ${(row.macs / 1e6).toFixed(2)} | ${number(row.weight_bytes)} | ${number(row.table_bytes)} | ${number(row.arena_bytes)} | ${number(row.io_bytes)} |`,
  ),
].join("\n");
const built = JSON.parse(readFileSync(new URL("bench/architectures.json", root), "utf8"));
const figure = (value, unit = 1, digits = 0) =>
  value === undefined
    ? ""
    : (value / unit).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const architectures = [
  "| architecture | M parameters | M MAC | arena | flash | M instructions on M7 | equal on |",
  "|---|---:|---:|---:|---:|---:|---|",
  ...built.map((row) => {
    const equal = [row.host && "host", row.qemu && "QEMU"].filter(Boolean).join(", ");
    const sizes = [
      figure(row.parameters, 1e6, 2),
      figure(row.macs, 1e6, 1),
      figure(row.arenaBytes),
      figure(row.flashBytes),
    ];
    return `| ${[row.title, ...sizes, figure(row.instructions, 1e6, 1), equal].join(" | ")} |`;
  }),
].join("\n");
const filled = Object.entries({ operators: operatorTable(), results, architectures }).reduce(
  (text, [name, table]) => replaceBetween(text, name, table),
  readme,
);
writeFileSync(new URL("README.md", root), filled);
