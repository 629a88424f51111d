/** `lwc inspect --pareto`: RAM against cycles and flash, over goals and budgets. */

import type { BackEndOptions } from "../../compile-graph.js";
import type { Graph } from "../../ir/graph.js";
import { findPareto, type ParetoRow } from "../../pareto.js";
import type { Target } from "../../targets.js";
import { columns, group } from "../report/text.js";
import { say } from "../say.js";

export function runPareto(graph: Graph, target: Target, options: BackEndOptions, asJson: boolean): void {
  const rows = findPareto(graph, target, options);
  if (asJson) {
    say(paretoJson(graph, target, rows));
    return;
  }
  const table = [
    ["RAM", "cycles", "flash", "options"],
    ...rows.map((row) => [group(row.ramBytes), group(row.cycles), group(row.flashBytes), optionsText(row)]),
  ];
  say(
    [
      `${graph.name} for ${target.name}: bytes of RAM, modelled cycles and modelled bytes of flash; each row is best in something`,
      ...columns(table),
    ].join("\n"),
  );
}

function paretoJson(graph: Graph, target: Target, rows: readonly ParetoRow[]): string {
  const result = {
    model: graph.name,
    target: target.name,
    rows: rows.map(({ optimize, ram, ramBytes, cycles, flashBytes }) => ({
      optimize,
      ram: ram ?? null,
      ram_bytes: ramBytes,
      cycles,
      flash_bytes: flashBytes,
    })),
  };
  return JSON.stringify(result, undefined, 1);
}

function optionsText({ optimize, ram }: ParetoRow): string {
  return ram === undefined ? `-O ${optimize}` : `-O ${optimize} --ram ${ram}`;
}
