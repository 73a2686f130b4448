import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Schedule } from "effect";
import { randomUUID } from "node:crypto";
import { silentSeconds } from "../../services/EventBus.ts";
import { JobClaims } from "../../services/JobClaims.ts";
import { lapseAfter, takeLease } from "./LeaseRow.ts";

/** How often a claim is renewed, or one that another process holds is tried again. */
const pause = { renewal: "3 seconds", attempt: "1 second" } as const;

/**
 * Claims in the table `leases`; `holder` names this process to whoever looks there. One whose process is gone, or stands still, lapses. A
 * process that has lost a claim so goes on with the job: then two are at it, and the log takes the first result.
 */
export const layer = (options: { readonly holder: string }) =>
  Layer.effect(
    JobClaims,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient;

      // Those of processes that ended in the middle, and of jobs that nobody asked for again.
      yield* sql`DELETE FROM leases WHERE name LIKE 'job %' AND expires_at < clock_timestamp()`;

      const claim = (jobId: string) =>
        Effect.gen(function* () {
          const name = `job ${jobId}`;
          const holder = `${options.holder} ${randomUUID()}`;
          // It lapses where that cannot be done at once.
          const release = sql`DELETE FROM leases WHERE name = ${name} AND holder = ${holder}`.pipe(
            Effect.timeout("3 seconds"),
            Effect.ignore,
          );
          const take = Effect.gen(function* () {
            const taken = yield* takeLease(sql, { name, holder, seconds: silentSeconds });
            if (taken !== null) yield* Effect.addFinalizer(() => release);
            return taken !== null;
          }).pipe(Effect.uninterruptible, Effect.orElseSucceed(() => false));
          yield* Effect.repeat(take, {
            until: (isTaken) => isTaken,
            schedule: Schedule.spaced(pause.attempt),
          });
          const renew = sql`
            UPDATE leases SET expires_at = ${
            lapseAfter(sql, silentSeconds)
          } WHERE name = ${name} AND holder = ${holder} RETURNING 1`
            .pipe(
              Effect.map((renewed) => renewed.length > 0),
              Effect.orElseSucceed(() => true),
            );
          yield* Effect.delay(renew, pause.renewal).pipe(
            Effect.repeat({ while: (isOurs) => isOurs }),
            Effect.andThen(
              Effect.logWarning(`The claim of ${name} has lapsed: another worker may do it once more`),
            ),
            Effect.forkScoped,
          );
        }).pipe(Effect.withTracerEnabled(false));

      return { claim };
    }),
  );
