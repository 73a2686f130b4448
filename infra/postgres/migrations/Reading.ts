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
      name text PRIMARY KEY,
      version integer NOT NULL,
      position bigint NOT NULL
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
