import { Context, Effect, Layer, Scope } from "effect";
import { type BenchDatabase, BenchServer } from "./BenchServer.ts";
import { openStore } from "./BenchStore.ts";
import { fillLog } from "./SampleLog.ts";

/** A database whose log is large; several measures share it, because filling it takes longer than most of them. */
export class LargeLog extends Context.Service<LargeLog, {
  /** The database; filled when the first measure asks for it. */
  readonly database: Effect.Effect<BenchDatabase>;
}>()("tapedeck/bench/LargeLog") {
  static readonly layer = (events: number) =>
    Layer.effect(
      LargeLog,
      Effect.gen(function* () {
        const server = yield* BenchServer;
        const scope = yield* Effect.scope;
        const database = yield* Effect.cached(
          Effect.gen(function* () {
            const database = yield* Effect.provideService(server.createDatabase, Scope.Scope, scope);
            yield* filled(database, events);
            return database;
          }),
        );
        return { database };
      }),
    );
}

/** Fills the log of a database with at least so many events. */
export const filled = (database: BenchDatabase, events: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    const context = yield* openStore(database);
    yield* Effect.provideContext(fillLog(events), context);
  }).pipe(Effect.scoped, Effect.orDie);
