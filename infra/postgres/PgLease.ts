import { PgClient } from "@effect/sql-pg";
import { Effect, Layer } from "effect";
import { Lease, LeaseError, leaseSeconds } from "../../services/relay/Lease.ts";
import { lapseAfter, takeLease } from "./LeaseRow.ts";

/** A lease in the table `leases`; `holder` names this process to whoever looks there. */
export const layer = (options: { readonly name: string; readonly holder: string }) =>
  Layer.effect(
    Lease,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient;
      const { name, holder } = options;
      const expiry = lapseAfter(sql, leaseSeconds);
      const quietly = <A, E>(query: Effect.Effect<A, E>) =>
        query.pipe(
          Effect.withTracerEnabled(false),
          Effect.mapError((cause) => new LeaseError({ reason: "Unavailable", cause })),
        );

      return Lease.of({
        take: quietly(takeLease(sql, { name, holder, seconds: leaseSeconds })),
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
