import { PgClient } from "@effect/sql-pg";
import { Deferred, Effect, Layer, Schedule, Schema } from "effect";
import type { SqlError } from "effect/sql";
import process from "node:process";

/** Other processes work on this database with another bus: events would be acted on twice. */
export class BusClaimed extends Schema.TaggedError<BusClaimed>()("BusClaimed", {
  /** Whether this process has the bus inside it. */
  isAlone: Schema.Boolean,
}) {
  override get message(): string {
    return this.isAlone
      ? "Another Tapedeck works on this database (DATABASE_URL): several processes need NATS_URL, each the same one"
      : "A Tapedeck without NATS_URL works on this database (DATABASE_URL): stop it, or set NATS_URL for it too";
  }
}

/** The advisory lock of the bus; advisory locks belong to one database. */
const lock = [0x74617065, 0x627573] as const;

/** How long a process that is just ending may take to let go. */
const patience = Schedule.max([Schedule.spaced("250 millis"), Schedule.recurs(20)]);

/** How often the lock is looked at: it is gone with its connection. */
const lookEvery = "5 seconds";

/**
 * Claims the bus of a database: for this process alone, which then has the bus inside it, or together with others, which share one. The
 * claim ends with the process, however that ends. A process that loses it to the other kind stops.
 */
export const layer = (options: { readonly isAlone: boolean }) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient;
      const { isAlone } = options;
      const suffix = isAlone ? "" : "_shared";

      /** Claims the bus for as long as the scope is open; answers the session that has the lock. */
      const claim = Effect.gen(function* () {
        const session = yield* sql.reserve;
        const ask = (call: string) =>
          session.executeValues(`SELECT ${call}${suffix}($1::int, $2::int)::text`, lock);
        const [[answer] = []] = yield* ask("pg_try_advisory_lock");
        if (answer !== "true") return yield* new BusClaimed({ isAlone });
        // The session goes back to the pool, and would keep the lock.
        yield* Effect.addFinalizer(() => Effect.ignore(ask("pg_advisory_unlock")));
        return session;
      });

      /** Returns when the session, and the lock with it, is gone. */
      const lost = (session: Effect.Success<typeof claim>) =>
        session.executeValues("SELECT 1", []).pipe(Effect.repeat(Schedule.spaced(lookEvery)), Effect.ignore);

      const claimed = yield* Deferred.make<void, BusClaimed | SqlError.SqlError>();
      const hold = Effect.scoped(
        Effect.gen(function* () {
          const session = yield* claim;
          yield* Deferred.succeed(claimed, undefined);
          yield* lost(session);
        }),
      );

      const holdAgain = hold.pipe(
        Effect.retry({ while: ({ _tag }) => _tag !== "BusClaimed", schedule: Schedule.spaced("1 second") }),
        Effect.forever,
        Effect.catchTag("BusClaimed", (error) =>
          Effect.andThen(
            Effect.logFatal(error.message),
            Effect.sync(() => process.kill(process.pid, "SIGTERM")),
          )),
      );

      yield* hold.pipe(
        Effect.retry({ while: ({ _tag }) => _tag === "BusClaimed", schedule: patience }),
        Effect.tapError((error) => Deferred.fail(claimed, error)),
        Effect.andThen(holdAgain),
        Effect.withTracerEnabled(false),
        Effect.forkScoped,
      );
      yield* Deferred.await(claimed);
    }),
  );
