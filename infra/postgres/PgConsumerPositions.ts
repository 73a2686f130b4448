import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Schema } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { ConsumerPositions, ConsumerPositionsError } from "../../services/ConsumerPositions.ts";

const decodePosition = Schema.decodeUnknownSync(Schema.Tuple([Schema.Struct({ position: Position })]));
const decodeAll = Schema.decodeUnknownSync(
  Schema.Array(Schema.Struct({ name: Schema.String, position: Position })),
);

/** The positions of consumers in the table `consumers`. */
export const layer = Layer.effect(
  ConsumerPositions,
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient;
    const quietly = <A, E>(query: Effect.Effect<A, E>) =>
      query.pipe(
        Effect.withTracerEnabled(false),
        Effect.mapError((cause) => new ConsumerPositionsError({ reason: "Unavailable", cause })),
      );

    const load = (name: string) =>
      quietly(Effect.map(
        sql`INSERT INTO consumers (name, position) VALUES (${name}, 0)
          ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING position::float8`,
        (rows) => decodePosition(rows)[0].position,
      ));

    const save = (name: string, position: Position) =>
      quietly(Effect.asVoid(
        sql`UPDATE consumers SET position = ${position}::bigint
          WHERE name = ${name} AND position < ${position}::bigint`,
      ));

    const all = quietly(Effect.map(
      sql`SELECT name, position::float8 FROM consumers`,
      (rows) => new Map(decodeAll(rows).map(({ name, position }) => [name, position])),
    ));

    return ConsumerPositions.of({ load, save, all });
  }),
);
