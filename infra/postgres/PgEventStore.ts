import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Schema } from "effect";
import { Position, type RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { type Append, EventStore, EventStoreError } from "../../services/EventStore.ts";
import { makeAppendBatcher } from "./AppendBatcher.ts";
import { columns, toRecorded } from "./EventRow.ts";
import { makeLogGrowth } from "./LogGrowth.ts";

const decodeEpoch = Schema.decodeUnknownSync(Schema.Tuple([Schema.Struct({ epoch: Schema.String })]));
const decodeHead = Schema.decodeUnknownSync(Schema.Tuple([Schema.Struct({ position: Position })]));

/**
 * The event store on Postgres, embedded or not. `callsInFlight` is the number of append calls that may run side by side: one on
 * the embedded database, which has a single session.
 */
export const layer = (options: { readonly callsInFlight: number }) =>
  Layer.effect(
    EventStore,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient;
      const select = sql.literal(`SELECT ${columns} FROM events`);
      const quietly = <A, E>(query: Effect.Effect<A, E>) =>
        query.pipe(
          Effect.withTracerEnabled(false),
          Effect.mapError((cause) => new EventStoreError({ reason: "Unavailable", cause })),
        );

      const head = quietly(
        Effect.map(sql`SELECT position::float8 FROM log_head`, (rows) => decodeHead(rows)[0].position),
      ).pipe(Effect.uninterruptible);
      const epoch = quietly(
        Effect.map(sql`SELECT epoch::text FROM log_head`, (rows) => decodeEpoch(rows)[0].epoch),
      ).pipe(Effect.uninterruptible);
      const growth = yield* makeLogGrowth(head);
      const batched = yield* makeAppendBatcher(options.callsInFlight);

      const append = Effect.fn("EventStore.append", { kind: "client" })(function* (append: Append) {
        yield* Effect.annotateCurrentSpan({
          "db.system.name": "postgresql",
          "db.operation.name": "append_events",
          "db.collection.name": "events",
          "tapedeck.event.types": append.events.map(({ event }) => event._tag),
        });
        const outcome = yield* batched(append);
        if (outcome._tag === "Appended") yield* growth.reached(outcome.position);
        return outcome;
      });

      const readStream = (streamId: string, afterVersion: number) =>
        quietly(Effect.map(
          sql`${select} WHERE stream_id = ${streamId} AND version > ${afterVersion}::bigint ORDER BY events.version`,
          (rows) => rows.map(toRecorded),
        ));

      const read = (after: Position, limit: number) =>
        Effect.flatMap(growth.known, (head) =>
          quietly(Effect.map(
            sql`${select} WHERE position > ${after}::bigint ORDER BY events.position LIMIT ${limit}::bigint`,
            (rows) => dense({ after, limit, head }, rows.map(toRecorded)),
          )));

      return EventStore.of({ append, readStream, read, head, epoch, awaitBeyond: growth.awaitBeyond });
    }),
  );

/** The events as they are, if none is missing between them or before the head of the log; a hole halts the reader. */
const dense = (
  { after, limit, head }: { readonly after: Position; readonly limit: number; readonly head: Position },
  events: ReadonlyArray<RecordedEvent>,
): ReadonlyArray<RecordedEvent> => {
  const last = events.at(-1)?.position ?? after;
  if (last !== after + events.length || (events.length < limit && last < head)) {
    const found = events.map(({ position }) => position);
    const hole = found.find((position, index) => position !== after + index + 1) ?? "nothing";
    throw new Error(`The log has a hole: after ${after} and up to ${head}, met ${hole}`);
  }
  return events;
};
