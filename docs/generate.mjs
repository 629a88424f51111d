/**
 * Generates docs/operators.md and the operator table of README.md from the op table and the importer table, docs/diagnostics.md
 * from the sources, and README's table of results from bench/compiler.json. Run by `npm run docs`; test/repo.test.ts holds them
 * together.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { operatorsPage, operatorTable, replaceBetween } from "../dist/compiler/cli/docs/operators.js";
import { diagnosticsPage } from "./diagnostics-page.mjs";

const root = new URL("..", import.meta.url);
writeFileSync(new URL("docs/operators.md", root), operatorsPage());
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
const filled = replaceBetween(readme, "operators", operatorTable());
writeFileSync(new URL("README.md", root), replaceBetween(filled, "results", results));
