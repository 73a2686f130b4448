import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Schema, Stream } from "effect";
import type { Statement } from "effect/sql";
import { type EventType, eventTypes } from "../../domain/event/DomainEvent.ts";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { type Append, EventStore, EventStoreError, type Stretch } from "../../services/EventStore.ts";
import { HeadSignal } from "../../services/HeadSignal.ts";
import { makeAppendBatcher } from "./AppendBatcher.ts";
import { columns, rawColumns, toRaw, toReadable, toRecorded } from "./EventRow.ts";
import { makeLogGrowth } from "./LogGrowth.ts";

const decodeEpoch = Schema.decodeUnknownSync(Schema.Tuple([Schema.Struct({ epoch: Schema.String })]));
const decodeHead = Schema.decodeUnknownSync(Schema.Tuple([Schema.Struct({ position: Position })]));

const decodeSpan = Schema.decodeUnknownSync(Schema.TupleWithRest(
  Schema.Tuple([Schema.Struct({ last: Schema.NullOr(Position), count: Schema.Int })]),
  [Schema.Unknown],
));

/** Whether a row of a scan holds an event: a stretch without one has a row all the same. */
const isEvent = (row: object): boolean => "position" in row && row.position !== null;

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
      const selectRaw = sql.literal(`SELECT ${rawColumns} FROM events`);
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
      const signal = yield* HeadSignal;
      const history = yield* epoch;
      yield* signal.told(history).pipe(Stream.runForEach(growth.reached), Effect.forkScoped);
      const batched = yield* makeAppendBatcher(
        options.callsInFlight,
        (position) => Effect.andThen(growth.reached(position), signal.tell(history, position)),
      );

      // Not a traced function: the stack trace of each call would cost more than all else that is done here for an append.
      const append = (append: Append) =>
        Effect.useSpan("EventStore.append", {
          kind: "client",
          attributes: {
            "db.system.name": "postgresql",
            "db.operation.name": "append_batch",
            "db.collection.name": "events",
            "tapedeck.event.types": append.events.map(({ event }) => event._tag),
          },
        }, () => batched(append));

      const readStream = (streamId: string, afterVersion: number) =>
        quietly(Effect.map(
          sql`${select} WHERE stream_id = ${streamId} AND version > ${afterVersion}::bigint ORDER BY events.version`,
          (rows) => rows.map(toRecorded),
        ));

      const reading =
        <Event extends Placed>(select: Statement.Fragment, toEvent: (row: unknown) => Event) =>
        (after: Position, limit: number) =>
          Effect.flatMap(growth.known, (head) =>
            quietly(Effect.map(
              sql`${select} WHERE events.position > ${after}::bigint ORDER BY events.position LIMIT ${limit}::bigint`,
              (rows) => dense({ after, limit, head }, rows.map(toEvent)),
            )));
      const read = reading(select, toRecorded);
      const readRaw = reading(selectRaw, toRaw);

      const scan = (after: Position, limit: number, types: ReadonlyArray<EventType>) => {
        const unwanted = eventTypes.filter((type) => !types.includes(type));
        return Effect.flatMap(growth.known, (head) =>
          quietly(Effect.map(
            sql`
              SELECT span.last, span.count, wanted.* FROM (
                SELECT max(position)::float8 AS last, count(*)::float8 AS count FROM events
                WHERE position > ${after}::bigint AND position <= ${after}::bigint + ${limit}::bigint
              ) span LEFT JOIN LATERAL (
                ${select} WHERE events.position > ${after}::bigint AND events.position <= ${after}::bigint + ${limit}::bigint
                  AND type <> ALL(${unwanted}::text[])
              ) wanted ON true ORDER BY wanted.position`,
            (rows): Stretch => {
              const [{ last, count }] = decodeSpan(rows);
              const reached = last ?? after;
              if (!isDense({ after, limit, head }, { count, last: reached })) {
                throw new Error(
                  `The log has a hole: after ${after} and up to ${head}, met ${count} events up to ${reached}`,
                );
              }
              return { reached, events: rows.filter(isEvent).map(toReadable) };
            },
          )));
      };

      return EventStore.of({
        append,
        readStream,
        read,
        readRaw,
        scan,
        head,
        epoch,
        awaitBeyond: growth.awaitBeyond,
      });
    }),
  );

interface Placed {
  readonly position: Position;
}

/** What was read, and how far the log was known to reach before. */
interface Reading {
  readonly after: Position;
  readonly limit: number;
  readonly head: Position;
}

/** Whether as many events were found as there are positions, and no fewer than there must be. */
const isDense = (
  { after, limit, head }: Reading,
  { count, last }: { readonly count: number; readonly last: Position },
): boolean => last === after + count && (count === limit || last >= head);

/** The events as they are, if none is missing between them or before the head of the log; a hole halts the reader. */
const dense = <Event extends Placed>(
  reading: Reading,
  events: ReadonlyArray<Event>,
): ReadonlyArray<Event> => {
  const { after, head } = reading;
  if (!isDense(reading, { count: events.length, last: events.at(-1)?.position ?? after })) {
    const found = events.map(({ position }) => position);
    const hole = found.find((position, index) => position !== after + index + 1) ?? "nothing";
    throw new Error(`The log has a hole: after ${after} and up to ${head}, met ${hole}`);
  }
  return events;
};
