import { getPostgreSQLEventStore } from "@event-driven-io/emmett-postgresql";
import { Context, Effect } from "effect";
import pg from "pg";
import { toStored } from "../../domain/event/StoredEvent.ts";
import type { Append } from "../../services/EventStore.ts";
import { EventStore } from "../../services/EventStore.ts";
import { type BenchDatabase, BenchServer } from "../BenchServer.ts";
import { openStore } from "../BenchStore.ts";
import { type Measure, rate } from "../Measure.ts";
import { appendsToNewStreams } from "../SampleAppends.ts";

const concurrency = 64;

/** Emmett's store on an empty database, with as many connections as there are callers. */
export const openEmmett = ({ url }: BenchDatabase) =>
  Effect.gen(function* () {
    const pool = yield* Effect.acquireRelease(
      Effect.sync(() => new pg.Pool({ connectionString: url, max: concurrency })),
      (pool) => Effect.promise(() => pool.end()),
    );
    const store = getPostgreSQLEventStore(url, { connectionOptions: { pool } });
    yield* Effect.promise(() => store.schema.migrate());
    return store;
  });

/** What an append writes, as Emmett's callers say it. */
const toEmmett = ({ streamId, events, context }: Append) => ({
  streamId,
  events: events.map(({ event }) => {
    const { type, data } = toStored(event);
    const { commandId, tenantId, correlationId } = context;
    return { type, data, metadata: { commandId, tenantId, correlationId } };
  }),
});

/** The same appends by Emmett's event store for Postgres. */
export const Emmett: Measure = {
  name: "emmett",
  title: "1-event appends to new streams, 64 concurrent",
  baseline: "`@event-driven-io/emmett-postgresql`, same events, same concurrency",
  unit: "events/s",
  goal: { atLeast: 10 },
  prepare: Effect.fnUntraced(function* () {
    const server = yield* BenchServer;
    const store = Context.get(yield* openStore(yield* server.createDatabase), EventStore);
    const emmett = yield* openEmmett(yield* server.createDatabase);
    return {
      ours: Effect.suspend(() => {
        const appends = appendsToNewStreams(20_000, 1);
        return rate(appends.length, Effect.forEach(appends, store.append, { concurrency, discard: true }));
      }),
      baseline: Effect.suspend(() => {
        const appends = appendsToNewStreams(2_000, 1).map(toEmmett);
        return rate(
          appends.length,
          Effect.forEach(
            appends,
            ({ streamId, events }) =>
              Effect.promise(() =>
                emmett.appendToStream(streamId, events, { expectedStreamVersion: "STREAM_DOES_NOT_EXIST" })
              ),
            { concurrency, discard: true },
          ),
        );
      }),
    };
  }),
};
