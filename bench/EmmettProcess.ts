/**
 * A program that is given the URL of a database and appends events to new streams there by Emmett's store, 64 at once. It prints how
 * many a second it appended, after as many that do not count.
 */
import { getPostgreSQLEventStore } from "@event-driven-io/emmett-postgresql";
import { Effect } from "effect";
import pg from "pg";
import process from "node:process";
import { toStored } from "../domain/event/StoredEvent.ts";
import type { Append } from "../services/EventStore.ts";
import { rate } from "./Measure.ts";
import { appendsToNewStreams } from "./SampleAppends.ts";

const concurrency = 64;
const appends = 4_000;

const connectionString = process.argv[2] ?? "";
const pool = new pg.Pool({ connectionString, max: concurrency });
const store = getPostgreSQLEventStore(connectionString, { connectionOptions: { pool } });
await store.schema.migrate();

/** What an append writes, as Emmett's callers say it. */
const toEmmett = ({ streamId, events, context }: Append) => ({
  streamId,
  events: events.map(({ event }) => {
    const { type, data } = toStored(event);
    const { commandId, tenantId, correlationId } = context;
    return { type, data, metadata: { commandId, tenantId, correlationId } };
  }),
});

const appendAll = Effect.suspend(() => {
  const all = appendsToNewStreams(appends, 1).map(toEmmett);
  const append = ({ streamId, events }: ReturnType<typeof toEmmett>) =>
    Effect.promise(() =>
      store.appendToStream(streamId, events, { expectedStreamVersion: "STREAM_DOES_NOT_EXIST" })
    );
  return rate(appends, Effect.forEach(all, append, { concurrency, discard: true }));
});

await Effect.runPromise(appendAll);
console.log(await Effect.runPromise(appendAll));
process.exit(0);
