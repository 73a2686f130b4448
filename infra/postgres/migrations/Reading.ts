import { Effect } from "effect";
import { SqlClient } from "effect/sql";

/** How far each reader of the log has come, and who may call the API. */
export const reading = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;

  yield* sql`
    CREATE TABLE consumers (
      name text PRIMARY KEY,
      position bigint NOT NULL
    )`;

  yield* sql`
    CREATE TABLE projections (
      name text NOT NULL,
      version integer NOT NULL,
      slot text NOT NULL CHECK (slot IN ('live', 'rebuild', 'verify')),
      epoch uuid NOT NULL,
      position bigint NOT NULL DEFAULT 0,
      paused boolean NOT NULL DEFAULT false,
      status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'failed')),
      error text,
      events_per_second double precision NOT NULL DEFAULT 0,
      started_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      verification jsonb,
      PRIMARY KEY (name, version, slot)
    )`;

  yield* sql`
    CREATE TABLE parked_events (
      projection text NOT NULL,
      version integer NOT NULL,
      position bigint NOT NULL,
      event_id text NOT NULL,
      stream_id text NOT NULL,
      type text NOT NULL,
      tenant_id text NOT NULL,
      traceparent text,
      error text,
      attempts integer NOT NULL,
      parked_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (projection, version, position)
    )`;

  yield* sql`
    CREATE TABLE api_keys (
      key_id text PRIMARY KEY,
      sha256 text NOT NULL UNIQUE,
      tenant_id text NOT NULL,
      scopes text[] NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      revoked_at timestamptz
    )`;
});
