import type { PgClient } from "@effect/sql-pg";
import { Effect, Schema } from "effect";
import type { SqlError } from "effect/sql";

const decodeTaken = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ fencing: Schema.Int })));

/** When a lease that is taken or renewed now lapses, as SQL. Not now(): that is the time at which the transaction began. */
export const lapseAfter = (sql: PgClient.PgClient, seconds: number) =>
  sql.literal(`clock_timestamp() + interval '${seconds} seconds'`);

/** Takes the lease of a name if nobody holds it; answers its fencing number, or `null`. */
export const takeLease = (
  sql: PgClient.PgClient,
  { name, holder, seconds }: { readonly name: string; readonly holder: string; readonly seconds: number },
): Effect.Effect<number | null, SqlError.SqlError> =>
  Effect.map(
    sql`
      INSERT INTO leases (name, holder, fencing, expires_at) VALUES (${name}, ${holder}, 1, ${
      lapseAfter(sql, seconds)
    })
      ON CONFLICT (name) DO UPDATE
      SET holder = excluded.holder, fencing = leases.fencing + 1, expires_at = excluded.expires_at
      WHERE leases.expires_at < clock_timestamp() RETURNING fencing::float8`,
    (rows) => decodeTaken(rows)[0]?.fencing ?? null,
  );
