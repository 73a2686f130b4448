import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Schema } from "effect";
import { Lease, LeaseError, leaseSeconds } from "../../services/relay/Lease.ts";

const decodeTaken = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ fencing: Schema.Int })));

/** A lease in the table `leases`; `holder` names this process to whoever looks there. */
export const layer = (options: { readonly name: string; readonly holder: string }) =>
  Layer.effect(
    Lease,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient;
      const { name, holder } = options;
      // Not now(): that is the time at which the transaction began.
      const expiry = sql.literal(`clock_timestamp() + interval '${leaseSeconds} seconds'`);
      const quietly = <A, E>(query: Effect.Effect<A, E>) =>
        query.pipe(
          Effect.withTracerEnabled(false),
          Effect.mapError((cause) => new LeaseError({ reason: "Unavailable", cause })),
        );

      return Lease.of({
        take: quietly(Effect.map(
          sql`INSERT INTO leases (name, holder, fencing, expires_at) VALUES (${name}, ${holder}, 1, ${expiry})
            ON CONFLICT (name) DO UPDATE
            SET holder = excluded.holder, fencing = leases.fencing + 1, expires_at = excluded.expires_at
            WHERE leases.expires_at < clock_timestamp() RETURNING fencing::float8`,
          (rows) => decodeTaken(rows)[0]?.fencing ?? null,
        )),
        renew: (fencing) =>
          quietly(Effect.map(
            sql`UPDATE leases SET expires_at = ${expiry} WHERE name = ${name} AND fencing = ${fencing}::bigint
              RETURNING fencing::float8`,
            (rows) => rows.length === 1,
          )),
        release: (fencing) =>
          quietly(Effect.asVoid(
            sql`UPDATE leases SET expires_at = '-infinity' WHERE name = ${name} AND fencing = ${fencing}::bigint`,
          )),
      });
    }),
  );
