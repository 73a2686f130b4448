import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Schema, String } from "effect";
import { Position, type RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import type { Projection, ViewRow } from "../../services/projections/Projection.ts";
import { ProjectionStore, ProjectionStoreError } from "../../services/projections/ProjectionStore.ts";
import { tableOf, toColumns, toRow } from "./ViewTable.ts";

const decodePosition = Schema.decodeUnknownSync(Schema.Tuple([Schema.Struct({ position: Position })]));

/** Gives up on what takes far longer than any batch should, so that its runner says so and tries again. */
const unavailable = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  self.pipe(
    Effect.timeout("15 seconds"),
    Effect.mapError((cause) => new ProjectionStoreError({ reason: "Unavailable", cause })),
  );

/** Views as Postgres tables. A batch is folded in memory and written by one statement. */
export const layer = Layer.effect(
  ProjectionStore,
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient;

    const create = <Row extends ViewRow>(projection: Projection<Row>) => {
      const table = tableOf(projection);
      const columns = Object.entries(projection.columns).map(([field, type]) =>
        `${String.camelToSnake(field)} ${type}`
      );
      return Effect.gen(function* () {
        yield* sql.unsafe(`DROP TABLE IF EXISTS ${table}`);
        yield* sql.unsafe(`CREATE TABLE ${table} (${columns.join(", ")})`);
        for (const index of projection.indexes) yield* sql.unsafe(`CREATE INDEX ON ${table} (${index})`);
        yield* sql`
          INSERT INTO projections (name, version, position) VALUES (${projection.name}, ${projection.version}, 0)
          ON CONFLICT (name) DO UPDATE SET version = excluded.version, position = 0`;
      });
    };

    const prepare = <Row extends ViewRow>(projection: Projection<Row>) =>
      Effect.gen(function* () {
        // Held to the end of the transaction: of several processes that start at once, one creates the table.
        yield* sql`LOCK TABLE projections IN SHARE ROW EXCLUSIVE MODE`;
        const known = yield* sql`
          SELECT 1 FROM projections WHERE name = ${projection.name} AND version = ${projection.version}`;
        if (known.length === 0) yield* create(projection);
        return yield* checkpoint(projection.name);
      }).pipe(sql.withTransaction, Effect.withTracerEnabled(false), unavailable);

    const checkpoint = (name: string) =>
      sql`SELECT position::float8 FROM projections WHERE name = ${name}`.pipe(
        Effect.map((rows) => decodePosition(rows)[0].position),
        Effect.withTracerEnabled(false),
        unavailable,
      );

    const apply = <Row extends ViewRow>(
      projection: Projection<Row>,
      from: Position,
      events: ReadonlyArray<RecordedEvent>,
    ) =>
      Effect.gen(function* () {
        const moved = yield* sql`
          UPDATE projections SET position = ${events.at(-1)?.position ?? from}::bigint
          WHERE name = ${projection.name} AND version = ${projection.version} AND position = ${from}::bigint
          RETURNING 1`;
        if (moved.length === 0) return false;
        const before = yield* load(projection, events);
        const after = evolveAll(projection, before, events);
        yield* write(projection, [...after.values()].filter((row) => row !== null));
        yield* remove(
          projection,
          [...after].flatMap(([id, row]) => row === null && before.has(id) ? [id] : []),
        );
        return true;
      }).pipe(sql.withTransaction, unavailable);

    const load = Effect.fnUntraced(
      function* <Row extends ViewRow>(projection: Projection<Row>, events: ReadonlyArray<RecordedEvent>) {
        const ids = [...new Set(events.map(projection.keyOf).filter((id) => id !== null))];
        if (ids.length === 0) return new Map<string, Row>();
        const table = sql.literal(tableOf(projection));
        const rows =
          yield* sql`SELECT to_jsonb(view) AS row FROM ${table} view WHERE id = ANY(${ids}::text[])`;
        const decode = toRow(projection);
        return new Map(rows.map(decode).map((row) => [row.id, row]));
      },
    );

    const write = <Row extends ViewRow>(projection: Projection<Row>, rows: ReadonlyArray<Row>) => {
      if (rows.length === 0) return Effect.void;
      const table = tableOf(projection);
      const columns = Object.keys(projection.columns).map(String.camelToSnake);
      const updates = columns.map((column) => `${column} = excluded.${column}`);
      return sql.unsafe(
        `INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1::jsonb)
         ON CONFLICT (id) DO UPDATE SET ${updates.join(", ")}`,
        [JSON.stringify(rows.map(toColumns(projection)))],
      );
    };

    const remove = <Row extends ViewRow>(projection: Projection<Row>, ids: ReadonlyArray<string>) =>
      ids.length === 0
        ? Effect.void
        : sql`DELETE FROM ${sql.literal(tableOf(projection))} WHERE id = ANY(${ids}::text[])`;

    return ProjectionStore.of({ prepare, checkpoint, apply });
  }),
);

/** The rows that a batch touches, as they are after it. */
const evolveAll = <Row extends ViewRow>(
  { keyOf, evolve }: Projection<Row>,
  before: ReadonlyMap<string, Row>,
  events: ReadonlyArray<RecordedEvent>,
): ReadonlyMap<string, Row | null> => {
  const after = new Map<string, Row | null>(before);
  for (const event of events) {
    const id = keyOf(event);
    if (id !== null) after.set(id, evolve(after.get(id) ?? null, event));
  }
  return after;
};
