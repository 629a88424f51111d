/** Where the rows in flight of a stream lie in its pool, and when: what the picture of a stream shows. */
import { tensorOf } from "../../ir/graph.js";
import { rowLength } from "../../ir/shape.js";
import { planRows, streamSteps } from "../../schedule/row-plan.js";
import type { Schedule, Stream } from "../../schedule/schedule.js";

/** Times count the rows that the stream has made, of whatever tensor. */
export interface RowsInFlight {
  readonly tensor: string;
  readonly row_bytes: number;
  /** Of each row in order: its place in the pool, when it is made, and when it is read for the last time. */
  readonly offsets: readonly number[];
  readonly made: readonly number[];
  readonly last_read: readonly number[];
}

export interface StreamReport {
  readonly first_step: number;
  readonly last_step: number;
  readonly why: string;
  readonly pool_bytes: number;
  /** Rows that the stream makes in all. */
  readonly rows_made: number;
  readonly rows: readonly RowsInFlight[];
}

export function streamReport(schedule: Schedule, stream: Stream): StreamReport {
  const { graph } = schedule;
  const steps = streamSteps(schedule, stream);
  const { lives, events } = planRows(graph, steps);
  const rows = steps.flatMap(({ output }, i): readonly RowsInFlight[] => {
    const pooled = stream.pool.rows.get(output);
    if (!pooled || schedule.parts.has(output)) return [];
    const { source, shape } = tensorOf(graph, output);
    return [
      {
        tensor: source || output,
        row_bytes: rowLength(shape),
        offsets: pooled.offsets,
        made: lives[i]?.map(({ from }) => from) ?? [],
        last_read: lives[i]?.map(({ to }) => to) ?? [],
      },
    ];
  });
  const { first, last, why, pool } = stream;
  return { first_step: first, last_step: last, why, pool_bytes: pool.bytes, rows_made: events, rows };
}
