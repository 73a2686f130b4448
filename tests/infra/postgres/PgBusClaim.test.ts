import { assert, layer } from "@effect/vitest";
import { PgClient } from "@effect/sql-pg";
import { Effect, Exit, Layer, References, Scope } from "effect";
import * as PgBusClaim from "../../../infra/postgres/PgBusClaim.ts";
import { client } from "../../support/Databases.ts";
import { TestDatabase } from "../../support/TestDatabase.ts";

/** A process that claims the bus: how that ends, and its end. */
const claiming = Effect.fnUntraced(function* (isAlone: boolean) {
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void));
  // Each has a pool of connections of its own.
  const process = Layer.provide(PgBusClaim.layer({ isAlone }), Layer.fresh(client));
  const outcome = yield* Effect.result(Layer.buildWithScope(process, scope));
  return { isClaimed: outcome._tag === "Success", outcome, end: Scope.close(scope, Exit.void) };
});

layer(TestDatabase.layer, { excludeTestServices: true })("PgBusClaim", (it) => {
  it.effect("lets many share a bus, and none have one alone meanwhile", () =>
    Effect.gen(function* () {
      const [one, two] = [yield* claiming(false), yield* claiming(false)];
      assert.isTrue(one.isClaimed && two.isClaimed);
      yield* one.end;
      const alone = yield* claiming(true);
      assert.containsSubset(alone.outcome, { failure: { _tag: "BusClaimed", isAlone: true } });
      yield* two.end;
      const { isClaimed } = yield* claiming(true);
      assert.isTrue(isClaimed);
    }));

  it.effect("lets one have a bus alone, and waits a little for one that is ending", () =>
    Effect.gen(function* () {
      const alone = yield* claiming(true);
      assert.isFalse((yield* claiming(false)).isClaimed);
      yield* Effect.forkScoped(Effect.andThen(Effect.sleep("1 second"), alone.end));
      assert.isTrue((yield* claiming(true)).isClaimed);
    }));

  it.effect("claims it again after its session was cut off", () =>
    Effect.gen(function* () {
      const { isClaimed } = yield* claiming(false);
      assert.isTrue(isClaimed);
      const sql = yield* PgClient.PgClient;
      const holders = sql`SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
        WHERE locktype = 'advisory' AND datname = current_database()`;
      const [before] = yield* holders;
      yield* sql`SELECT pg_terminate_backend(${before?.["pid"]}::int)`;
      let after = before;
      while (after === undefined || after["pid"] === before?.["pid"]) {
        yield* Effect.sleep("200 millis");
        [after] = yield* holders;
      }
    }).pipe(Effect.provide(client), Effect.provideService(References.MinimumLogLevel, "None")));
});
