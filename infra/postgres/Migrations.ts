import { PgMigrator } from "@effect/sql-pg";
import { Layer, References } from "effect";
import { appendBatch } from "./migrations/AppendBatch.ts";
import { eventLog } from "./migrations/EventLog.ts";
import { reading } from "./migrations/Reading.ts";
import { relay } from "./migrations/Relay.ts";

/** Brings the database to the schema of this program, untraced; needs the client, provides nothing. */
export const layer = PgMigrator.layer({
  loader: PgMigrator.fromRecord({
    "0001_event_log": eventLog,
    "0002_reading": reading,
    "0003_relay": relay,
    "0004_append_batch": appendBatch,
  }),
}).pipe(Layer.provide(Layer.succeed(References.TracerEnabled, false)));
