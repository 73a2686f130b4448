import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Schema } from "effect";
import { Statement } from "effect/sql";
import type { Position } from "../../domain/event/RecordedEvent.ts";
import type { EventId } from "../../domain/Id.ts";
import { EventStoreError } from "../../services/EventStore.ts";
import { type EventFilter, StoredEvents } from "../../services/transfer/StoredEvents.ts";
import { columns, toRecord } from "./EventRow.ts";

const decodeRate = Schema.decodeUnknownSync(Schema.Tuple([Schema.Struct({ rate: Schema.Finite })]));

/** Events as the table has them. A search without bounds reads the log from its end until it has found enough. */
export const layer = Layer.effect(
  StoredEvents,
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient;
    const select = sql.literal(`SELECT ${columns} FROM events`);
    const quietly = <A, E>(query: Effect.Effect<A, E>) =>
      query.pipe(
        Effect.withTracerEnabled(false),
        Effect.uninterruptible,
        Effect.mapError((cause) => new EventStoreError({ reason: "Unavailable", cause })),
      );

    const bound = (operator: "<" | ">", value: Position | Date): Statement.Fragment =>
      value instanceof Date
        ? sql`recorded_at ${sql.literal(operator)} ${value.toISOString()}::timestamptz`
        : sql`events.position ${sql.literal(operator)} ${value}::bigint`;

    const find = (filter: EventFilter) => {
      const conditions: Array<Statement.Fragment> = [sql`true`];
      if (filter.type !== undefined) conditions.push(sql`type = ${filter.type}`);
      if (filter.stream !== undefined) conditions.push(sql`stream_id = ${filter.stream}`);
      if (filter.tenant !== undefined) conditions.push(sql`tenant_id = ${filter.tenant}`);
      if (filter.correlation !== undefined) conditions.push(sql`correlation_id = ${filter.correlation}`);
      if (filter.after !== undefined) conditions.push(bound(">", filter.after));
      if (filter.before !== undefined) conditions.push(bound("<", filter.before));
      if (filter.cursor !== undefined) conditions.push(bound("<", filter.cursor));
      return quietly(Effect.map(
        sql`${select} WHERE ${
          sql.and(conditions)
        } ORDER BY events.position DESC LIMIT ${filter.limit}::bigint`,
        (rows) => rows.map(toRecord),
      ));
    };

    const event = (ref: Position | EventId) =>
      quietly(Effect.map(
        typeof ref === "number"
          ? sql`${select} WHERE events.position = ${ref}::bigint`
          : sql`${select} WHERE event_id = ${ref}`,
        (rows) => rows.map(toRecord)[0] ?? null,
      ));

    const after = (position: Position, limit: number) =>
      quietly(Effect.map(
        sql`${select} WHERE events.position > ${position}::bigint ORDER BY events.position LIMIT ${limit}::bigint`,
        (rows) => {
          const events = rows.map(toRecord);
          const hole = events.find((event, index) => event.position !== position + index + 1);
          if (hole !== undefined) {
            throw new Error(`The log has a hole after ${position}, before ${hole.position}`);
          }
          return events;
        },
      ));

    const ofStream = (streamId: string) =>
      quietly(
        Effect.map(
          sql`${select} WHERE stream_id = ${streamId} ORDER BY events.version`,
          (rows) => rows.map(toRecord),
        ),
      );

    // Bounded, so that it costs little however long the log is and however fast it grows.
    const rate = quietly(Effect.map(
      sql`SELECT coalesce(count(*) / CASE WHEN count(*) < 10000 THEN 60
            ELSE greatest(extract(epoch FROM now() - min(recorded_at)), 0.001) END, 0)::float8 AS rate
          FROM (SELECT recorded_at FROM events ORDER BY position DESC LIMIT 10000) newest
          WHERE recorded_at > now() - interval '1 minute'`,
      (rows) => decodeRate(rows)[0].rate,
    ));

    return StoredEvents.of({ find, event, after, ofStream, rate });
  }),
);
