import { Effect } from "effect";
import { SqlClient } from "effect/sql";

/** Rights that one process has at a time, such as that of the relay. */
export const relay = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;

  yield* sql`
    CREATE TABLE leases (
      name text PRIMARY KEY,
      holder text NOT NULL,
      fencing bigint NOT NULL,
      expires_at timestamptz NOT NULL
    )`;
});
