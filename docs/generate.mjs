/**
 * Generates docs/operators.md and the operator table of README.md from the op table and the importer table, docs/diagnostics.md
 * from the sources, and README's tables from bench/compiler.json, bench/architectures.json, bench/inference.json, bench/memory.json and bench/peers.json. Run by `npm run docs`; test/repo.test.ts holds them
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
const filled = Object.entries({ operators: operatorTable(), results, architectures, peers: peersTable() }).reduce(
  (text, [name, table]) => replaceBetween(text, name, table),
  readme,
);
writeFileSync(new URL("README.md", root), filled);

/** lwc at -O speed beside what others need for the same models. */
function peersTable() {
  const read = (name) => JSON.parse(readFileSync(new URL(`bench/${name}.json`, root), "utf8"));
  const [inference, memory, peers] = ["inference", "memory", "peers"].map(read);
  const millions = (value) => (value === undefined ? "" : (value / 1e6).toFixed(value < 1e6 ? 3 : 2));
  const lines = peers.models.flatMap(({ model, title, tflm, tinyengine }) => {
    const counted = (core) =>
      inference.rows.find((row) => row.model === model && row.target === `cortex-${core}` && row.opt === "speed");
    const [m4, m7, m55] = ["m4", "m7", "m55"].map((core) => counted(core));
    const own = { m4: m4?.instructions, m7: m7?.instructions, m55: m55?.instructions };
    const { arena, instructions } = memory.find((row) => row.model === model) ?? { arena: {}, instructions: {} };
    const line = (who, count, ram, flash) =>
      `| ${[title, who, ...["m4", "m7", "m55"].map((core) => millions(count[core])), figure(ram), figure(flash)].join(" | ")} |`;
    return [
      line("**lwc** `-O speed`", own, arena.speed, m4?.flash_bytes),
      line("**lwc**", { m4: instructions.default }, arena.default),
      ...(arena.rows ? [line("**lwc** `--rows`, fed row by row", { m4: instructions.rows }, arena.rows)] : []),
      ...(tinyengine ? [line("TinyEngine", tinyengine, tinyengine.ram, tinyengine.flash)] : []),
      ...(tflm ? [line("TFLM with CMSIS-NN", tflm, tflm.ram, tflm.flash)] : []),
    ];
  });
  return [
    "| model | tool | M instructions on M4 | M7 | M55 | RAM, input included | flash on M4 |",
    "|---|---|---:|---:|---:|---:|---:|",
    ...lines,
  ].join("\n");
}
