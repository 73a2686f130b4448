import type { PgClient } from "@effect/sql-pg";
import { Effect, Schema } from "effect";
import { Statement } from "effect/sql";
import { Position } from "../../domain/event/RecordedEvent.ts";
import type { Projection, ViewRow } from "../../services/projections/Projection.ts";
import { ViewsError } from "../../services/views/Views.ts";
import { tableOf, toRow } from "./ViewTable.ts";

/** How long a read waits for its own write, in milliseconds. */
const patience = 5_000;

const decodeReached = Schema.decodeUnknownSync(
  Schema.Tuple([Schema.Struct({ reached: Schema.NullOr(Position), paused: Schema.NullOr(Schema.Boolean) })]),
);

/**
 * A query of views, with its failure. Not interrupted when a client goes away: queries are short, and cutting one off costs the
 * session more than its end.
 */
export const unavailable = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.uninterruptible(
    Effect.mapError(self, (cause) => new ViewsError({ reason: { _tag: "Unavailable", cause } })),
  );

/** Queries a view: takes the rest of the query, which begins after `FROM`, and answers rows. */
export const finderIn = <Row extends ViewRow>(sql: PgClient.PgClient, projection: Projection<Row>) => {
  const decode = toRow(projection);
  const from = sql.literal(`${tableOf({ projection, slot: "live" })} view`);
  return (rest: Statement.Fragment): Effect.Effect<ReadonlyArray<Row>, ViewsError> =>
    unavailable(
      Effect.map(sql`SELECT to_jsonb(view) AS row FROM ${from} ${rest}`, (rows) => rows.map(decode)),
    );
};

/** Waits until some views have all applied the log up to a position, at most five seconds, and not for one that is paused. */
export const awaiterOf = (
  sql: PgClient.PgClient,
  views: ReadonlyArray<{ readonly name: string; readonly version: number }>,
) => {
  const names = views.map(({ name }) => name);
  const versions = views.map(({ version }) => String(version));
  const reach = (position: Position) =>
    unavailable(
      Effect.map(
        // A view that is missing is nowhere yet, not even at 0.
        sql`SELECT CASE WHEN count(*) = ${views.length} THEN min(position) END::float8 AS reached,
            bool_or(paused AND position < ${position}::bigint) AS paused
          FROM projections JOIN unnest(${names}::text[], ${versions}::integer[]) AS wanted (name, version) USING (name, version)
          WHERE slot = 'live' AND epoch = (SELECT epoch FROM log_head)`,
        (rows) => {
          const [{ reached, paused }] = decodeReached(rows);
          return { reached, isPaused: paused === true };
        },
      ),
    ).pipe(Effect.withTracerEnabled(false));

  return Effect.fn("Views.awaitPosition")(function* (position: Position) {
    let waited = 0;
    for (let pause = 2;; pause = Math.min(pause * 2, 100)) {
      const { reached, isPaused } = yield* reach(position);
      if (reached !== null && reached >= position) return;
      if (isPaused || waited >= patience) {
        return yield* new ViewsError({
          reason: { _tag: "Behind", position, reached: reached ?? Position.make(0), isPaused },
        });
      }
      yield* Effect.sleep(pause);
      waited += pause;
    }
  });
};
