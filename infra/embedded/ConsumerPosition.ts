import { PgClient } from "@effect/sql-pg";
import { Effect, Schema } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";

const decodePosition = Schema.decodeUnknownSync(Schema.Tuple([Schema.Struct({ position: Position })]));

/** How far a consumer of the in-process bus has come: everything up to there has been handled. */
export const makeConsumerPosition = Effect.fnUntraced(function* (name: string) {
  const sql = yield* PgClient.PgClient;

  const load = sql`
    INSERT INTO consumers (name, position) VALUES (${name}, 0)
    ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING position::float8`.pipe(
    Effect.map((rows) => decodePosition(rows)[0].position),
    Effect.withTracerEnabled(false),
  );

  const save = (position: Position) =>
    sql`UPDATE consumers SET position = ${position}::bigint WHERE name = ${name} AND position < ${position}::bigint`
      .pipe(
        Effect.withTracerEnabled(false),
      );

  return { load, save };
});
