import { Effect } from "effect";
import { SqlClient } from "effect/sql";

/**
 * The log: one row an event with dense positions, one head row that serialises writers, one receipt for each command.
 */
export const eventLog = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;

  yield* sql`
    CREATE TABLE events (
      position bigint PRIMARY KEY,
      stream_id text NOT NULL,
      version bigint NOT NULL,
      event_id text NOT NULL UNIQUE,
      type text NOT NULL,
      schema_version integer NOT NULL,
      tenant_id text NOT NULL,
      command_id text NOT NULL,
      correlation_id text NOT NULL,
      causation_id text,
      traceparent text,
      data jsonb NOT NULL,
      recorded_at timestamptz NOT NULL,
      UNIQUE (stream_id, version)
    )`;

  // The epoch names this history: it changes on restore, so that checkpoints of another history are recognised.
  yield* sql`
    CREATE TABLE log_head (
      only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      position bigint NOT NULL,
      epoch uuid NOT NULL
    )`;
  yield* sql`INSERT INTO log_head (position, epoch) VALUES (0, gen_random_uuid())`;

  yield* sql`
    CREATE TABLE command_receipts (
      tenant_id text NOT NULL,
      command_id text NOT NULL,
      fingerprint text NOT NULL,
      stream_id text NOT NULL,
      version bigint NOT NULL,
      position bigint NOT NULL,
      rejection jsonb,
      recorded_at timestamptz NOT NULL,
      PRIMARY KEY (tenant_id, command_id)
    )`;
});
