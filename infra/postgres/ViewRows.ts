import type { PgClient } from "@effect/sql-pg";
import { Effect, String } from "effect";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import type { ViewRow } from "../../services/projections/Projection.ts";
import { ProjectionStoreError, type Target } from "../../services/projections/ProjectionStore.ts";
import { tableOf, toColumns, toRow } from "./ViewTable.ts";

/** Folds events into the rows of a slot's table: one query for the rows that they touch, one or two statements for the changes. */
export const foldInto = Effect.fnUntraced(
  function* <Row extends ViewRow>(
    sql: PgClient.PgClient,
    target: Target<Row>,
    events: ReadonlyArray<RecordedEvent>,
  ) {
    const ids = yield* folding(() => [...new Set(events.flatMap(target.projection.keysOf))]);
    const before = yield* load(sql, target, ids);
    const { columns, removed } = yield* folding(() => {
      const changes = evolveAll(target, before, events);
      const encode = toColumns(target.projection);
      return {
        columns: [...changes.values()].filter((row) => row !== null).map(encode),
        removed: [...changes].flatMap(([id, row]) => row === null && before.has(id) ? [id] : []),
      };
    });
    yield* write(sql, target, columns);
    if (removed.length > 0) {
      yield* sql`DELETE FROM ${sql.literal(tableOf(target))} WHERE id = ANY(${removed}::text[])`;
    }
  },
);

/** Runs code of a projection: what it throws is the fault of an event. */
const folding = <A>(run: () => A): Effect.Effect<A, ProjectionStoreError> =>
  Effect.try({ try: run, catch: (cause) => new ProjectionStoreError({ reason: "Poison", cause }) });

const load = Effect.fnUntraced(
  function* <Row extends ViewRow>(sql: PgClient.PgClient, target: Target<Row>, ids: ReadonlyArray<string>) {
    if (ids.length === 0) return new Map<string, Row>();
    const table = sql.literal(tableOf(target));
    // Planned each time: a plan that was made while the table was small would read all of it when it is large.
    const rows = yield* sql`SELECT to_jsonb(view) AS row FROM ${table} view WHERE id = ANY(${ids}::text[])`
      .unprepared;
    const decode = toRow(target.projection);
    return new Map(rows.map(decode).map((row) => [row.id, row]));
  },
);

/** The rows that the events change, as they are after the last one. */
const evolveAll = <Row extends ViewRow>(
  { projection: { evolve } }: Target<Row>,
  before: ReadonlyMap<string, Row>,
  events: ReadonlyArray<RecordedEvent>,
): ReadonlyMap<string, Row | null> => {
  const rows = new Map(before);
  const changed = new Map<string, Row | null>();
  for (const event of events) {
    for (const [id, row] of evolve(rows, event)) {
      changed.set(id, row);
      if (row === null) rows.delete(id);
      else rows.set(id, row);
    }
  }
  return changed;
};

const write = <Row extends ViewRow>(
  sql: PgClient.PgClient,
  target: Target<Row>,
  rows: ReadonlyArray<object>,
) => {
  if (rows.length === 0) return Effect.void;
  const table = tableOf(target);
  const columns = Object.keys(target.projection.columns).map(String.camelToSnake);
  const updates = columns.map((column) => `${column} = excluded.${column}`);
  return sql.unsafe(
    `INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1::jsonb)
     ON CONFLICT (id) DO UPDATE SET ${updates.join(", ")}`,
    [JSON.stringify(rows)],
  );
};
