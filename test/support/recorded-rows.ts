/** Results of long runs, kept in bench/ as a row each: a run that is cut short keeps what it did. */
import { mkdir, readFile, writeFile } from "node:fs/promises";

export interface RowTable<Row> {
  /** True for the row that the new one replaces. */
  readonly isSame: (other: Row) => boolean;
  readonly compare: (a: Row, b: Row) => number;
  readonly markdown: (rows: readonly Row[]) => string;
}

/** Adds a row to bench/<name>.json, or replaces it, and writes bench/<name>.md anew. */
export async function recordRow<Row>(name: string, row: Row, table: RowTable<Row>): Promise<void> {
  const others = (await recorded<Row>(name)).filter((other) => !table.isSame(other));
  const rows = [...others, row].sort(table.compare);
  await mkdir("bench", { recursive: true });
  await writeFile(`bench/${name}.json`, `${JSON.stringify(rows, undefined, 1)}\n`);
  await writeFile(`bench/${name}.md`, table.markdown(rows));
}

async function recorded<Row>(name: string): Promise<readonly Row[]> {
  try {
    return JSON.parse(await readFile(`bench/${name}.json`, "utf8"));
  } catch {
    return [];
  }
}
